using Spar.Engine.Tensors;

namespace Spar.Engine.Kernels;

/// <summary>
/// Matrix products of bfloat16 numbers with float32 sums: activations are rounded on the way, weights beforehand. The
/// order of sums is that of <see cref="TileKernel"/>, and depends on k alone.
/// </summary>
internal static unsafe class TileGemm
{
    /// <summary>
    /// Steps of k that are packed together, so that they stay in the L2 cache; a multiple of a tile's.
    /// </summary>
    public const int PassDepth = 1024;

    private const int TasksPerThread = 4;

    /// <summary>Floats of scratch memory that products on the calling thread need for a number of rows.</summary>
    public static long RowsScratch(int rows) =>
        ((long)Heights(rows) * TileKernel.Side * PassDepth / 2) + (TileKernel.Block * PassDepth / 2);

    /// <summary>y [rows, outputs] = or += x [rows, inputs] W^T, on all threads.</summary>
    /// <param name="team">Threads to use; its shared scratch memory is overwritten.</param>
    /// <param name="x">Inputs.</param>
    /// <param name="ldx">Floats from one row of x to the next.</param>
    /// <param name="rows">Rows of x.</param>
    /// <param name="w">The weight.</param>
    /// <param name="y">Receives the outputs; must not overlap x.</param>
    /// <param name="ldy">Floats from one row of y to the next.</param>
    /// <param name="accumulate">Adds to y instead of overwriting it.</param>
    public static void Multiply(
        ThreadTeam team, float* x, int ldx, int rows, TileMatrix w, float* y, int ldy, bool accumulate)
    {
        int blocks = TilePacking.Blocks(w.Inputs), panels = (w.Outputs + TileKernel.Block - 1) / TileKernel.Block;
        ushort* a = (ushort*)team.SharedScratch((long)Heights(rows) * blocks * TileKernel.Tile / 2);
        TilePacking.PackA(x, ldx, rows, w.Inputs, a);
        PanelsBody body = new()
        {
            Rows = rows,
            A = a,
            Blocks = blocks,
            W = w,
            Y = y,
            Ldy = ldy,
            Add = accumulate,
            Panels = panels,
            Tasks = Math.Min(panels, TasksPerThread * team.Threads),
        };
        team.For(rows > 0 ? body.Tasks : 0, ref body);
    }

    /// <summary>The same on the calling thread.</summary>
    /// <param name="x">Inputs.</param>
    /// <param name="ldx">Floats from one row of x to the next.</param>
    /// <param name="rows">Rows of x; some dozens are best.</param>
    /// <param name="w">The weight.</param>
    /// <param name="y">Receives the outputs; must not overlap x.</param>
    /// <param name="ldy">Floats from one row of y to the next.</param>
    /// <param name="addend">
    /// What to add to, with y's leading dimension; y itself to accumulate, null for nothing.
    /// </param>
    /// <param name="scratch"><see cref="RowsScratch"/> floats.</param>
    public static void MultiplyRows(
        float* x, int ldx, int rows, TileMatrix w, float* y, int ldy, float* addend, float* scratch)
    {
        TilePanels panels = w.Panels;
        TileKernel.Begin();
        for (int k0 = 0; k0 < w.Inputs; k0 += PassDepth, addend = y)
        {
            int depth = Math.Min(PassDepth, w.Inputs - k0);
            TilePacking.PackA(x + k0, ldx, rows, depth, (ushort*)scratch);
            Blocks(
                rows, w.Outputs, (ushort*)scratch, TilePacking.Blocks(depth), panels.At(0, k0), panels.Stride, y, ldy,
                addend);
        }

        TileKernel.End();
    }

