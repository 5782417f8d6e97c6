using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Spar.Engine.Kernels;

namespace Spar.Engine.Inference;

/// <summary>
/// Attention of single queries over a <see cref="KvCache"/>. A query's result is one fixed sequence of operations on
/// the keys and values before it: it does not depend on which rows share its batch, on how the cache's blocks were
/// filled or on threads.
/// </summary>
internal static unsafe class Attention
{
    private const int Lanes = KvCache.BlockSize;

    /// <summary>Floats of scratch that <see cref="Run"/> needs for a query at a position.</summary>
    public static long ScratchFloats(int position) => ((long)position / Lanes + 1) * Lanes;

    /// <summary>softmax(q K^T scale) V for the query heads that read one key/value head.</summary>
    /// <param name="q">Queries, [group, headDim].</param>
    /// <param name="group">Query heads of this key/value head.</param>
    /// <param name="headDim">Elements a head.</param>
    /// <param name="cache">Holds positions 0 .. <paramref name="position"/> of the sequence.</param>
    /// <param name="layer">Layer.</param>
    /// <param name="kvHead">Key/value head.</param>
    /// <param name="table">Blocks of the sequence.</param>
    /// <param name="position">The queries' position.</param>
    /// <param name="window">Positions that are seen, the own one included; int.MaxValue for all.</param>
    /// <param name="scores">Scratch of <see cref="ScratchFloats"/>.</param>
    /// <param name="output">Receives [group, headDim].</param>
    public static void Run(
        float* q, int group, int headDim, KvCache cache, int layer, int kvHead, int[] table, int position, int window,
        float* scores, float* output)
    {
        int first = window > position ? 0 : position - window + 1;
        int firstBlock = first / Lanes;
        int lastBlock = position / Lanes;
        nint keyOffset = (nint)kvHead * headDim * Lanes;
        nint valueOffset = (nint)kvHead * Lanes * cache.ValueStride;
        float scale = 1 / MathF.Sqrt(headDim);
        for (int head = 0; head < group; head++, q += headDim, output += headDim)
        {
            float sum = Weights(
                q, headDim, cache, layer, keyOffset, table, firstBlock, lastBlock, first, position, scale, scores);
            Mix(headDim, cache, layer, valueOffset, table, firstBlock, lastBlock, position, scores, 1 / sum, output);
        }
    }

