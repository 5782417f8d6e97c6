namespace Spar.Nano;

/// <summary>
/// A small seeded generator (SplitMix64; Steele, Lea and Flood 2014) whose sequence depends on the seed alone, so that the same seed gives
/// the same tasks and texts on every machine and with every version of the runtime.
/// </summary>
/// <param name="seed">Any value; near seeds give unrelated sequences.</param>
public sealed class SeededRandom(ulong seed)
{
    private ulong _state = Mix(seed + 0x9E3779B97F4A7C15UL);

    /// <summary>The next 64 random bits.</summary>
    public ulong NextBits()
    {
        _state += 0x9E3779B97F4A7C15UL;
        return Mix(_state);
    }

    /// <summary>A whole number in 0..<paramref name="bound"/>-1.</summary>
    /// <param name="bound">At least 1.</param>
    public int Next(int bound) => (int)(((NextBits() >> 32) * (ulong)bound) >> 32);

    /// <summary>A whole number in <paramref name="low"/>..<paramref name="high"/>, both included.</summary>
    /// <param name="low">The least value.</param>
    /// <param name="high">The greatest value; not below <paramref name="low"/>.</param>
    public int Between(int low, int high) => low + Next(high - low + 1);

    /// <summary>True with the given probability.</summary>
    /// <param name="probability">0..1.</param>
    public bool Chance(double probability) => (NextBits() >> 11) * (1.0 / (1UL << 53)) < probability;

    /// <summary>One item, each equally likely.</summary>
    /// <typeparam name="T">Type of the items.</typeparam>
    /// <param name="items">Not empty.</param>
    public T Pick<T>(IReadOnlyList<T> items) => items[Next(items.Count)];

    /// <summary>Puts the items into a random order (Fisher-Yates).</summary>
    /// <typeparam name="T">Type of the items.</typeparam>
    /// <param name="items">Changed in place.</param>
    public void Shuffle<T>(IList<T> items)
    {
        for (int i = items.Count - 1; i > 0; i--)
        {
            int j = Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
