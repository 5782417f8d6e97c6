using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spar.Engine.Kernels;

/// <summary>
/// Rounds pieces of float32 matrices to bfloat16 (nearest, ties to even; what is below
/// <see cref="TileKernel.Smallest"/> to 0) and lays them out in the tiles of <see cref="TileKernel"/>. What is
/// missing of a tile is 0.
/// </summary>
internal static unsafe class TilePacking
{
    private const uint Sign = 0x80000000, Infinity = 0x7f800000, NotANumber = 0x7fc00000;

    /// <summary>Tiles that a length takes along k.</summary>
    public static int Blocks(int k) => (k + TileKernel.Depth - 1) / TileKernel.Depth;

    /// <summary>Tiles of A from its rows: for every 16 rows, tiles along k one after another.</summary>
    /// <param name="a">First element of the rows.</param>
    /// <param name="lda">Floats from one row to the next.</param>
    /// <param name="rows">How many; what the last tiles have beyond them stays undefined.</param>
    /// <param name="k">Their length.</param>
    /// <param name="tiles">Receives the tiles.</param>
    public static void PackA(float* a, nint lda, int rows, int k, ushort* tiles)
    {
        int blocks = Blocks(k);
        for (int row = 0; row < rows; row++, a += lda)
        {
            ushort* line = tiles + ((nint)(row / TileKernel.Side) * blocks * TileKernel.Tile)
                + (row % TileKernel.Side * TileKernel.Depth);
            int i = 0;
            for (; i <= k - TileKernel.Depth; i += TileKernel.Depth, line += TileKernel.Tile)
            {
                Line(a + i, TileKernel.Depth, line);
            }

            if (i < k)
            {
                PartOfLine(a + i, k - i, line);
            }
        }
    }

    /// <summary>A tile of A from A^T, whose rows go along k.</summary>
    /// <param name="a">First element of the tile in A^T [k, m].</param>
    /// <param name="lda">Floats from one k to the next.</param>
    /// <param name="rows">Rows of the tile that there are, up to 16.</param>
    /// <param name="k">Steps of k that there are, up to 32.</param>
    /// <param name="tile">Receives the tile.</param>
    public static void PackATransposed(float* a, nint lda, int rows, int k, ushort* tile)
    {
        uint* pairs = stackalloc uint[TileKernel.Side * TileKernel.Side];
        Pairs(a, lda, rows, k, pairs);
        Transpose(pairs, (uint*)tile);
    }

    /// <summary>A tile of B from rows that go along k.</summary>
    /// <param name="b">First element of the tile in B [k, n].</param>
    /// <param name="ldb">Floats from one k to the next.</param>
    /// <param name="columns">Columns that there are, up to 16.</param>
    /// <param name="k">Steps of k that there are, up to 32.</param>
    /// <param name="tile">Receives the tile.</param>
    public static void PackB(float* b, nint ldb, int columns, int k, ushort* tile) =>
        Pairs(b, ldb, columns, k, (uint*)tile);

    /// <summary>The tiles of all columns of B from rows that go along k.</summary>
    /// <param name="b">B [k, n].</param>
    /// <param name="ldb">Floats from one k to the next.</param>
    /// <param name="columns">n.</param>
    /// <param name="k">Steps of k that there are, up to 32.</param>
    /// <param name="panel">Receives the tiles of the first 32 columns.</param>
    /// <param name="panelStride">Numbers from there to those of the next 32.</param>
    public static void PackPanels(float* b, nint ldb, int columns, int k, ushort* panel, nint panelStride)
    {
        for (int column = 0; column < columns; column += TileKernel.Block, panel += panelStride)
        {
            for (int half = 0; half < TileKernel.Block; half += TileKernel.Side)
            {
                int present = Math.Clamp(columns - column - half, 0, TileKernel.Side);
                PackB(b + column + half, ldb, present, k, panel + (half / TileKernel.Side * TileKernel.Tile));
            }
        }
    }

