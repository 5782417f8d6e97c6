namespace Spar.Engine.Kernels;

/// <summary>
/// Rows of a matrix B [k, n], laid out as they come for the products A^T B of <see cref="TransposedProduct"/>: panels
/// of <see cref="MicroKernel.Columns"/> columns, in each the rows one after another. The last panel is filled up with
/// zeros.
/// </summary>
internal sealed unsafe class PackedRows : IDisposable
{
    private readonly AlignedBuffer _data = new();

    /// <summary>k.</summary>
    public int Rows { get; private set; }

    /// <summary>n.</summary>
    public int Columns { get; private set; }

    /// <summary>Makes room. What the matrix held is lost.</summary>
    /// <param name="rows">k.</param>
    /// <param name="columns">n.</param>
    public void Reserve(int rows, int columns)
    {
        (Rows, Columns) = (rows, columns);
        _data.Reserve((long)Gemm.Panels(columns) * MicroKernel.Columns * rows);
    }

    /// <summary>Takes over some rows. Threads may put different rows at the same time.</summary>
    /// <param name="first">The first.</param>
    /// <param name="rows">How many.</param>
    /// <param name="source">Its first element.</param>
    /// <param name="ld">Floats from one row of the source to the next.</param>
    public void Put(int first, int rows, float* source, nint ld)
    {
        for (int column = 0; column < Columns; column += MicroKernel.Columns)
        {
            Packing.PackBRows(
                source + column, ld, Math.Min(MicroKernel.Columns, Columns - column), rows, Panel(column, first));
        }
    }

    /// <summary>Makes some rows 0.</summary>
    /// <param name="first">The first.</param>
    /// <param name="rows">How many.</param>
    public void Clear(int first, int rows)
    {
        for (int column = 0; column < Columns; column += MicroKernel.Columns)
        {
            new Span<float>(Panel(column, first), rows * MicroKernel.Columns).Clear();
        }
    }

    /// <summary>The panel that begins at a column, from a row on.</summary>
    public float* Panel(int column, int row) => _data.Data + ((nint)column * Rows) + ((nint)row * MicroKernel.Columns);

    public void Dispose() => _data.Dispose();
}
