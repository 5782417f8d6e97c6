namespace Spar.Engine.Sampling;

/// <summary>
/// Counter-based random numbers: draw i of a seed is a function of (seed, i) alone, so that a request draws the same numbers however it is
/// batched, preempted or resumed. Two rounds of the SplitMix64 finalizer (Steele, Lea, Flood 2014), one over the seed and one over the counter.
/// </summary>
public static class SeededDraws
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    /// <summary>The draw with number <paramref name="index"/> of a seed, uniform in [0, 1), a multiple of 2^-53.</summary>
    /// <param name="seed">The stream.</param>
    /// <param name="index">The draw's number in its stream, from 0.</param>
    public static double Uniform(ulong seed, long index)
        => (Mix(Mix(seed + GoldenGamma) + unchecked(((ulong)index + 1) * GoldenGamma)) >> 11) * (1.0 / (1UL << 53));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
