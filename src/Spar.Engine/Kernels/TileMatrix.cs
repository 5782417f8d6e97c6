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

    /// <summary>Numbers from one panel to the next.</summary>
    public nint PanelStride => 2 * (nint)TilePacking.Blocks(Inputs) * TileKernel.Tile;

    /// <summary>Floats of memory that a matrix takes.</summary>
    public static long Floats(int outputs, int inputs) =>
        (outputs + TileKernel.Block - 1L) / TileKernel.Block * TilePacking.Blocks(inputs) * TileKernel.Tile;

    /// <summary>The tiles of the panel that begins at an output, from an input on, a multiple of 32.</summary>
    public ushort* Panel(int output, int input) =>
        (ushort*)Memory + (output / TileKernel.Block * PanelStride) + ((nint)input / TileKernel.Depth * 2 * TileKernel.Tile);

    public override long RowsScratch(int rows) => TileGemm.RowsScratch(rows);

    public override void Multiply(ThreadTeam team, float* x, int ldx, int rows, float* y, int ldy, bool accumulate) =>
        TileGemm.Multiply(team, x, ldx, rows, this, y, ldy, accumulate);

    public override void MultiplyRows(
        float* x, int ldx, int rows, float* y, int ldy, float* addend, float* scratch) =>
        TileGemm.MultiplyRows(x, ldx, rows, this, y, ldy, addend, scratch);

    public override void FillOutputs(int first, int count, float* source, nint ld)
    {
        for (int row = 0; row < count; row += TileKernel.Side)
        {
            int columns = Math.Min(TileKernel.Side, count - row), half = (first + row) / TileKernel.Side % 2;
            for (int k = 0; k < Inputs; k += TileKernel.Depth)
            {
                TilePacking.PackBTransposed(
                    source + (row * ld) + k, ld, columns, Math.Min(TileKernel.Depth, Inputs - k),
                    Panel(first + row, k) + (half * TileKernel.Tile));
            }
        }

        if (first + count == Outputs && (Outputs - 1) % TileKernel.Block < TileKernel.Side)
        {
            ClearHalf();
        }
    }

    public override void FillInputs(int first, int count, float* source, nint ld)
    {
        for (int k = 0; k < count; k += TileKernel.Depth)
        {
            TilePacking.PackPanels(
                source + (k * ld), ld, Outputs, Math.Min(TileKernel.Depth, count - k), Panel(0, first + k), PanelStride);
        }
    }

    // The second tile of the last panel, where the outputs end before it.
    private void ClearHalf()
    {
        for (int k = 0; k < Inputs; k += TileKernel.Depth)
        {
            new Span<ushort>(Panel(Outputs - 1, k) + TileKernel.Tile, TileKernel.Tile).Clear();
        }
    }
}
