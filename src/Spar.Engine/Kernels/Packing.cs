using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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
        const int Run = 16; // a cache line of the source at a time
        for (int p0 = 0; p0 < k; p0 += Run)
        {
            int length = Math.Min(Run, k - p0);
            for (int j = 0; j < MicroKernel.Columns; j++)
            {
                float* target = panel + ((nint)p0 * MicroKernel.Columns) + j;
                float* source = b + (j * ldb) + p0;
                for (int p = 0; p < length; p++)
                {
                    target[p * MicroKernel.Columns] = j < columns ? source[p] : 0;
                }
            }
        }
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
