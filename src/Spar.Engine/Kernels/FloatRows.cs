namespace Spar.Engine.Kernels;

/// <summary>
/// Rows in float32: panels of <see cref="MicroKernel.Columns"/> columns, in each the rows one after another. The last
/// panel is filled up with zeros. Sums are in the order of <see cref="Gemm"/>.
/// </summary>
internal sealed unsafe class FloatRows : PackedRows
{
    // rows of A that are packed at a time for all panels: they are read from end to end
    private const int PackDepth = 32;

    private readonly AlignedBuffer _data = new();

    public override int UnitRows => MicroKernel.Rows;

    public override int UnitsPerTask => 8; // panels of A that a task keeps in its L2 cache

    public override long Scratch => (long)UnitsPerTask * MicroKernel.Rows * MicroKernel.StretchK;

    public override void Reserve(int rows, int columns)
    {
        base.Reserve(rows, columns);
        _data.Reserve((long)Gemm.Panels(columns) * MicroKernel.Columns * rows);
    }

    public override void Put(int first, int rows, float* source, nint ld)
    {
        for (int column = 0; column < Columns; column += MicroKernel.Columns)
        {
            Packing.PackBRows(
                source + column, ld, Math.Min(MicroKernel.Columns, Columns - column), rows, Panel(column, first));
        }
    }

    public override void Clear(int first, int rows)
    {
        for (int column = 0; column < Columns; column += MicroKernel.Columns)
        {
            new Span<float>(Panel(column, first), rows * MicroKernel.Columns).Clear();
        }
    }

    public override void AddTransposed(float* a, nint lda, int firstRow, int endRow, float* c, nint ldc, float* scratch)
    {
        int high = MicroKernel.Rows, wide = MicroKernel.Columns;
        for (int k0 = 0; k0 < Rows; k0 += MicroKernel.StretchK)
        {
            int depth = Math.Min(MicroKernel.StretchK, Rows - k0);
            PackA(a, lda, firstRow, endRow, k0, depth, scratch);
            for (int column = 0; column < Columns; column += wide)
            {
                int columns = Math.Min(wide, Columns - column);
                float* panel = scratch;
                for (int row = firstRow; row < endRow; row += high, panel += high * MicroKernel.StretchK)
                {
                    int rows = Math.Min(high, endRow - row);
                    float* target = c + (row * ldc) + column;
                    Gemm.Block(rows, columns, panel, 1, high, Panel(column, k0), depth, target, ldc, target);
                }
            }
        }
    }

    public override void Dispose() => _data.Dispose();

    private float* Panel(int column, int row) => _data.Data + ((nint)column * Rows) + ((nint)row * MicroKernel.Columns);

    /// <summary>Packs some columns of A, a stretch of k.</summary>
    private void PackA(float* a, nint lda, int firstRow, int endRow, int k0, int depth, float* packed)
    {
        int high = MicroKernel.Rows;
        for (int k = 0; k < depth; k += PackDepth)
        {
            int next = k0 + k + PackDepth;
            Packing.Fetch(a + (next * lda) + firstRow, lda, endRow - firstRow, Math.Min(PackDepth, Rows - next));
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
