namespace Spar.Ground;

/// <summary>
/// The project's random generator: SplitMix64 (Steele, Lea and Flood 2014), whose sequence is fixed by its seed on
/// every machine and with every
/// version of the runtime. Not thread-safe. Results hang on every bit, so no member may ever draw otherwise than it
/// does.
/// </summary>
/// <param name="seed">
/// Any value. Two seeds that differ by a multiple of the generator's step give the same sequence, shifted; see
/// <see cref="Scrambled"/>.
/// </param>
public sealed class SeededRandom(ulong seed)
{
    /// <summary>By how much the state moves with each draw: 2^64 divided by the golden ratio.</summary>
    internal const ulong Gamma = 0x9E3779B97F4A7C15;

    private ulong _state = seed;

    /// <summary>
    /// A generator whose seed was scrambled first, so that seeds in any arithmetic relation give unrelated sequences.
    /// </summary>
    /// <param name="seed">Any value.</param>
    public static SeededRandom Scrambled(ulong seed) => new(StableHash.Mix(seed));

    /// <summary>
    /// Draw <paramref name="index"/> of <see cref="Scrambled"/>, computed without the draws before it: a function of
    /// seed and index alone, so that a
    /// stream can be taken up anywhere. Uniform in [0, 1), a multiple of 2^-53.
    /// </summary>
    /// <param name="seed">The stream.</param>
    /// <param name="index">The draw's number in its stream, from 0.</param>
    public static double DoubleAt(ulong seed, long index) =>
        ToDouble(StableHash.Mix(unchecked(StableHash.Mix(seed) + ((ulong)index * Gamma))));

    /// <summary>64 random bits.</summary>
    public ulong NextBits()
    {
        ulong bits = StableHash.Mix(_state);
        _state += Gamma;
        return bits;
    }

    /// <summary>A number in [0, 1), a multiple of 2^-53.</summary>
    public double NextDouble() => ToDouble(NextBits());

    /// <summary>A whole number in [0, <paramref name="count"/>), from all 64 bits of one draw.</summary>
    /// <param name="count">At least 1.</param>
    public int Next(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return (int)Math.BigMul(NextBits(), (ulong)count, out _);
    }

    /// <summary>
    /// A whole number in [0, <paramref name="count"/>), from the upper 32 bits of one draw (its bias is below 2^-32
    /// times the count). It differs from
    /// <see cref="Next"/> once in many million draws.
    /// </summary>
    /// <param name="count">At least 1.</param>
    public int Next32(int count) => (int)(((NextBits() >> 32) * (ulong)count) >> 32);

    /// <summary>
    /// A whole number in <paramref name="low"/>..<paramref name="high"/>, both included, by <see cref="Next32"/>.
    /// </summary>
    /// <param name="low">The least value.</param>
    /// <param name="high">The greatest value; not below <paramref name="low"/>.</param>
    public int Between(int low, int high) => low + Next32(high - low + 1);

    /// <summary>True with the given probability.</summary>
    /// <param name="probability">0..1.</param>
    public bool Chance(double probability) => NextDouble() < probability;

    /// <summary>One item, each equally likely, by <see cref="Next32"/>.</summary>
    /// <typeparam name="T">Type of the items.</typeparam>
    /// <param name="items">Not empty.</param>
    public T Pick<T>(IReadOnlyList<T> items) => items[Next32(items.Count)];

    /// <summary>Puts the items into a random order (Fisher-Yates), by <see cref="Next32"/>.</summary>
    /// <typeparam name="T">Type of the items.</typeparam>
    /// <param name="items">Changed in place.</param>
    public void Shuffle<T>(IList<T> items)
    {
        for (int i = items.Count - 1; i > 0; i--)
        {
            int j = Next32(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>The items in random order, in a list of their own.</summary>
    /// <typeparam name="T">Type of the items.</typeparam>
    /// <param name="items">Stays as it is.</param>
    public List<T> Shuffled<T>(IEnumerable<T> items)
    {
        List<T> shuffled = [.. items];
        Shuffle(shuffled);
        return shuffled;
    }

    /// <summary>
    /// A random choice of <paramref name="count"/> of the items, in the order in which they stand in the list; all of
    /// them if there are fewer.
    /// </summary>
    /// <typeparam name="T">What is chosen.</typeparam>
    /// <param name="items">What to choose from.</param>
    /// <param name="count">How many, at least 0.</param>
    public List<T> Choose<T>(IReadOnlyList<T> items, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        List<T> chosen = new(Math.Min(items.Count, count));
        int wanted = Math.Min(items.Count, count);
        for (int i = 0; i < items.Count && wanted > 0; i++)
        {
            // Selection sampling (Knuth, volume 2, algorithm S): take each item with probability wanted / left.
            if (Next(items.Count - i) < wanted)
            {
                chosen.Add(items[i]);
                wanted--;
            }
        }

        return chosen;
    }

    private static double ToDouble(ulong bits) => (bits >> 11) * (1.0 / (1UL << 53));
}
