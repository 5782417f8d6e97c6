using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Spar.Engine.Kernels;

namespace Spar.Engine.Inference;

/// <summary>
/// The inner loops of <see cref="Attention"/>: some heads by some vectors at a time, so that chains of multiply-adds
/// run side by side, and what heads share is read once.
/// </summary>
internal static unsafe class AttentionTiles
{
    /// <summary>Most heads of a tile.</summary>
    public const int MostHeads = 4;

    /// <summary>Most vectors of a head in a tile.</summary>
    public const int MostVectors = 4;

    private const int Lanes = KvCache.BlockSize;

    /// <summary>Vectors of a head that a tile works on, of those that are left: 1, 2 or 4.</summary>
    /// <param name="heads">Heads of the tile.</param>
    /// <param name="left">At least 1.</param>
    public static int Vectors(int heads, int left)
    {
        // Sixteen accumulators are half the registers of AVX-512; elsewhere four take as much.
        int most = KernelPath.VectorBits == 512 ? MostVectors : Math.Max(1, MostVectors / heads);
        return Math.Min(most, left) switch
        {
            >= 4 => 4,
            >= 2 => 2,
            _ => 1,
        };
    }

    /// <summary>Scores of some heads with some blocks of keys, each one chain over the dimensions.</summary>
    /// <param name="q">Queries, [heads, headDim].</param>
    /// <param name="heads">1 to <see cref="MostHeads"/>.</param>
    /// <param name="headDim">Elements a head.</param>
    /// <param name="blocks">1, 2 or 4, as <see cref="Vectors"/> says.</param>
    /// <param name="keys">Keys of each block for the first head, [headDim, 16].</param>
    /// <param name="headStep">Floats from one head's keys to the next one's; 0 where they share them.</param>
    /// <param name="targets">Receive 16 scores of the first head for each block.</param>
    /// <param name="row">Floats from one head's scores to the next one's.</param>
    public static void Score(
        float* q, int heads, int headDim, int blocks, float** keys, nint headStep, float** targets, nint row)
    {
        ScoreTile tile = new(q, headDim, keys, headStep, targets, row);
        Run(ref tile, heads, headStep == 0, blocks);
    }

    /// <summary>Sums of weight times value over some positions, each element one chain over them.</summary>
    /// <param name="weights">Weights of the first head from the first position on.</param>
    /// <param name="row">Floats from one head's weights to the next one's.</param>
    /// <param name="heads">1 to <see cref="MostHeads"/>.</param>
    /// <param name="vectors">1, 2 or 4, as <see cref="Vectors"/> says.</param>
    /// <param name="blocks">What is wanted of the values of the first head in each block, [16, stride].</param>
    /// <param name="lane">Place of the first position in the first block.</param>
    /// <param name="positions">How many positions, at least 1.</param>
    /// <param name="column">First element of the values.</param>
    /// <param name="stride">Floats from one position's values to the next one's, and between heads of the target.</param>
    /// <param name="headStep">Floats from one head's values to the next one's; 0 where they share them.</param>
    /// <param name="target">Receives the sums of the first head.</param>
    /// <param name="add">Whether they are added to what stands there.</param>
    public static void Mix(
        float* weights, nint row, int heads, int vectors, float** blocks, int lane, int positions, int column,
        int stride, nint headStep, float* target, bool add)
    {
        MixTile tile = new(weights, row, blocks, lane, positions, column, stride, headStep, target, add);
        Run(ref tile, heads, headStep == 0, vectors);
    }

    /// <summary>Chooses the loop that is compiled for a tile's size.</summary>
    private static void Run<TTile>(ref TTile tile, int heads, bool shared, int vectors)
        where TTile : struct, ITile
    {
        switch (heads, shared)
        {
            case (1, _):
                Run<TTile, R1, R1>(ref tile, vectors);
                break;
            case (2, true):
                Run<TTile, R2, R1>(ref tile, vectors);
                break;
            case (2, false):
                Run<TTile, R2, R2>(ref tile, vectors);
                break;
            case (3, true):
                Run<TTile, R3, R1>(ref tile, vectors);
                break;
            case (3, false):
                Run<TTile, R3, R3>(ref tile, vectors);
                break;
            case (4, true):
                Run<TTile, R4, R1>(ref tile, vectors);
                break;
            default:
                Run<TTile, R4, R4>(ref tile, vectors);
                break;
        }
    }

    private static void Run<TTile, THeads, TOwn>(ref TTile tile, int vectors)
        where TTile : struct, ITile
        where THeads : struct, IConstant
        where TOwn : struct, IConstant
    {
        switch (vectors)
        {
            case 1:
                tile.Run<THeads, TOwn, R1>();
                break;
            case 2:
                tile.Run<THeads, TOwn, R2>();
                break;
            default:
                tile.Run<THeads, TOwn, R4>();
                break;
        }
    }

