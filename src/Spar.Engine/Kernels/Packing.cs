using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Spar.Engine.Kernels;

/// <summary>Copies pieces of matrices into the panels that <see cref="MicroKernel"/> reads.</summary>
internal static unsafe class Packing
{
    private const int Line = 16;      // floats of a cache line
    private const int PackDepth = 16; // rows of B that are packed while the next ones are fetched

    /// <summary>
    /// Brings pieces of rows into the cache while others are packed: they lie too far apart for the processor to
    /// foresee them.
    /// </summary>
    /// <param name="first">First element of the first row's piece.</param>
    /// <param name="stride">Floats from one row to the next.</param>
    /// <param name="columns">Elements of a piece.</param>
    /// <param name="rows">Number of rows; none where 0 or less.</param>
    public static void Fetch(float* first, nint stride, int columns, int rows)
    {
        if (!KernelPath.HasPrefetch)
        {
            return;
        }

        for (int r = 0; r < rows; r++, first += stride)
        {
            for (int c = 0; c < columns; c += 16)
            {
                KernelPath.Prefetch(first + c);
            }

            KernelPath.Prefetch(first + columns - 1);
        }
    }

    /// <summary>
    /// Whether rows of A are better copied than read where they lie: their distance puts half of them or more into the
    /// same sets of the L1 cache (64 sets of lines of 64 bytes), which a few rows do not fill.
    /// </summary>
    /// <param name="stride">Floats from one row to the next.</param>
    /// <param name="rows">Number of rows.</param>
    public static bool Collide(nint stride, int rows) => rows > 4 && stride % 512 == 0;

    /// <summary>Rows of A where they lie or, if they collide there, in panels, which follow each other.</summary>
    /// <param name="a">First element of the first row.</param>
    /// <param name="stride">Floats from one row to the next; receives that of what is returned.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="k">Length of the stretch.</param>
    /// <param name="panel">Room for rows * <see cref="MicroKernel.RowPanelStride"/> floats.</param>
    public static float* Rows(float* a, ref nint stride, int rows, int k, float* panel)
    {
        if (!Collide(stride, rows))
        {
            return a;
        }

        PackARows(a, stride, rows, k, panel);
        stride = MicroKernel.RowPanelStride;
        return panel;
    }

    /// <summary>A panel of A from rows: row i goes to i * <see cref="MicroKernel.RowPanelStride"/>.</summary>
    /// <param name="a">First element of the panel's first row.</param>
    /// <param name="lda">Floats from one row of A to the next.</param>
    /// <param name="rows">Rows of the panel.</param>
    /// <param name="k">Length of the stretch.</param>
    /// <param name="panel">Receives the panel.</param>
    public static void PackARows(float* a, nint lda, int rows, int k, float* panel)
    {
        for (int i = 0; i < rows; i++, a += lda, panel += MicroKernel.RowPanelStride)
        {
            Copy(a, panel, k);
        }
    }

    /// <summary>A panel of A from its transpose (k outermost): k groups of <see cref="MicroKernel.Rows"/>.</summary>
    /// <param name="a">First element of the panel in A^T [k, m].</param>
    /// <param name="lda">Floats from one k to the next.</param>
    /// <param name="rows">
    /// Rows of the panel; where fewer than a full panel's, the rest is left as it is and never read.
    /// </param>
    /// <param name="k">Length of the stretch.</param>
    /// <param name="panel">Receives the panel.</param>
    public static void PackATransposed(float* a, nint lda, int rows, int k, float* panel)
    {
        if (rows == MicroKernel.Rows)
        {
            for (int p = 0; p < k; p++, a += lda, panel += MicroKernel.Rows)
            {
                Unsafe.CopyBlockUnaligned(panel, a, (uint)(MicroKernel.Rows * sizeof(float)));
            }

            return;
        }

        for (int p = 0; p < k; p++, a += lda, panel += MicroKernel.Rows)
        {
            for (int i = 0; i < rows; i++)
            {
                panel[i] = a[i];
            }
        }
    }

