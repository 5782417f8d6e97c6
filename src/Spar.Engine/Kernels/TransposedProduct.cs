namespace Spar.Engine.Kernels;

/// <summary>
/// C [m, n] += A^T B, which is how the gradient of a linear layer's weight follows from those of its outputs, A, and
/// from its inputs, B. The work is in tasks that do not wait for each other, so that several products and other work
/// can share one parallel loop. Every element of C is summed up in the order of <see cref="Gemm"/>.
/// </summary>
/// <param name="a">A [k, m], row-major.</param>
/// <param name="lda">Floats from one row of A to the next.</param>
/// <param name="m">Rows of C.</param>
/// <param name="b">B [k, n].</param>
/// <param name="c">C; must not overlap A.</param>
/// <param name="ldc">Floats from one row of C to the next.</param>
internal readonly unsafe struct TransposedProduct(float* a, nint lda, int m, PackedRows b, float* c, nint ldc)
{
    private const int PanelsPerTask = 8; // panels of A that a task keeps in its L2 cache
    // rows of A that are packed at a time for all panels: they are read from end to end
    private const int PackDepth = 32;

    /// <summary>Floats of scratch memory that a task needs.</summary>
    public static long Scratch => (long)PanelsPerTask * MicroKernel.Rows * MicroKernel.StretchK;

    /// <summary>Number of tasks.</summary>
    public int Tasks => (Panels + PanelsPerTask - 1) / PanelsPerTask;

    private int Panels => (m + MicroKernel.Rows - 1) / MicroKernel.Rows;

    /// <summary>Does one task, on the calling thread.</summary>
    /// <param name="task">Which, 0 .. <see cref="Tasks"/> - 1.</param>
    /// <param name="scratch"><see cref="Scratch"/> floats.</param>
    public void Run(int task, float* scratch)
    {
        int high = MicroKernel.Rows, wide = MicroKernel.Columns;
        int firstRow = (int)((long)task * Panels / Tasks) * high;
        int endRow = Math.Min(m, (int)((task + 1L) * Panels / Tasks) * high);
        for (int k0 = 0; k0 < b.Rows; k0 += MicroKernel.StretchK)
        {
            int depth = Math.Min(MicroKernel.StretchK, b.Rows - k0);
            Pack(firstRow, endRow, k0, depth, scratch);
            for (int column = 0; column < b.Columns; column += wide)
            {
                int columns = Math.Min(wide, b.Columns - column);
                float* panel = scratch;
                for (int row = firstRow; row < endRow; row += high, panel += high * MicroKernel.StretchK)
                {
                    int rows = Math.Min(high, endRow - row);
                    float* target = c + (row * ldc) + column;
                    Gemm.Block(rows, columns, panel, 1, high, b.Panel(column, k0), depth, target, ldc, target);
                }
            }
        }
    }

    /// <summary>Packs some columns of A, a stretch of k.</summary>
    private void Pack(int firstRow, int endRow, int k0, int depth, float* packed)
    {
        int high = MicroKernel.Rows;
        for (int k = 0; k < depth; k += PackDepth)
        {
            int next = k0 + k + PackDepth;
            Packing.Fetch(a + (next * lda) + firstRow, lda, endRow - firstRow, Math.Min(PackDepth, b.Rows - next));
            float* panel = packed + (k * high);
            for (int row = firstRow; row < endRow; row += high, panel += high * MicroKernel.StretchK)
            {
                Packing.PackATransposed(
                    a + ((k0 + k) * lda) + row, lda, Math.Min(high, endRow - row), Math.Min(PackDepth, depth - k),
                    panel);
            }
        }
    }
}