    /// <summary>s[h, u] += x[h] times the vector at p[u], or at that of the head, for all heads and vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<THeads, TOwn, TWide>(
        float* x, nint xStep, float* p0, float* p1, float* p2, float* p3, nint headStep,
        ref Vector512<float> s00, ref Vector512<float> s01, ref Vector512<float> s02, ref Vector512<float> s03,
        ref Vector512<float> s10, ref Vector512<float> s11, ref Vector512<float> s12, ref Vector512<float> s13,
        ref Vector512<float> s20, ref Vector512<float> s21, ref Vector512<float> s22, ref Vector512<float> s23,
        ref Vector512<float> s30, ref Vector512<float> s31, ref Vector512<float> s32, ref Vector512<float> s33)
        where THeads : struct, IConstant
        where TOwn : struct, IConstant
        where TWide : struct, IConstant
    {
        Vector512<float> v0 = Vector512.Load(p0), v1 = TWide.Value > 1 ? Vector512.Load(p1) : v0;
        Vector512<float> v2 = TWide.Value > 2 ? Vector512.Load(p2) : v0, v3 = TWide.Value > 2 ? Vector512.Load(p3) : v0;
        Head<TWide>(Vector512.Create(*x), v0, v1, v2, v3, ref s00, ref s01, ref s02, ref s03);
        if (THeads.Value > 1)
        {
            if (TOwn.Value > 1)
            {
                v0 = Vector512.Load(p0 + (1 * headStep));
                v1 = TWide.Value > 1 ? Vector512.Load(p1 + (1 * headStep)) : v0;
                v2 = TWide.Value > 2 ? Vector512.Load(p2 + (1 * headStep)) : v0;
                v3 = TWide.Value > 2 ? Vector512.Load(p3 + (1 * headStep)) : v0;
            }

            Head<TWide>(
                Vector512.Create(x[1 * xStep]), v0, v1, v2, v3, ref s10, ref s11, ref s12, ref s13);
        }

        if (THeads.Value > 2)
        {
            if (TOwn.Value > 1)
            {
                v0 = Vector512.Load(p0 + (2 * headStep));
                v1 = TWide.Value > 1 ? Vector512.Load(p1 + (2 * headStep)) : v0;
                v2 = TWide.Value > 2 ? Vector512.Load(p2 + (2 * headStep)) : v0;
                v3 = TWide.Value > 2 ? Vector512.Load(p3 + (2 * headStep)) : v0;
            }

            Head<TWide>(
                Vector512.Create(x[2 * xStep]), v0, v1, v2, v3, ref s20, ref s21, ref s22, ref s23);
        }

        if (THeads.Value > 3)
        {
            if (TOwn.Value > 1)
            {
                v0 = Vector512.Load(p0 + (3 * headStep));
                v1 = TWide.Value > 1 ? Vector512.Load(p1 + (3 * headStep)) : v0;
                v2 = TWide.Value > 2 ? Vector512.Load(p2 + (3 * headStep)) : v0;
                v3 = TWide.Value > 2 ? Vector512.Load(p3 + (3 * headStep)) : v0;
            }

            Head<TWide>(
                Vector512.Create(x[3 * xStep]), v0, v1, v2, v3, ref s30, ref s31, ref s32, ref s33);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Head<TWide>(
        Vector512<float> x, Vector512<float> v0, Vector512<float> v1, Vector512<float> v2, Vector512<float> v3,
        ref Vector512<float> s0, ref Vector512<float> s1, ref Vector512<float> s2, ref Vector512<float> s3)
        where TWide : struct, IConstant
    {
        s0 = VectorMath.MultiplyAdd(x, v0, s0);
        if (TWide.Value > 1) { s1 = VectorMath.MultiplyAdd(x, v1, s1); }
        if (TWide.Value > 2) { s2 = VectorMath.MultiplyAdd(x, v2, s2); }
        if (TWide.Value > 2) { s3 = VectorMath.MultiplyAdd(x, v3, s3); }
    }

    /// <summary>Stores a head's vectors, or adds them to what stands there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TWide>(
        Vector512<float> s0, Vector512<float> s1, Vector512<float> s2, Vector512<float> s3, float* t0, float* t1,
        float* t2, float* t3, bool add)
        where TWide : struct, IConstant
    {
        Put(s0, t0, add);
        if (TWide.Value > 1) { Put(s1, t1, add); }
        if (TWide.Value > 2) { Put(s2, t2, add); }
        if (TWide.Value > 2) { Put(s3, t3, add); }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector512<float> value, float* target, bool add) =>
        (add ? Vector512.Load(target) + value : value).Store(target);

    /// <summary>A loop for a tile of any size.</summary>
    private interface ITile
    {
        /// <summary>Runs it.</summary>
        /// <typeparam name="THeads">Heads.</typeparam>
        /// <typeparam name="TOwn">1 where the heads share what they read, else their number.</typeparam>
        /// <typeparam name="TWide">Vectors of a head.</typeparam>
        void Run<THeads, TOwn, TWide>()
            where THeads : struct, IConstant
            where TOwn : struct, IConstant
            where TWide : struct, IConstant;
    }

    private readonly struct ScoreTile(
        float* queries, int headDim, float** keys, nint headStep, float** targets, nint row) : ITile
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run<THeads, TOwn, TWide>()
            where THeads : struct, IConstant
            where TOwn : struct, IConstant
            where TWide : struct, IConstant
        {
            Vector512<float> s00 = Vector512<float>.Zero, s01 = s00, s02 = s00, s03 = s00;
            Vector512<float> s10 = s00, s11 = s00, s12 = s00, s13 = s00;
            Vector512<float> s20 = s00, s21 = s00, s22 = s00, s23 = s00;
            Vector512<float> s30 = s00, s31 = s00, s32 = s00, s33 = s00;
            float* k0 = keys[0], k1 = TWide.Value > 1 ? keys[1] : k0;
            float* k2 = TWide.Value > 2 ? keys[2] : k0, k3 = TWide.Value > 2 ? keys[3] : k0;
            float* q = queries;
            nint next = headDim, step = headStep, end = (nint)headDim * Lanes;
            for (nint at = 0; at < end; at += Lanes, q++)
            {
                Step<THeads, TOwn, TWide>(
                    q, next, k0 + at, k1 + at, k2 + at, k3 + at, step,
                    ref s00, ref s01, ref s02, ref s03,
                    ref s10, ref s11, ref s12, ref s13,
                    ref s20, ref s21, ref s22, ref s23,
                    ref s30, ref s31, ref s32, ref s33);
            }

            float* t0 = targets[0], t1 = TWide.Value > 1 ? targets[1] : t0;
            float* t2 = TWide.Value > 2 ? targets[2] : t0, t3 = TWide.Value > 2 ? targets[3] : t0;
            Put<TWide>(s00, s01, s02, s03, t0, t1, t2, t3, add: false);
            if (THeads.Value > 1)
            {
                Put<TWide>(s10, s11, s12, s13, t0 + row, t1 + row, t2 + row, t3 + row, add: false);
            }

            if (THeads.Value > 2)
            {
                nint at = 2 * row;
                Put<TWide>(s20, s21, s22, s23, t0 + at, t1 + at, t2 + at, t3 + at, add: false);
            }

            if (THeads.Value > 3)
            {
                nint at = 3 * row;
                Put<TWide>(s30, s31, s32, s33, t0 + at, t1 + at, t2 + at, t3 + at, add: false);
            }
        }
    }

    private readonly struct MixTile(
        float* weights, nint row, float** blocks, int lane, int positions, int column, int stride, nint headStep,
        float* target, bool add) : ITile
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run<THeads, TOwn, TWide>()
            where THeads : struct, IConstant
            where TOwn : struct, IConstant
            where TWide : struct, IConstant
        {
            Vector512<float> s00 = Vector512<float>.Zero, s01 = s00, s02 = s00, s03 = s00;
            Vector512<float> s10 = s00, s11 = s00, s12 = s00, s13 = s00;
            Vector512<float> s20 = s00, s21 = s00, s22 = s00, s23 = s00;
            Vector512<float> s30 = s00, s31 = s00, s32 = s00, s33 = s00;
            float* w = weights;
            float** block = blocks;
            nint next = row, step = headStep, width = stride;
            for (int left = positions, first = lane; left > 0; block++, first = 0)
            {
                int count = Math.Min(Lanes - first, left);
                left -= count;
                float* v = *block + (first * width) + column;
                for (float* end = w + count; w < end; w++, v += width)
                {
                    Step<THeads, TOwn, TWide>(
                        w, next, v, v + 16, v + 32, v + 48, step,
                        ref s00, ref s01, ref s02, ref s03,
                        ref s10, ref s11, ref s12, ref s13,
                        ref s20, ref s21, ref s22, ref s23,
                        ref s30, ref s31, ref s32, ref s33);
                }
            }

            float* t = target;
            Put<TWide>(s00, s01, s02, s03, t, t + 16, t + 32, t + 48, add);
            t += width;
            if (THeads.Value > 1) { Put<TWide>(s10, s11, s12, s13, t, t + 16, t + 32, t + 48, add); }
            t += width;
            if (THeads.Value > 2) { Put<TWide>(s20, s21, s22, s23, t, t + 16, t + 32, t + 48, add); }
            t += width;
            if (THeads.Value > 3) { Put<TWide>(s30, s31, s32, s33, t, t + 16, t + 32, t + 48, add); }
        }
    }
}
