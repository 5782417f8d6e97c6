namespace Spar.Engine.Kernels;

/// <summary>
/// Where the tiles of a matrix B [k, n] lie: panels of 32 columns, in each the tiles of <see cref="TileKernel"/> along
/// k, two side by side.
/// </summary>
/// <param name="first">The first tile.</param>
/// <param name="k">Rows of B.</param>
internal readonly unsafe struct TilePanels(ushort* first, int k)
{
    /// <summary>Numbers from one panel to the next.</summary>
    public nint Stride { get; } = 2 * (nint)TilePacking.Blocks(k) * TileKernel.Tile;

    /// <summary>Floats of memory that a matrix takes.</summary>
    /// <param name="columns">n.</param>
    /// <param name="k">Rows of B.</param>
    public static long Floats(int columns, int k) =>
        (columns + TileKernel.Block - 1L) / TileKernel.Block * TilePacking.Blocks(k) * TileKernel.Tile;

    /// <summary>The two tiles that a row lies in, of the panel that a column lies in.</summary>
    public ushort* At(int column, int row) =>
        first + (column / TileKernel.Block * Stride) + ((nint)row / TileKernel.Depth * 2 * TileKernel.Tile);
}
