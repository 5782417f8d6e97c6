namespace Spar.Calls;

/// <summary>A small random generator (SplitMix64) whose sequence is fixed by its seed on every machine. Not thread-safe.</summary>
/// <param name="seed">Any value.</param>
public sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>64 random bits.</summary>
    public ulong NextBits()
    {
        ulong bits = StableHash.Mix(_state);
        _state += 0x9E3779B97F4A7C15;
        return bits;
    }

    /// <summary>A number in [0, 1).</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A whole number in [0, <paramref name="count"/>).</summary>
    /// <param name="count">At least 1.</param>
    public int Next(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return (int)Math.BigMul(NextBits(), (ulong)count, out _);
    }

    /// <summary>A random choice of <paramref name="count"/> of the items, in the order in which they stand in the list; all of them if there are fewer.</summary>
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
}