    /// <summary>
    /// A score is two chains of multiply-adds, over even and odd dimensions (the head size is even). Fills scores with
    /// exp(s - max) from the first block on, 1e-38 outside the window; returns their sum.
    /// </summary>
    private static float Weights(
        float* q, int headDim, KvCache cache, int layer, nint offset, int[] table, int firstBlock, int lastBlock,
        int first, int position, float scale, float* scores)
    {
        Vector512<float> vScale = Vector512.Create(scale);
        Vector512<float> max = Vector512.Create(float.NegativeInfinity);
        float* target = scores;
        int block = firstBlock;
        for (; block + 3 <= lastBlock; block += 4, target += 4 * Lanes)
        {
            float* k0 = cache.Keys(layer, table[block]) + offset;
            float* k1 = cache.Keys(layer, table[block + 1]) + offset;
            float* k2 = cache.Keys(layer, table[block + 2]) + offset;
            float* k3 = cache.Keys(layer, table[block + 3]) + offset;
            Vector512<float> s0 = Vector512<float>.Zero, s1 = s0, s2 = s0, s3 = s0, t0 = s0, t1 = s0, t2 = s0, t3 = s0;
            for (int i = 0; i < headDim; i += 2)
            {
                Vector512<float> even = Vector512.Create(q[i]), odd = Vector512.Create(q[i + 1]);
                nint at = (nint)i * Lanes;
                s0 = VectorMath.MultiplyAdd(even, Vector512.Load(k0 + at), s0);
                s1 = VectorMath.MultiplyAdd(even, Vector512.Load(k1 + at), s1);
                s2 = VectorMath.MultiplyAdd(even, Vector512.Load(k2 + at), s2);
                s3 = VectorMath.MultiplyAdd(even, Vector512.Load(k3 + at), s3);
                t0 = VectorMath.MultiplyAdd(odd, Vector512.Load(k0 + at + Lanes), t0);
                t1 = VectorMath.MultiplyAdd(odd, Vector512.Load(k1 + at + Lanes), t1);
                t2 = VectorMath.MultiplyAdd(odd, Vector512.Load(k2 + at + Lanes), t2);
                t3 = VectorMath.MultiplyAdd(odd, Vector512.Load(k3 + at + Lanes), t3);
            }

            max = Keep((s0 + t0) * vScale, block, first, position, target, max);
            max = Keep((s1 + t1) * vScale, block + 1, first, position, target + Lanes, max);
            max = Keep((s2 + t2) * vScale, block + 2, first, position, target + (2 * Lanes), max);
            max = Keep((s3 + t3) * vScale, block + 3, first, position, target + (3 * Lanes), max);
        }

        for (; block <= lastBlock; block++, target += Lanes)
        {
            float* k0 = cache.Keys(layer, table[block]) + offset;
            Vector512<float> s0 = Vector512<float>.Zero, t0 = s0;
            for (int i = 0; i < headDim; i += 2)
            {
                nint at = (nint)i * Lanes;
                s0 = VectorMath.MultiplyAdd(Vector512.Create(q[i]), Vector512.Load(k0 + at), s0);
                t0 = VectorMath.MultiplyAdd(Vector512.Create(q[i + 1]), Vector512.Load(k0 + at + Lanes), t0);
            }

            max = Keep((s0 + t0) * vScale, block, first, position, target, max);
        }

        Vector512<float> most = Vector512.Create(VectorMath.Max(max));
        Vector512<float> sum = Vector512<float>.Zero;
        for (float* s = scores; s < target; s += Lanes)
        {
            Vector512<float> weight = VectorMath.Exp(Vector512.Load(s) - most);
            weight.Store(s);
            sum += weight;
        }

        return VectorMath.Sum(sum);
    }

