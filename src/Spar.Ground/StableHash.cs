using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Spar.Ground;

/// <summary>
/// Hashes that are the same on every machine and in every run. They name things and derive seeds. Kept answers and
/// stored runs hang on them, so
/// none of them may ever change.
/// </summary>
public static class StableHash
{
    /// <summary>
    /// Hash of a text: FNV-1a (Fowler, Noll, Vo) over its UTF-16 bytes, low byte first, then <see cref="Mix"/>. Not
    /// cryptographic.
    /// </summary>
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

    /// <summary>
    /// The seed of the thing called <paramref name="key"/> as benchmarks derive it: the first 63 bits of SHA-256 over
    /// the run's seed and the name, so
    /// never negative.
    /// </summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="key">A name that is unique in the run.</param>
    public static long Sha256Seed(long seed, string key)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(null, $"{seed}\n{key}")));
        return (long)(BinaryPrimitives.ReadUInt64LittleEndian(hash) >> 1);
    }

    /// <summary>
    /// A one-to-one scrambling of 64 bits: one step of SplitMix64 (Steele, Lea and Flood 2014) from the given state.
    /// </summary>
    /// <param name="value">Any value.</param>
    public static ulong Mix(ulong value)
    {
        value += SeededRandom.Gamma;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
