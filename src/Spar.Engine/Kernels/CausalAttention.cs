using System.Runtime.Intrinsics;

namespace Spar.Engine.Kernels;

/// <summary>
/// One key/value head of one sequence with the query heads that share it. n: length, d: head size. Rows of q, k, v (and
/// their gradients) are <see cref="Stride"/> floats apart, those of the output <see cref="OutputStride"/>; the query
/// heads of the group lie d floats apart.
/// </summary>
internal unsafe struct AttentionHead
{
    /// <summary>Rotated queries, keys, and values: first row.</summary>
    public float* Query, Key, Value;

    /// <summary>Attention output before o_proj: first row.</summary>
    public float* Output;

    /// <summary>
    /// Log of the sum of the exponentials for each row and query head; rows are <see cref="LogSumStride"/> apart, query
    /// heads 1.
    /// </summary>
    public float* LogSum;

    /// <summary>Gradients, in the layout of their originals; used by the backward pass only.</summary>
    public float* OutputGradient, QueryGradient, KeyGradient, ValueGradient;

    /// <summary>Leading dimensions.</summary>
    public int Stride, OutputStride, LogSumStride;

    /// <summary>n, d, and the number of query heads in the group.</summary>
    public int Length, HeadDim, Group;

    /// <summary>Positions that a query sees, its own included; at least 1, int.MaxValue for all.</summary>
    public int Window;

    /// <summary>First position that a query sees.</summary>
    public readonly int FirstSeen(int position) => Window > position ? 0 : position - Window + 1;

    /// <summary>1 / sqrt(d).</summary>
    public readonly float Scale => 1f / MathF.Sqrt(HeadDim);
}

/// <summary>
/// Causal attention on the calling thread: o_i = sum over j up to i of softmax(q_i k_j / sqrt(d)) v_j, and its
/// gradients; with a window, j begins at i - window + 1, and blocks that nobody sees are passed over. The products run
/// on the same register blocks as the matrix product, block by block below the diagonal; the backward pass computes the
/// probabilities again from the row's log-sum (as FlashAttention does, Dao et al. 2022) instead of keeping them.
/// </summary>
internal static unsafe class CausalAttention
{
    /// <summary>
    /// Keys side by side in a row of scores, which sums over keys are broken at: below the row's stride, and a multiple
    /// of every block height and width.
    /// </summary>
    public const int KeyChunk = 480;

    private const int Stride = MicroKernel.RowPanelStride;
    // queries whose scores the backward pass holds at a time: a multiple of every block height
    private const int QueryBlock = 96;

    /// <summary>Floats of scratch memory that either pass needs.</summary>
    public static long Scratch(int length, int headDim)
    {
        long panels = Gemm.Panels(headDim), padded = (long)Gemm.Panels(length) * MicroKernel.Columns;
        long chunks = (length + KeyChunk - 1) / KeyChunk;
        return (2 * padded * headDim) + (5 * panels * length * MicroKernel.Columns) + (2 * MicroKernel.Rows * Stride)
            + (2 * chunks * QueryBlock * Stride) + (MicroKernel.Rows * MicroKernel.Columns) + 256;
    }

