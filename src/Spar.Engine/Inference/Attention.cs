using System.Runtime.Intrinsics;
using Spar.Engine.Kernels;

namespace Spar.Engine.Inference;

/// <summary>
/// Attention of single queries over a <see cref="KvCache"/>, for several heads at a time: such as share a key/value
/// head, whose keys and values are then read once for all of them, or such as have one each. A head's result has the
/// bits of <see cref="CausalAttention"/>, which training runs on: every score one chain of multiply-adds over the
/// dimensions, sums and mixtures one chain over the positions, broken at the multiples of
/// <see cref="CausalAttention.KeyChunk"/>. So it does not depend on which rows share its batch, on how the cache's
/// blocks were filled or on threads.
/// </summary>
internal static unsafe class Attention
{
    /// <summary>Most heads of a <see cref="Run"/> that are worked on side by side.</summary>
    public const int HeadsAtOnce = AttentionTiles.MostHeads;

    private const int Lanes = KvCache.BlockSize;
    private const int Chunk = CausalAttention.KeyChunk;

    // a chunk's scores, and the vector over its end that the exponentials clear
    private const int ChunkStride = Chunk + Lanes;

    /// <summary>Floats of scratch that <see cref="Run"/> needs for queries at a position.</summary>
    public static long ScratchFloats(int position, KvCache cache) =>
        HeadsAtOnce * ((((long)position / Chunk) + 1) * ChunkStride + cache.ValueStride);

    /// <summary>softmax(q K^T scale) V for some query heads.</summary>
    /// <param name="q">Queries, [heads, headDim].</param>
    /// <param name="heads">Query heads.</param>
    /// <param name="headDim">Elements a head.</param>
    /// <param name="cache">Holds positions 0 .. <paramref name="position"/> of the sequence.</param>
    /// <param name="layer">Layer.</param>
    /// <param name="kvHead">Key/value head of the first query head.</param>
    /// <param name="shared">Whether all read that one; else each reads the one after that of the head before.</param>
    /// <param name="table">Blocks of the sequence.</param>
    /// <param name="position">The queries' position.</param>
    /// <param name="window">Positions that are seen, the own one included; int.MaxValue for all.</param>
    /// <param name="scratch">Scratch of <see cref="ScratchFloats"/>.</param>
    /// <param name="output">Receives [heads, headDim].</param>
    public static void Run(
        float* q, int heads, int headDim, KvCache cache, int layer, int kvHead, bool shared, int[] table, int position,
        int window, float* scratch, float* output)
    {
        int first = window > position ? 0 : position - window + 1;
        float scale = 1f / MathF.Sqrt(headDim);
        int chunks = (position / Chunk) - (first / Chunk) + 1;
        nint row = (nint)chunks * ChunkStride;
        float* mixed = scratch + (Math.Min(heads, HeadsAtOnce) * row);
        float* inverse = stackalloc float[HeadsAtOnce];
        for (int done = 0; done < heads; done += HeadsAtOnce)
        {
            int count = Math.Min(HeadsAtOnce, heads - done), kv = shared ? kvHead : kvHead + done;
            Scores(
                q + (done * headDim), count, headDim, cache, layer, kv, shared, table, first, position, scratch, row);
            for (int head = 0; head < count; head++)
            {
                inverse[head] = 1f / Weigh(scratch + (head * row), first, position, scale);
            }

            Mix(count, cache, layer, kv, shared, table, first, position, scratch, row, mixed);
            for (int head = 0; head < count; head++)
            {
                VectorMath.Scale(
                    mixed + (head * cache.ValueStride), inverse[head], output + ((done + head) * headDim), headDim);
            }
        }
    }

    /// <summary>Where the score of a position lies in its row.</summary>
    private static nint At(int position, int first) =>
        ((nint)((position / Chunk) - (first / Chunk)) * ChunkStride) + (position % Chunk);

    /// <summary>q K^T of all positions in the blocks from that of the first seen one on.</summary>
    private static void Scores(
        float* q, int heads, int headDim, KvCache cache, int layer, int kvHead, bool shared, int[] table, int first,
        int position, float* scores, nint row)
    {
        nint offset = (nint)kvHead * headDim * Lanes, headStep = shared ? 0 : (nint)headDim * Lanes;
        float** keys = stackalloc float*[AttentionTiles.MostVectors];
        float** targets = stackalloc float*[AttentionTiles.MostVectors];
        int last = position / Lanes;
        for (int block = first / Lanes, count; block <= last; block += count)
        {
            count = AttentionTiles.Vectors(heads, last - block + 1);
            for (int i = 0; i < count; i++)
            {
                keys[i] = cache.Keys(layer, table[block + i]) + offset;
                targets[i] = scores + At((block + i) * Lanes, first);
            }

            AttentionTiles.Score(q, heads, headDim, count, keys, headStep, targets, row);
        }
    }

    /// <summary>Scores of the seen positions to e^(scale s - max); returns their sum.</summary>
    private static float Weigh(float* scores, int first, int position, float scale)
    {
        float max = float.NegativeInfinity, sum = 0;
        for (int p = first; p <= position; p = CausalAttention.NextChunk(p))
        {
            max = MathF.Max(
                max, Softmax.Max(scores + At(p, first), Math.Min(CausalAttention.NextChunk(p), position + 1) - p));
        }

        max *= scale;
        for (int p = first; p <= position; p = CausalAttention.NextChunk(p))
        {
            sum += Softmax.Exponentials(
                scores + At(p, first), Math.Min(CausalAttention.NextChunk(p), position + 1) - p, scale, max);
        }

        return sum;
    }

    /// <summary>mixed [heads, ValueStride] = sum over the seen positions of weight times value.</summary>
    private static void Mix(
        int heads, KvCache cache, int layer, int kvHead, bool shared, int[] table, int first, int position,
        float* weights, nint row, float* mixed)
    {
        int stride = cache.ValueStride;
        nint offset = (nint)kvHead * Lanes * stride, headStep = shared ? 0 : (nint)Lanes * stride;
        float** blocks = stackalloc float*[Chunk / Lanes];
        for (int p = first; p <= position; p = CausalAttention.NextChunk(p))
        {
            int end = Math.Min(CausalAttention.NextChunk(p), position + 1), firstBlock = p / Lanes;
            for (int block = firstBlock; block * Lanes < end; block++)
            {
                blocks[block - firstBlock] = cache.Values(layer, table[block]) + offset;
            }

            for (int column = 0, vectors; column < stride; column += vectors * VectorMath.Lanes)
            {
                vectors = AttentionTiles.Vectors(heads, (stride - column) / VectorMath.Lanes);
                AttentionTiles.Mix(
                    weights + At(p, first), row, heads, vectors, blocks, p % Lanes, end - p, column, stride, headStep,
                    mixed + column, add: p > first);
            }
        }
    }
}
