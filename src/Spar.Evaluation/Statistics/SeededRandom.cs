using System.Security.Cryptography;
using System.Text;

namespace Spar.Evaluation.Statistics;

/// <summary>
/// A small generator (SplitMix64, Steele et al. 2014) whose numbers depend on the seed alone: not on the runtime's version, the
/// machine or the order of other work.
/// </summary>
/// <param name="seed">Any value; equal seeds give equal sequences.</param>
public struct SeededRandom(ulong seed)
{
    private ulong state = seed;

    /// <summary>The next 64 bits.</summary>
    public ulong NextBits()
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A whole number in 0..<paramref name="bound"/>-1 (multiply-shift; the bias is below 2^-32 for the sizes met here).</summary>
    /// <param name="bound">Above 0.</param>
    public int Next(int bound) => (int)(((NextBits() >> 32) * (ulong)bound) >> 32);

    /// <summary>A seed for one named item of a run: the first 63 bits of a hash over the run's seed and the item's name, so never negative.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="name">What the seed is for.</param>
    public static long Derive(long seed, string name)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}\n{name}"));
        return (long)(BitConverter.ToUInt64(hash, 0) >> 1);
    }
}