    /// <summary>Masks the scores outside first..position, stores them and updates the running maximum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Keep(
        Vector512<float> s, int block, int first, int position, float* target, Vector512<float> max)
    {
        int start = block * Lanes;
        if (start < first || start + Lanes - 1 > position)
        {
            Vector512<int> at = Vector512<int>.Indices + Vector512.Create(start);
            Vector512<int> seen = Vector512.GreaterThanOrEqual(at, Vector512.Create(first)) & Vector512.LessThanOrEqual(
                at, Vector512.Create(position));
            s = Vector512.ConditionalSelect(seen.AsSingle(), s, Vector512.Create(float.NegativeInfinity));
        }

        s.Store(target);
        return Vector512.ConditionalSelect(Vector512.GreaterThan(s, max), s, max);
    }

    /// <summary>
    /// output = sum over positions of weight times value, times <paramref name="scale"/>; four interleaved partial sums
    /// an element.
    /// </summary>
    private static void Mix(
        int headDim, KvCache cache, int layer, nint offset, int[] table, int firstBlock, int lastBlock, int position,
        float* weights, float scale, float* output)
    {
        int stride = cache.ValueStride;
        int column = 0;
        for (; column + 32 <= headDim; column += 32)
        {
            Vector512<float> a0 = Vector512<float>.Zero, a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
            float* w = weights;
            for (int block = firstBlock; block <= lastBlock; block++)
            {
                float* v = cache.Values(layer, table[block]) + offset + column;
                int positions = Math.Min(Lanes, position + 1 - (block * Lanes));
                for (; positions >= 4; positions -= 4, w += 4, v += 4 * stride)
                {
                    Vector512<float> w0 = Vector512.Create(w[0]), w1 = Vector512.Create(w[1]);
                    Vector512<float> w2 = Vector512.Create(w[2]), w3 = Vector512.Create(w[3]);
                    a0 = VectorMath.MultiplyAdd(w0, Vector512.Load(v), a0);
                    b0 = VectorMath.MultiplyAdd(w0, Vector512.Load(v + 16), b0);
                    a1 = VectorMath.MultiplyAdd(w1, Vector512.Load(v + stride), a1);
                    b1 = VectorMath.MultiplyAdd(w1, Vector512.Load(v + stride + 16), b1);
                    a2 = VectorMath.MultiplyAdd(w2, Vector512.Load(v + (2 * stride)), a2);
                    b2 = VectorMath.MultiplyAdd(w2, Vector512.Load(v + (2 * stride) + 16), b2);
                    a3 = VectorMath.MultiplyAdd(w3, Vector512.Load(v + (3 * stride)), a3);
                    b3 = VectorMath.MultiplyAdd(w3, Vector512.Load(v + (3 * stride) + 16), b3);
                }

                if (positions > 0)
                {
                    a0 = VectorMath.MultiplyAdd(Vector512.Create(w[0]), Vector512.Load(v), a0);
                    b0 = VectorMath.MultiplyAdd(Vector512.Create(w[0]), Vector512.Load(v + 16), b0);
                }

                if (positions > 1)
                {
                    a1 = VectorMath.MultiplyAdd(Vector512.Create(w[1]), Vector512.Load(v + stride), a1);
                    b1 = VectorMath.MultiplyAdd(Vector512.Create(w[1]), Vector512.Load(v + stride + 16), b1);
                }

                if (positions > 2)
                {
                    a2 = VectorMath.MultiplyAdd(Vector512.Create(w[2]), Vector512.Load(v + (2 * stride)), a2);
                    b2 = VectorMath.MultiplyAdd(Vector512.Create(w[2]), Vector512.Load(v + (2 * stride) + 16), b2);
                }
            }

            (((a0 + a1) + (a2 + a3)) * scale).Store(output + column);
            (((b0 + b1) + (b2 + b3)) * scale).Store(output + column + 16);
        }

        for (; column < headDim; column += 16)
        {
            Vector512<float> a0 = Vector512<float>.Zero, a1 = a0, a2 = a0, a3 = a0;
            float* w = weights;
            for (int block = firstBlock; block <= lastBlock; block++)
            {
                float* v = cache.Values(layer, table[block]) + offset + column;
                int positions = Math.Min(Lanes, position + 1 - (block * Lanes));
                for (; positions >= 4; positions -= 4, w += 4, v += 4 * stride)
                {
                    a0 = VectorMath.MultiplyAdd(Vector512.Create(w[0]), Vector512.Load(v), a0);
                    a1 = VectorMath.MultiplyAdd(Vector512.Create(w[1]), Vector512.Load(v + stride), a1);
                    a2 = VectorMath.MultiplyAdd(Vector512.Create(w[2]), Vector512.Load(v + (2 * stride)), a2);
                    a3 = VectorMath.MultiplyAdd(Vector512.Create(w[3]), Vector512.Load(v + (3 * stride)), a3);
                }

                a0 = positions > 0 ? VectorMath.MultiplyAdd(Vector512.Create(w[0]), Vector512.Load(v), a0) : a0;
                a1 = positions > 1
                    ? VectorMath.MultiplyAdd(Vector512.Create(w[1]), Vector512.Load(v + stride), a1)
                    : a1;
                a2 = positions > 2
                    ? VectorMath.MultiplyAdd(Vector512.Create(w[2]), Vector512.Load(v + (2 * stride)), a2)
                    : a2;
            }

            Vector512<float> mixed = ((a0 + a1) + (a2 + a3)) * scale;
            for (int i = 0; i < Math.Min(16, headDim - column); i++)
            {
                output[column + i] = mixed.GetElement(i);
            }
        }
    }
}
