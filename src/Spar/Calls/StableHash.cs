using System.Runtime.InteropServices;

namespace Spar.Calls;

/// <summary>
/// 64-bit hashes that are the same on every machine and in every run. They name things and derive seeds; they are not cryptographic.
/// </summary>
public static class StableHash
{
    /// <summary>Hash of a text: FNV-1a (Fowler, Noll, Vo) over its UTF-16 bytes, then <see cref="Mix"/>.</summary>
    /// <param name="text">Any text.</param>
    public static ulong Of(ReadOnlySpan<char> text)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte value in MemoryMarshal.AsBytes(text))
        {
            hash = (hash ^ value) * 0x100000001B3;
        }

        return Mix(hash);
    }

    /// <summary>The seed of the thing called <paramref name="key"/> in a run with the given seed.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="key">A name that is unique in the run.</param>
    public static ulong Seed(ulong seed, ReadOnlySpan<char> key) => Mix(Mix(seed) ^ Of(key));

    /// <summary>A one-to-one scrambling of 64 bits: the output function of SplitMix64 (Steele, Lea, Flood 2014).</summary>
    /// <param name="value">Any value.</param>
    public static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