    /// <summary>A panel of B from rows: k groups of <see cref="MicroKernel.Columns"/>, filled up with zeros.</summary>
    /// <param name="b">First element of the panel in B [k, n].</param>
    /// <param name="ldb">Floats from one row of B to the next.</param>
    /// <param name="columns">Columns of the panel.</param>
    /// <param name="k">Length of the stretch.</param>
    /// <param name="panel">Receives the panel.</param>
    public static void PackBRows(float* b, nint ldb, int columns, int k, float* panel)
    {
        if (columns == MicroKernel.Columns)
        {
            for (int p = 0; p < k; p++, b += ldb, panel += MicroKernel.Columns)
            {
                Unsafe.CopyBlockUnaligned(panel, b, (uint)(MicroKernel.Columns * sizeof(float)));
            }

            return;
        }

        for (int p = 0; p < k; p++, b += ldb, panel += MicroKernel.Columns)
        {
            for (int j = 0; j < MicroKernel.Columns; j++)
            {
                panel[j] = j < columns ? b[j] : 0;
            }
        }
    }

    /// <summary>Panels of B from rows that lie far apart, side by side; the last is filled up with zeros.</summary>
    /// <param name="b">First element of the panels in B [k, n].</param>
    /// <param name="ldb">Floats from one row of B to the next.</param>
    /// <param name="columns">Columns of all panels.</param>
    /// <param name="k">Rows of B that are packed.</param>
    /// <param name="panels">Receives the rows, where the first of them belongs in the first panel.</param>
    /// <param name="depth">Rows of a whole panel.</param>
    public static void PackBPanels(float* b, nint ldb, int columns, int k, float* panels, int depth)
    {
        for (int p = 0; p < k; p += PackDepth, b += PackDepth * ldb)
        {
            Fetch(b + (PackDepth * ldb), ldb, columns, Math.Min(PackDepth, k - p - PackDepth));
            for (int column = 0; column < columns; column += MicroKernel.Columns)
            {
                PackBRows(
                    b + column, ldb, Math.Min(MicroKernel.Columns, columns - column), Math.Min(PackDepth, k - p),
                    panels + ((nint)column * depth) + ((nint)p * MicroKernel.Columns));
            }
        }
    }

    /// <summary>
    /// A panel of B from its transpose (n outermost), such as a linear layer's weight: k groups of
    /// <see cref="MicroKernel.Columns"/>, filled up with zeros.
    /// </summary>
    /// <param name="b">First element of the panel in B^T [n, k].</param>
    /// <param name="ldb">Floats from one n to the next.</param>
    /// <param name="columns">Columns of the panel.</param>
    /// <param name="k">Length of the stretch.</param>
    /// <param name="panel">Receives the panel.</param>
    public static void PackBTransposed(float* b, nint ldb, int columns, int k, float* panel)
    {
        int p0 = 0;
        if (KernelPath.HasLaneUnpacking)
        {
            int lanes = KernelPath.VectorBits == 512 ? 16 : 8;
            for (; p0 <= k - Line; p0 += Line)
            {
                for (int j = 0; j < MicroKernel.Columns; j += lanes)
                {
                    float* target = panel + ((nint)p0 * MicroKernel.Columns) + j;
                    if (j + lanes <= columns)
                    {
                        TransposeLine(b + (j * ldb) + p0, ldb, target, MicroKernel.Columns);
                    }
                    else
                    {
                        TransposeLine(b + (j * ldb) + p0, ldb, columns - j, target);
                    }
                }
            }
        }

        for (int j = 0; j < MicroKernel.Columns; j++)
        {
            for (int p = p0; p < k; p++)
            {
                panel[((nint)p * MicroKernel.Columns) + j] = j < columns ? b[(j * ldb) + p] : 0;
            }
        }
    }

    /// <summary>
    /// A cache line from each of a vector's worth of rows at a time: the rows' distance may put them all into a few
    /// sets.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeLine(float* rows, nint stride, float* panel, nint panelStride)
    {
        for (int p = 0; p < Line; p += 4)
        {
            Transpose(rows + p, stride, panel + (p * panelStride), panelStride);
        }
    }

