using Spar.Engine.Tensors;

namespace Spar.Engine.Kernels;

/// <summary>
/// A matrix B [k, n] whose rows lie in one or several tensors, one below the other, for products A B that lay out what
/// they need of it on the way: no copy of it is kept, and none has to follow when the tensors change.
/// </summary>
internal sealed unsafe class StackedRows
{
    private readonly Tensor[] _parts;

    /// <summary>Stacks tensors.</summary>
    /// <param name="parts">Matrices with n columns each, at least one.</param>
    public StackedRows(params IEnumerable<Tensor> parts)
    {
        _parts = [.. parts];
        Rows = _parts.Sum(part => part.Shape[0]);
        Columns = _parts[0].Shape[1];
    }

    /// <summary>k.</summary>
    public int Rows { get; }

    /// <summary>n.</summary>
    public int Columns { get; }

    /// <summary>
    /// Packs some columns of some rows: panels of <see cref="MicroKernel.Columns"/> columns, in each the rows one after
    /// another. The last panel is filled up with zeros.
    /// </summary>
    /// <param name="first">First row.</param>
    /// <param name="rows">How many.</param>
    /// <param name="column">First column.</param>
    /// <param name="columns">How many.</param>
    /// <param name="panels">Receives the panels.</param>
    public void Pack(int first, int rows, int column, int columns, float* panels)
    {
        int start = 0;
        foreach (Tensor part in _parts)
        {
            int from = Math.Max(first, start), end = Math.Min(first + rows, start + part.Shape[0]);
            fixed (float* data = part.Data)
            {
                Packing.PackBPanels(
                    data + ((nint)(from - start) * Columns) + column, Columns, columns, end - from,
                    panels + ((nint)(from - first) * MicroKernel.Columns), rows);
            }

            start += part.Shape[0];
        }
    }

    /// <summary>
    /// The same as bfloat16, in tiles: those along the rows one after another, two side by side.
    /// </summary>
    /// <param name="first">First row.</param>
    /// <param name="rows">How many.</param>
    /// <param name="column">First column.</param>
    /// <param name="columns">How many, up to 32.</param>
    /// <param name="tiles">Receives the tiles.</param>
    public void PackTiles(int first, int rows, int column, int columns, ushort* tiles)
    {
        int left = Math.Min(columns, TileKernel.Side), right = columns - left;
        int whole = TilePacking.Blocks(rows) * TileKernel.Depth;
        for (int row = 0; row < whole; row += 2)
        {
            float* even = row < rows ? Row(first + row) + column : null;
            float* odd = row + 1 < rows ? Row(first + row + 1) + column : null;
            uint* pairs = (uint*)(tiles + ((nint)row / TileKernel.Depth * 2 * TileKernel.Tile))
                + (row % TileKernel.Depth / 2 * TileKernel.Side);
            TilePacking.Pair(even, odd, left, pairs);
            TilePacking.Pair(
                even == null ? null : even + left, odd == null ? null : odd + left, right,
                pairs + (TileKernel.Tile / 2));
        }
    }

    private float* Row(int row)
    {
        foreach (Tensor part in _parts)
        {
            if (row < part.Shape[0])
            {
                // Tensors are pinned, so the pointer outlives the statement.
                fixed (float* data = part.Data)
                {
                    return data + ((nint)row * Columns);
                }
            }

            row -= part.Shape[0];
        }

        throw new ArgumentOutOfRangeException(nameof(row));
    }
}