    /// <summary>Computes the output and the log-sums.</summary>
    /// <param name="head">What to attend; its gradient fields are not read.</param>
    /// <param name="scratch"><see cref="Scratch"/> floats.</param>
    public static void Forward(in AttentionHead head, float* scratch)
    {
        int n = head.Length, d = head.HeadDim, panels = Gemm.Panels(d);
        int high = MicroKernel.Rows, wide = MicroKernel.Columns;
        float scale = head.Scale;
        float* keys = Take(ref scratch, (long)Gemm.Panels(n) * wide * d);
        float* values = Take(ref scratch, (long)panels * n * wide);
        float* query = Take(ref scratch, high * Stride);
        float* tile = Take(ref scratch, high * wide);
        float* inverse = stackalloc float[high];
        float* scores = scratch;
        PackColumns(head.Key, head.Stride, n, d, keys);
        PackRows(head.Value, head.Stride, n, d, values);
        for (int g = 0; g < head.Group; g++)
        {
            for (int first = 0; first < n; first += high)
            {
                int rows = Math.Min(high, n - first), end = first + rows, from = head.FirstSeen(first) / wide * wide;
                nint stride = head.Stride;
                float* queries = Packing.Rows(head.Query + (g * d) + (first * stride), ref stride, rows, d, query);
                for (int j = from; j < end; j += wide)
                {
                    MicroKernel.Run(
                        rows, queries, stride, 1, keys + ((nint)j * d), d, scores + At(j, high), Stride, null);
                }

                for (int r = 0; r < rows; r++)
                {
                    float* row = scores + (r * Stride);
                    int seen = head.FirstSeen(first + r), count = first + r + 1;
                    float max = Max(row, seen, count) * scale, sum = 0;
                    for (int c = seen; c < count; c = NextChunk(c))
                    {
                        sum += Softmax.Exponentials(row + At(c, high), Math.Min(NextChunk(c), count) - c, scale, max);
                    }

                    Clear(row, from, seen, high);
                    Clear(row, Cleared(seen, count), end, high);
                    inverse[r] = 1f / sum;
                    head.LogSum[((nint)(first + r) * head.LogSumStride) + g] = max + MathF.Log(sum);
                }

                for (int p = 0; p < panels; p++)
                {
                    Weighted(rows, scores, high, values + ((nint)p * n * wide), from, end, tile, wide);
                    float* output = head.Output + (g * d) + (p * wide) + ((nint)first * head.OutputStride);
                    for (int r = 0; r < rows; r++, output += head.OutputStride)
                    {
                        VectorMath.Scale(tile + (r * wide), inverse[r], output, Math.Min(wide, d - (p * wide)));
                    }
                }
            }
        }
    }

