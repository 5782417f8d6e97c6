namespace Spar.Engine.Kernels;

/// <summary>
/// Rows of a matrix B [k, n] in bfloat16: panels of 32 columns, in each the tiles of <see cref="TileKernel"/> along
/// the rows, two side by side.
/// </summary>
internal sealed unsafe class TileRows : PackedRows
{
    private readonly AlignedBuffer _data = new();

    public override int UnitRows => TileKernel.Block;

    public override int UnitsPerTask => 3;

    public override long Scratch => (long)UnitsPerTask * TileKernel.Block * TileGemm.PassDepth / 2;

    public override void Reserve(int rows, int columns)
    {
        base.Reserve(rows, columns);
        int tail = rows % TileKernel.Depth;
        _data.Reserve(TilePanels.Floats(columns, rows));
        for (int column = 0; tail > 0 && column < columns; column += TileKernel.Block)
        {
            new Span<ushort>(Panels.At(column, rows - tail), 2 * TileKernel.Tile).Clear();
        }
    }

    public override void Put(int first, int rows, float* source, nint ld)
    {
        TilePanels panels = Panels;
        for (int row = first; row < first + rows;)
        {
            float* from = source == null ? null : source + ((row - first) * ld);
            if (row % TileKernel.Depth > 0 || first + rows - row < TileKernel.Depth)
            {
                PutRow(row++, from);
                continue;
            }

            if (from != null)
            {
                TilePacking.PackPanels(from, ld, Columns, TileKernel.Depth, panels.At(0, row), panels.Stride);
            }

            for (int column = 0; from == null && column < Columns; column += TileKernel.Block)
            {
                new Span<ushort>(panels.At(column, row), 2 * TileKernel.Tile).Clear();
            }

            row += TileKernel.Depth;
        }
    }

    public override void Clear(int first, int rows) => Put(first, rows, null, 0);

    public override void AddTransposed(float* a, nint lda, int firstRow, int endRow, float* c, nint ldc, float* scratch)
    {
        TilePanels panels = Panels;
        ushort* tiles = (ushort*)scratch;
        int heights = (endRow - firstRow + TileKernel.Side - 1) / TileKernel.Side;
        TileKernel.Begin();
        for (int k0 = 0; k0 < Rows; k0 += TileGemm.PassDepth)
        {
            int depth = Math.Min(TileGemm.PassDepth, Rows - k0), blocks = TilePacking.Blocks(depth);
            for (int k = 0; k < depth; k += TileKernel.Depth)
            {
                int next = k0 + k + TileKernel.Depth;
                Packing.Fetch(
                    a + (next * lda) + firstRow, lda, endRow - firstRow, Math.Min(TileKernel.Depth, Rows - next));
                for (int height = 0; height < heights; height++)
                {
                    int row = firstRow + (height * TileKernel.Side);
                    TilePacking.PackATransposed(
                        a + ((k0 + k) * lda) + row, lda, Math.Min(TileKernel.Side, endRow - row),
                        Math.Min(TileKernel.Depth, depth - k),
                        tiles + ((((nint)height * blocks) + (k / TileKernel.Depth)) * TileKernel.Tile));
                }
            }

            float* first = c + (firstRow * ldc);
            TileGemm.Blocks(
                endRow - firstRow, Columns, tiles, blocks, panels.At(0, k0), panels.Stride, first, ldc, first);
        }

        TileKernel.End();
    }

    public override void Dispose() => _data.Dispose();

    private TilePanels Panels => new((ushort*)_data.Data, Rows);

    /// <summary>A row alone, or zeros: one number of each pair, as the other is another task's.</summary>
    private void PutRow(int row, float* source)
    {
        TilePanels panels = Panels;
        int whole = (Columns + TileKernel.Block - 1) / TileKernel.Block * TileKernel.Block;
        nint line = (row % TileKernel.Depth / 2 * TileKernel.Depth) + (row % 2);
        for (int column = 0; column < whole; column++)
        {
            ushort* tile = panels.At(column, row) + (column % TileKernel.Block / TileKernel.Side * TileKernel.Tile);
            tile[line + (2 * (column % TileKernel.Side))] =
                source == null || column >= Columns ? (ushort)0 : TilePacking.Round(source[column]);
        }
    }
}
