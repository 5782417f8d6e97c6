using Spar.Engine.Tensors;

namespace Spar.Engine.Kernels;

/// <summary>
/// Rows of a matrix B [k, n], laid out as they come for the products A^T B of <see cref="TransposedProduct"/>.
/// </summary>
internal abstract unsafe class PackedRows : IDisposable
{
    /// <summary>k.</summary>
    public int Rows { get; private set; }

    /// <summary>n.</summary>
    public int Columns { get; private set; }

    /// <summary>Rows of C that products do together: tasks have whole units but for the last.</summary>
    public abstract int UnitRows { get; }

    /// <summary>Units of a task, at most.</summary>
    public abstract int UnitsPerTask { get; }

    /// <summary>Floats of scratch memory that a task needs.</summary>
    public abstract long Scratch { get; }

    /// <summary>An empty matrix.</summary>
    /// <param name="dtype">The numbers that products multiply: float32 or bfloat16.</param>
    public static PackedRows Create(DType dtype) => dtype == DType.BFloat16 ? new TileRows() : new FloatRows();

    /// <summary>Makes room. What the matrix held is lost.</summary>
    /// <param name="rows">k.</param>
    /// <param name="columns">n.</param>
    public virtual void Reserve(int rows, int columns) => (Rows, Columns) = (rows, columns);

    /// <summary>Takes over some rows. Threads may put different rows at the same time.</summary>
    /// <param name="first">The first.</param>
    /// <param name="rows">How many.</param>
    /// <param name="source">Its first element.</param>
    /// <param name="ld">Floats from one row of the source to the next.</param>
    public abstract void Put(int first, int rows, float* source, nint ld);

    /// <summary>Makes some rows 0.</summary>
    /// <param name="first">The first.</param>
    /// <param name="rows">How many.</param>
    public abstract void Clear(int first, int rows);

    /// <summary>Some rows of C [m, n] += A^T B, on the calling thread.</summary>
    /// <param name="a">A [k, m], row-major.</param>
    /// <param name="lda">Floats from one row of A to the next.</param>
    /// <param name="firstRow">First row of C, of a unit.</param>
    /// <param name="endRow">The row after the last.</param>
    /// <param name="c">C; must not overlap A.</param>
    /// <param name="ldc">Floats from one row of C to the next.</param>
    /// <param name="scratch"><see cref="Scratch"/> floats.</param>
    public abstract void AddTransposed(
        float* a, nint lda, int firstRow, int endRow, float* c, nint ldc, float* scratch);

    /// <summary>Frees the memory.</summary>
    public abstract void Dispose();
}