    /// <summary>Computes the gradients with respect to queries, keys and values, overwriting them.</summary>
    /// <param name="head">
    /// What was attended, with output and log-sums from <see cref="Forward"/>, and the gradients.
    /// </param>
    /// <param name="scratch"><see cref="Scratch"/> floats.</param>
    public static void Backward(in AttentionHead head, float* scratch)
    {
        int n = head.Length, d = head.HeadDim, panels = Gemm.Panels(d);
        int high = MicroKernel.Rows, wide = MicroKernel.Columns;
        long columnFloats = (long)Gemm.Panels(n) * wide * d, rowFloats = (long)panels * n * wide;
        long scoreFloats = (long)((n + KeyChunk - 1) / KeyChunk) * QueryBlock * Stride;
        float* keys = Take(ref scratch, columnFloats), values = Take(ref scratch, columnFloats);
        float* keyRows = Take(ref scratch, rowFloats), queryRows = Take(ref scratch, rowFloats);
        float* outputRows = Take(ref scratch, rowFloats);
        float* keyGradient = Take(ref scratch, rowFloats), valueGradient = Take(ref scratch, rowFloats);
        float* query = Take(ref scratch, high * Stride), outputGradient = Take(ref scratch, high * Stride);
        float* tile = Take(ref scratch, high * wide);
        float* scores = Take(ref scratch, scoreFloats), scoreGradient = scratch;
        PackColumns(head.Key, head.Stride, n, d, keys);
        PackColumns(head.Value, head.Stride, n, d, values);
        PackRows(head.Key, head.Stride, n, d, keyRows);
        new Span<float>(keyGradient, checked((int)rowFloats)).Clear();
        new Span<float>(valueGradient, (int)rowFloats).Clear();
        for (int g = 0; g < head.Group; g++)
        {
            float* queries = head.Query + (g * d), dOutput = head.OutputGradient + (g * d);
            PackRows(queries, head.Stride, n, d, queryRows);
            PackRows(dOutput, head.OutputStride, n, d, outputRows);
            for (int block = 0; block < n; block += QueryBlock)
            {
                int blockEnd = Math.Min(block + QueryBlock, n);
                for (int first = block; first < blockEnd; first += high)
                {
                    int rows = Math.Min(high, n - first), end = first + rows;
                    int from = head.FirstSeen(first) / wide * wide;
                    // where the block of keys begins in which the first seen one lies
                    int unseen = Math.Min(from, head.FirstSeen(first) / high * high);
                    float* s = scores + ((first - block) * Stride), ds = scoreGradient + ((first - block) * Stride);
                    nint stride = head.Stride, outputStride = head.OutputStride;
                    float* q = Packing.Rows(queries + (first * stride), ref stride, rows, d, query);
                    float* dOut = Packing.Rows(
                        dOutput + (first * outputStride), ref outputStride, rows, d, outputGradient);
                    for (int j = from; j < end; j += wide)
                    {
                        MicroKernel.Run(
                            rows, q, stride, 1, keys + ((nint)j * d), d, s + At(j, QueryBlock), Stride, null);
                        MicroKernel.Run(
                            rows, dOut, outputStride, 1, values + ((nint)j * d), d, ds + At(j, QueryBlock), Stride,
                            null);
                    }

                    for (int r = 0; r < rows; r++)
                    {
                        ScoreGradients(head, g, first + r, s + (r * Stride), ds + (r * Stride));
                        int seen = head.FirstSeen(first + r), cleared = Cleared(seen, first + r + 1);
                        foreach (nint row in (ReadOnlySpan<nint>)[(nint)(s + (r * Stride)), (nint)(ds + (r * Stride))])
                        {
                            Clear((float*)row, unseen, seen, QueryBlock);
                            Clear((float*)row, cleared, end, QueryBlock);
                        }
                    }

                    for (int p = 0; p < panels; p++)
                    {
                        float* target = head.QueryGradient + (g * d) + (p * wide) + ((nint)first * head.Stride);
                        float* rest = keyRows + ((nint)p * n * wide);
                        if (d - (p * wide) >= wide)
                        {
                            Weighted(rows, ds, QueryBlock, rest, from, end, target, head.Stride);
                            continue;
                        }

                        Weighted(rows, ds, QueryBlock, rest, from, end, tile, wide);
                        for (int r = 0; r < rows; r++, target += head.Stride)
                        {
                            VectorMath.Copy(tile + (r * wide), target, d - (p * wide));
                        }
                    }
                }

                for (int first = 0; first < blockEnd; first += high)
                {
                    int rows = Math.Min(high, n - first), from = Math.Max(block, first);
                    // the last query that sees one of these keys, and one
                    int to = (int)Math.Min(blockEnd, (long)first + rows - 1 + head.Window);
                    if (from >= to)
                    {
                        continue;
                    }

                    nint a = At(first, QueryBlock) + ((from - block) * Stride);
                    for (int p = 0; p < panels; p++)
                    {
                        nint b = ((nint)p * n * wide) + ((nint)from * wide);
                        nint c = ((nint)p * n * wide) + ((nint)first * wide);
                        MicroKernel.Run(
                            rows, scores + a, 1, Stride, outputRows + b, to - from, valueGradient + c, wide,
                            valueGradient + c);
                        MicroKernel.Run(
                            rows, scoreGradient + a, 1, Stride, queryRows + b, to - from, keyGradient + c, wide,
                            keyGradient + c);
                    }
                }
            }
        }

        UnpackRows(keyGradient, n, d, head.KeyGradient, head.Stride);
        UnpackRows(valueGradient, n, d, head.ValueGradient, head.Stride);
    }

    /// <summary>
    /// For query i: scores become probabilities p_j = e^(scale s_j - logsum), and ds_j = p_j (dp_j - do_i o_i) scale.
    /// Both are 0 for the keys up to <see cref="Cleared"/>.
    /// </summary>
    private static void ScoreGradients(in AttentionHead head, int i, int position, float* s, float* ds)
    {
        nint offset = (i * head.HeadDim) + ((nint)position * head.OutputStride);
        float own = VectorMath.Dot(head.OutputGradient + offset, head.Output + offset, head.HeadDim);
        Vector512<float> scale = Vector512.Create(head.Scale);
        Vector512<float> minus = Vector512.Create(-head.LogSum[((nint)position * head.LogSumStride) + i]);
        Vector512<float> delta = Vector512.Create(own);
        for (int c = head.FirstSeen(position); c <= position; c = NextChunk(c))
        {
            int count = Math.Min(NextChunk(c), position + 1) - c;
            float* x = s + At(c, QueryBlock), dx = ds + At(c, QueryBlock);
            for (int j = 0; j < count; j += VectorMath.Lanes)
            {
                Vector512<float> p = VectorMath.Exp(VectorMath.MultiplyAdd(Vector512.Load(x + j), scale, minus));
                Vector512<float> dp = Vector512.Load(dx + j) - delta;
                if (count - j < VectorMath.Lanes)
                {
                    Vector512<float> mask = VectorMath.Mask(count - j);
                    p &= mask;
                    dp &= mask;
                }

                p.Store(x + j);
                (p * dp * scale).Store(dx + j);
            }
        }
    }

