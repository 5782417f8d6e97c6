using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Spar.Engine.Kernels;

/// <summary>Copies pieces of matrices into the panels that <see cref="MicroKernel"/> reads.</summary>
internal static unsafe class Packing
{
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
    /// <param name="rows">Rows of the panel; where fewer than a full panel's, the rest is left as it is and never read.</param>
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

    /// <summary>A panel of B from its transpose (n outermost), such as a linear layer's weight: k groups of <see cref="MicroKernel.Columns"/>, filled up with zeros.</summary>
    /// <param name="b">First element of the panel in B^T [n, k].</param>
    /// <param name="ldb">Floats from one n to the next.</param>
    /// <param name="columns">Columns of the panel.</param>
    /// <param name="k">Length of the stretch.</param>
    /// <param name="panel">Receives the panel.</param>
    public static void PackBTransposed(float* b, nint ldb, int columns, int k, float* panel)
    {
        int p0 = 0;
        if (columns == MicroKernel.Columns && Avx.IsSupported)
        {
            for (; p0 <= k - 8; p0 += 8)
            {
                for (int j = 0; j < MicroKernel.Columns; j += 8)
                {
                    Transpose8(b + (j * ldb) + p0, ldb, panel + ((nint)p0 * MicroKernel.Columns) + j, MicroKernel.Columns);
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

    /// <summary>Transposes a block of 8 x 8 (AVX).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose8(float* s, nint lds, float* t, nint ldt)
    {
        Vector256<float> a = Vector256.Load(s), b = Vector256.Load(s + lds), c = Vector256.Load(s + (2 * lds)), d = Vector256.Load(s + (3 * lds));
        s += 4 * lds;
        Vector256<float> e = Vector256.Load(s), f = Vector256.Load(s + lds), g = Vector256.Load(s + (2 * lds)), h = Vector256.Load(s + (3 * lds));
        Interleave(a, e, out a, out e);
        Interleave(b, f, out b, out f);
        Interleave(c, g, out c, out g);
        Interleave(d, h, out d, out h);
        Interleave(a, c, out a, out c);
        Interleave(b, d, out b, out d);
        Interleave(e, g, out e, out g);
        Interleave(f, h, out f, out h);
        Interleave(a, b, out a, out b);
        Interleave(c, d, out c, out d);
        Interleave(e, f, out e, out f);
        Interleave(g, h, out g, out h);
        a.Store(t);
        b.Store(t + ldt);
        c.Store(t + (2 * ldt));
        d.Store(t + (3 * ldt));
        t += 4 * ldt;
        e.Store(t);
        f.Store(t + ldt);
        g.Store(t + (2 * ldt));
        h.Store(t + (3 * ldt));
    }

    /// <summary>x0 y0 x1 y1 .. x3 y3, and x4 y4 .. x7 y7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Interleave(Vector256<float> x, Vector256<float> y, out Vector256<float> low, out Vector256<float> high)
    {
        Vector256<float> first = Avx.UnpackLow(x, y), second = Avx.UnpackHigh(x, y);
        low = Avx.Permute2x128(first, second, 0x20);
        high = Avx.Permute2x128(first, second, 0x31);
    }

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
