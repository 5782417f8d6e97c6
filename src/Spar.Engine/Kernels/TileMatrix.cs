namespace Spar.Engine.Kernels;

/// <summary>
/// A weight W [outputs, inputs] in bfloat16, for products x W^T: panels of 32 outputs, in each the tiles of
/// <see cref="TileKernel"/> along the inputs, two side by side.
/// </summary>
internal sealed unsafe class TileMatrix : PackedWeight
{
    /// <summary>Packs a weight given as rows.</summary>
    /// <param name="weight">W, row-major.</param>
    /// <param name="outputs">Rows of W, at least 1.</param>
    /// <param name="inputs">Columns of W, at least 1.</param>
    public TileMatrix(ReadOnlySpan<float> weight, int outputs, int inputs)
        : this(outputs, inputs, null)
    {
        Fill(weight);
    }

    /// <summary>Makes room for a matrix, or takes memory for it.</summary>
    /// <param name="outputs">Rows of W, at least 1.</param>
    /// <param name="inputs">Columns of W, at least 1.</param>
    /// <param name="memory">
    /// <see cref="Floats"/> floats, 64-byte aligned, for as long as the matrix is used; or null.
    /// </param>
    public TileMatrix(int outputs, int inputs, float* memory)
        : base(outputs, inputs, Floats(outputs, inputs), memory)
    {
    }

    /// <summary>The tiles, whose columns are outputs.</summary>
    public TilePanels Panels => new((ushort*)Memory, Inputs);

    /// <summary>Floats of memory that a matrix takes.</summary>
    public static long Floats(int outputs, int inputs) => TilePanels.Floats(outputs, inputs);

    public override long RowsScratch(int rows) => TileGemm.RowsScratch(rows);

    public override void Multiply(ThreadTeam team, float* x, int ldx, int rows, float* y, int ldy, bool accumulate) =>
        TileGemm.Multiply(team, x, ldx, rows, this, y, ldy, accumulate);

    public override void MultiplyRows(
        float* x, int ldx, int rows, float* y, int ldy, float* addend, float* scratch) =>
        TileGemm.MultiplyRows(x, ldx, rows, this, y, ldy, addend, scratch);

    public override void FillOutputs(int first, int count, float* source, nint ld)
    {
        TilePanels panels = Panels;
        for (int row = 0; row < count; row += TileKernel.Side)
        {
            int columns = Math.Min(TileKernel.Side, count - row), half = (first + row) / TileKernel.Side % 2;
            for (int k = 0; k < Inputs; k += TileKernel.Depth)
            {
                TilePacking.PackBTransposed(
                    source + (row * ld) + k, ld, columns, Math.Min(TileKernel.Depth, Inputs - k),
                    panels.At(first + row, k) + (half * TileKernel.Tile));
            }
        }

        // The second tile of the last panel, where the outputs end before it.
        bool ends = first + count == Outputs && (Outputs - 1) % TileKernel.Block < TileKernel.Side;
        for (int k = 0; ends && k < Inputs; k += TileKernel.Depth)
        {
            new Span<ushort>(panels.At(Outputs - 1, k) + TileKernel.Tile, TileKernel.Tile).Clear();
        }
    }

    public override void FillInputs(int first, int count, float* source, nint ld)
    {
        TilePanels panels = Panels;
        for (int k = 0; k < count; k += TileKernel.Depth)
        {
            TilePacking.PackPanels(
                source + (k * ld), ld, Outputs, Math.Min(TileKernel.Depth, count - k), panels.At(0, first + k),
                panels.Stride);
        }
    }
}