    /// <summary>target = scores [rows, keys from .. end-1] times a panel of rows.</summary>
    private static void Weighted(
        int rows, float* scores, int chunkRows, float* panel, int from, int end, float* target, int ld)
    {
        for (int c = from; c < end; c = NextChunk(c))
        {
            MicroKernel.Run(
                rows, scores + At(c, chunkRows), Stride, 1, panel + ((nint)c * MicroKernel.Columns),
                Math.Min(NextChunk(c), end) - c, target, ld,
                c > from ? target : null);
        }
    }

    /// <summary>First key of the chunk after the one in which a key lies.</summary>
    public static int NextChunk(int key) => ((key / KeyChunk) + 1) * KeyChunk;

    /// <summary>
    /// Where the score of a key lies from the first of its row, with <paramref name="chunkRows"/> rows a chunk.
    /// </summary>
    private static nint At(int key, int chunkRows) => ((nint)(key / KeyChunk) * chunkRows * Stride) + (key % KeyChunk);

    private static float Max(float* row, int from, int end)
    {
        float max = float.NegativeInfinity;
        for (int c = from; c < end; c = NextChunk(c))
        {
            max = MathF.Max(max, Softmax.Max(row + At(c, MicroKernel.Rows), Math.Min(NextChunk(c), end) - c));
        }

        return max;
    }

    /// <summary>
    /// The key up to which the scores of a query are 0 behind those that it sees, from <paramref name="seen"/> to
    /// before <paramref name="count"/>: they are worked on by whole vectors.
    /// </summary>
    private static int Cleared(int seen, int count)
    {
        int last = Math.Max(seen, (count - 1) / KeyChunk * KeyChunk);
        return Math.Min(
            NextChunk(last), last + ((count - last + VectorMath.Lanes - 1) / VectorMath.Lanes * VectorMath.Lanes));
    }

    /// <summary>
    /// Clears the scores of keys that a query does not see, but which the products with a block of rows run over.
    /// </summary>
    private static void Clear(float* row, int from, int end, int chunkRows)
    {
        for (int c = from; c < end; c = NextChunk(c))
        {
            new Span<float>(row + At(c, chunkRows), Math.Min(NextChunk(c), end) - c).Clear();
        }
    }

    private static void PackColumns(float* source, int ld, int n, int d, float* panels)
    {
        for (int j = 0; j < n; j += MicroKernel.Columns)
        {
            Packing.PackBTransposed(
                source + ((nint)j * ld), ld, Math.Min(MicroKernel.Columns, n - j), d, panels + ((nint)j * d));
        }
    }

    private static void PackRows(float* source, int ld, int n, int d, float* panels)
    {
        for (int j = 0; j < d; j += MicroKernel.Columns, panels += (nint)n * MicroKernel.Columns)
        {
            Packing.PackBRows(source + j, ld, Math.Min(MicroKernel.Columns, d - j), n, panels);
        }
    }

    private static void UnpackRows(float* panels, int n, int d, float* target, int ld)
    {
        for (int j = 0; j < d; j += MicroKernel.Columns)
        {
            for (int i = 0; i < n; i++, panels += MicroKernel.Columns)
            {
                VectorMath.Copy(panels, target + j + ((nint)i * ld), Math.Min(MicroKernel.Columns, d - j));
            }
        }
    }

    private static float* Take(ref float* scratch, long floats)
    {
        float* piece = scratch;
        scratch += AlignedBuffer.Whole(floats);
        return piece;
    }
}
