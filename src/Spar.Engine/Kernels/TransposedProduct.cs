namespace Spar.Engine.Kernels;

/// <summary>
/// C [m, n] += A^T B, which is how the gradient of a linear layer's weight follows from those of its outputs, A, and
/// from its inputs, B. The work is in tasks that do not wait for each other, so that several products and other work
/// can share one parallel loop. The order of every sum depends on k alone.
/// </summary>
/// <param name="a">A [k, m], row-major.</param>
/// <param name="lda">Floats from one row of A to the next.</param>
/// <param name="m">Rows of C.</param>
/// <param name="b">B [k, n].</param>
/// <param name="c">C; must not overlap A.</param>
/// <param name="ldc">Floats from one row of C to the next.</param>
internal readonly unsafe struct TransposedProduct(float* a, nint lda, int m, PackedRows b, float* c, nint ldc)
{
    /// <summary>Floats of scratch memory that a task needs.</summary>
    public long Scratch => b.Scratch;

    /// <summary>Number of tasks.</summary>
    public int Tasks => (Units + b.UnitsPerTask - 1) / b.UnitsPerTask;

    private int Units => (m + b.UnitRows - 1) / b.UnitRows;

    /// <summary>Does one task, on the calling thread.</summary>
    /// <param name="task">Which, 0 .. <see cref="Tasks"/> - 1.</param>
    /// <param name="scratch"><see cref="Scratch"/> floats.</param>
    public void Run(int task, float* scratch)
    {
        int firstRow = (int)((long)task * Units / Tasks) * b.UnitRows;
        int endRow = Math.Min(m, (int)((task + 1L) * Units / Tasks) * b.UnitRows);
        b.AddTransposed(a, lda, firstRow, endRow, c, ldc, scratch);
    }
}