    /// <summary>
    /// A square of 16 x 16 numbers of 4 bytes, rows one after another, where that can be done in registers.
    /// </summary>
    /// <param name="source">Its elements; any bits.</param>
    /// <param name="target">Receives the transpose; not <paramref name="source"/>.</param>
    public static void TransposeSquare(float* source, float* target)
    {
        int lanes = KernelPath.VectorBits == 512 ? 16 : 8;
        for (int row = 0; row < Line; row += lanes)
        {
            TransposeLine(source + (row * Line), Line, target + row, Line);
        }
    }

    /// <summary>The same where fewer rows are there, or none; the others count as zeros.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void TransposeLine(float* rows, nint stride, int present, float* panel)
    {
        float* copy = stackalloc float[Line * Line];
        for (int r = 0; r < Line; r++)
        {
            (r < present ? Vector512.Load(rows + (r * stride)) : Vector512<float>.Zero).Store(copy + (r * Line));
        }

        TransposeLine(copy, Line, panel, MicroKernel.Columns);
    }

    /// <summary>
    /// Four elements from each of a vector's worth of rows, to four vectors of a panel (AVX, and AVX-512 where blocks
    /// are that wide).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(float* rows, nint stride, float* panel, nint panelStride)
    {
        if (KernelPath.VectorBits == 512)
        {
            Vector512<float> a = Every4th512(rows, stride), b = Every4th512(rows + stride, stride);
            Vector512<float> c = Every4th512(rows + (2 * stride), stride), d = Every4th512(rows + (3 * stride), stride);
            Vector512<float> abLow = Avx512F.UnpackLow(a, b), abHigh = Avx512F.UnpackHigh(a, b);
            Vector512<float> cdLow = Avx512F.UnpackLow(c, d), cdHigh = Avx512F.UnpackHigh(c, d);
            Avx512F.Shuffle(abLow, cdLow, 0x44).Store(panel);
            Avx512F.Shuffle(abLow, cdLow, 0xEE).Store(panel + panelStride);
            Avx512F.Shuffle(abHigh, cdHigh, 0x44).Store(panel + (2 * panelStride));
            Avx512F.Shuffle(abHigh, cdHigh, 0xEE).Store(panel + (3 * panelStride));
        }
        else
        {
            Vector256<float> a = Every4th256(rows, stride), b = Every4th256(rows + stride, stride);
            Vector256<float> c = Every4th256(rows + (2 * stride), stride), d = Every4th256(rows + (3 * stride), stride);
            Vector256<float> abLow = Avx.UnpackLow(a, b), abHigh = Avx.UnpackHigh(a, b);
            Vector256<float> cdLow = Avx.UnpackLow(c, d), cdHigh = Avx.UnpackHigh(c, d);
            Avx.Shuffle(abLow, cdLow, 0x44).Store(panel);
            Avx.Shuffle(abLow, cdLow, 0xEE).Store(panel + panelStride);
            Avx.Shuffle(abHigh, cdHigh, 0x44).Store(panel + (2 * panelStride));
            Avx.Shuffle(abHigh, cdHigh, 0xEE).Store(panel + (3 * panelStride));
        }
    }

    /// <summary>Four elements each of rows 0, 4, 8 and 12.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Every4th512(float* rows, nint stride) =>
        Vector512.Create(Every4th256(rows, stride), Every4th256(rows + (8 * stride), stride));

    /// <summary>Four elements each of rows 0 and 4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Every4th256(float* rows, nint stride) =>
        Vector256.Create(Vector128.Load(rows), Vector128.Load(rows + (4 * stride)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(float* source, float* target, int count)
    {
        int i = 0;
        for (; i <= count - 16; i += 16)
        {
            Vector256.Load(source + i).Store(target + i);
            Vector256.Load(source + i + 8).Store(target + i + 8);
        }

        for (; i < count; i++)
        {
            target[i] = source[i];
        }
    }
}