    /// <summary>A tile of B from B^T, such as a linear layer's weight.</summary>
    /// <param name="b">First element of the tile in B^T [n, k].</param>
    /// <param name="ldb">Floats from one column of B to the next.</param>
    /// <param name="columns">Columns that there are, up to 16.</param>
    /// <param name="k">Steps of k that there are, up to 32.</param>
    /// <param name="tile">Receives the tile.</param>
    public static void PackBTransposed(float* b, nint ldb, int columns, int k, ushort* tile)
    {
        ushort* lines = stackalloc ushort[TileKernel.Tile];
        for (int column = 0; column < TileKernel.Side; column++)
        {
            if (column < columns)
            {
                Line(b + (column * ldb), k, lines + (column * TileKernel.Depth));
            }
            else
            {
                new Span<ushort>(lines + (column * TileKernel.Depth), TileKernel.Depth).Clear();
            }
        }

        Transpose((uint*)lines, (uint*)tile);
    }

    /// <summary>One pair of k of a tile of B, of its 16 columns.</summary>
    /// <param name="first">The first row's numbers; null for zeros.</param>
    /// <param name="second">The second's; null for zeros.</param>
    /// <param name="columns">Columns that there are, up to 16.</param>
    /// <param name="pairs">Receives the pairs.</param>
    public static void Pair(float* first, float* second, int columns, uint* pairs)
    {
        if (columns == TileKernel.Side)
        {
            Vector512<uint> low = first == null ? Vector512<uint>.Zero : Round(Vector512.Load(first)) >>> 16;
            Vector512<uint> high = second == null ? Vector512<uint>.Zero : Round(Vector512.Load(second));
            (low | high).Store(pairs);
            return;
        }

        for (int i = 0; i < TileKernel.Side; i++)
        {
            pairs[i] = i >= columns ? 0
                : (first == null ? 0u : Round(first[i])) | (second == null ? 0u : (uint)Round(second[i]) << 16);
        }
    }

    /// <summary>A number as bfloat16.</summary>
    public static ushort Round(float value) => (ushort)(Round(Vector512.Create(value)).GetElement(0) >>> 16);

    /// <summary>Up to 32 numbers one after another, filled up with zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Line(float* source, int count, ushort* target)
    {
        if (count < TileKernel.Depth)
        {
            PartOfLine(source, count, target);
            return;
        }

        Vector512<uint> left = Round(Vector512.Load(source)) >>> 16;
        Vector512<uint> right = Round(Vector512.Load(source + TileKernel.Side)) >>> 16;
        Vector512.Narrow(left, right).Store(target);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void PartOfLine(float* source, int count, ushort* target)
    {
        float* padded = stackalloc float[TileKernel.Depth];
        new Span<float>(padded, TileKernel.Depth).Clear();
        new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(padded, count));
        Line(padded, TileKernel.Depth, target);
    }

    /// <summary>16 lines of pairs, from rows along k.</summary>
    private static void Pairs(float* rows, nint stride, int columns, int k, uint* pairs)
    {
        for (int i = 0; i < TileKernel.Depth; i += 2, rows += 2 * stride, pairs += TileKernel.Side)
        {
            Pair(i < k ? rows : null, i + 1 < k ? rows + stride : null, columns, pairs);
        }
    }

    /// <summary>16 x 16 pairs.</summary>
    private static void Transpose(uint* source, uint* target)
    {
        if (KernelPath.HasLaneUnpacking)
        {
            Packing.TransposeSquare((float*)source, (float*)target);
            return;
        }

        for (int i = 0; i < TileKernel.Side; i++)
        {
            for (int j = 0; j < TileKernel.Side; j++)
            {
                target[(j * TileKernel.Side) + i] = source[(i * TileKernel.Side) + j];
            }
        }
    }

    /// <summary>The rounded numbers in the upper halves; the lower ones are 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Round(Vector512<float> value)
    {
        Vector512<uint> bits = value.AsUInt32(), magnitude = bits & Vector512.Create(~Sign);
        Vector512<uint> nearest = bits + Vector512.Create(0x7fffu) + ((bits >>> 16) & Vector512<uint>.One);
        nearest = Vector512.ConditionalSelect(
            Vector512.LessThan(magnitude, Vector512.Create(BitConverter.SingleToUInt32Bits(TileKernel.Smallest))),
            bits & Vector512.Create(Sign), nearest);
        nearest = Vector512.ConditionalSelect(
            Vector512.GreaterThan(magnitude, Vector512.Create(Infinity)), Vector512.Create(NotANumber), nearest);
        return nearest & Vector512.Create(0xffff0000);
    }
}