    /// <summary>y = x B on the calling thread, for a B that is packed on the way.</summary>
    /// <param name="x">Inputs.</param>
    /// <param name="ldx">Floats from one row of x to the next.</param>
    /// <param name="rows">Rows of x.</param>
    /// <param name="b">The matrix.</param>
    /// <param name="y">Receives the outputs.</param>
    /// <param name="ldy">Floats from one row of y to the next.</param>
    /// <param name="scratch"><see cref="RowsScratch"/> floats.</param>
    public static void MultiplyRows(float* x, int ldx, int rows, StackedRows b, float* y, int ldy, float* scratch)
    {
        ushort* a = (ushort*)scratch, panel = a + ((nint)Heights(rows) * TileKernel.Side * PassDepth);
        TileKernel.Begin();
        for (int k0 = 0; k0 < b.Rows; k0 += PassDepth)
        {
            int depth = Math.Min(PassDepth, b.Rows - k0), blocks = TilePacking.Blocks(depth);
            TilePacking.PackA(x + k0, ldx, rows, depth, a);
            for (int column = 0; column < b.Columns; column += TileKernel.Block)
            {
                int columns = Math.Min(TileKernel.Block, b.Columns - column);
                b.PackTiles(k0, depth, column, columns, panel);
                Blocks(rows, columns, a, blocks, panel, 0, y + column, ldy, k0 == 0 ? null : y + column);
            }
        }

        TileKernel.End();
    }

    /// <summary>C = or += A B between <see cref="TileKernel.Begin"/> and <see cref="TileKernel.End"/>.</summary>
    /// <param name="rows">Rows of C.</param>
    /// <param name="columns">Columns of C.</param>
    /// <param name="a">Tiles of A: for every 16 rows those along k.</param>
    /// <param name="blocks">Tiles along k.</param>
    /// <param name="b">Tiles of B: for every 32 columns those along k, two side by side.</param>
    /// <param name="panelStride">Numbers from one 32 columns to the next.</param>
    /// <param name="c">First element of C.</param>
    /// <param name="ldc">Floats from one row of C to the next.</param>
    /// <param name="addend">What to add to, with C's leading dimension, C itself, or null.</param>
    public static void Blocks(
        int rows, int columns, ushort* a, int blocks, ushort* b, nint panelStride, float* c, nint ldc, float* addend)
    {
        nint height = (nint)blocks * TileKernel.Tile;
        for (int column = 0; column < columns; column += TileKernel.Block, b += panelStride)
        {
            int wide = Math.Min(TileKernel.Block, columns - column);
            for (int row = 0; row < rows; row += TileKernel.Block)
            {
                nint at = (row * ldc) + column;
                Block(
                    Math.Min(TileKernel.Block, rows - row), wide, a + (row / TileKernel.Side * height), height, blocks,
                    b, c + at, ldc, addend == null ? null : addend + at);
            }
        }
    }

    private static void Block(
        int rows, int columns, ushort* a, nint height, int blocks, ushort* b, float* c, nint ldc, float* addend)
    {
        if (columns == TileKernel.Block && rows % TileKernel.Side == 0)
        {
            if (addend != null && addend != c)
            {
                Copy(rows, columns, addend, ldc, c, ldc);
            }

            TileKernel.Run(rows, blocks, a, height, b, c, ldc, addend != null);
            return;
        }

        float* block = stackalloc float[TileKernel.Block * TileKernel.Block];
        if (addend != null)
        {
            Copy(rows, columns, addend, ldc, block, TileKernel.Block);
        }

        TileKernel.Run(rows, blocks, a, height, b, block, TileKernel.Block, addend != null);
        Copy(rows, columns, block, TileKernel.Block, c, ldc);
    }

    private static void Copy(int rows, int columns, float* source, nint lds, float* target, nint ldt)
    {
        for (int row = 0; row < rows; row++)
        {
            VectorMath.Copy(source + (row * lds), target + (row * ldt), columns);
        }
    }

    private static int Heights(int rows) => (rows + TileKernel.Side - 1) / TileKernel.Side;

    /// <summary>Some panels of a weight, for all rows.</summary>
    private struct PanelsBody : IParallelBody
    {
        public TileMatrix W;
        public ushort* A;
        public float* Y;
        public nint Ldy;
        public int Rows, Blocks, Panels, Tasks;
        public bool Add;

        public readonly void Run(int index, int worker)
        {
            int first = (int)((long)index * Panels / Tasks) * TileKernel.Block;
            int end = Math.Min(W.Outputs, (int)((index + 1L) * Panels / Tasks) * TileKernel.Block);
            float* y = Y + first;
            TilePanels panels = W.Panels;
            TileKernel.Begin();
            TileGemm.Blocks(Rows, end - first, A, Blocks, panels.At(first, 0), panels.Stride, y, Ldy, Add ? y : null);
            TileKernel.End();
        }
    }
}
