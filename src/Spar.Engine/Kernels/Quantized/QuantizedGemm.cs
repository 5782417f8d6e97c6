using System.Runtime.Intrinsics;

namespace Spar.Engine.Kernels.Quantized;

/// <summary>
/// Products y [rows, outputs] = or += x [rows, inputs] W^T for a quantised W, with float32 activations ("exact") or
/// ones rounded to 8 bits. A row of y depends on its row of x alone, not on the other rows or the number of threads.
/// </summary>
internal static unsafe class QuantizedGemm
{
    /// <summary>Rows of x in a tile.</summary>
    public static int TileRows => KernelPath.QuantizedVectorBits switch
    {
        512 => ByteUnit512.MaxRows,
        256 => ByteUnit256.MaxRows,
        _ => ByteUnit128.MaxRows,
    };

    /// <summary>Floats of scratch memory that <see cref="MultiplyRows"/> needs.</summary>
    public static long Scratch(QuantizedMatrix w, int rows, bool exact) =>
        (rows * TileBytes(w, exact) / sizeof(float)) + 16;

    /// <summary>Bytes of activations that a row has in a tile.</summary>
    public static long TileBytes(QuantizedMatrix w, bool exact) =>
        (long)w.Blocks * (exact ? ExactRows.BlockBytes(1) : RoundedRows.BlockBytes(w.Layout, 1));

    /// <summary>Lays out the activations of a tile.</summary>
    internal static void Pack(QuantizedMatrix w, bool exact, float* x, int ldx, int rows, byte* tile)
    {
        if (exact)
        {
            ExactRows.Pack(x, ldx, rows, w.Inputs, (float*)tile);
        }
        else
        {
            RoundedRows.Pack(w.Layout, x, ldx, rows, w.Inputs, tile);
        }
    }

    /// <summary>The product on all threads.</summary>
    /// <param name="team">Threads to use; its shared scratch memory is overwritten.</param>
    /// <param name="x">Inputs, one row after another.</param>
    /// <param name="ldx">Floats from one row of x to the next.</param>
    /// <param name="rows">Rows of x.</param>
    /// <param name="w">The weight.</param>
    /// <param name="exact">Whether activations stay float32.</param>
    /// <param name="y">Receives the outputs.</param>
    /// <param name="ldy">Floats from one row of y to the next.</param>
    /// <param name="accumulate">Adds to y instead of overwriting it.</param>
    public static void Multiply(
        ThreadTeam team, float* x, int ldx, int rows, QuantizedMatrix w, bool exact, float* y, int ldy, bool accumulate)
    {
        byte* tiles = (byte*)team.SharedScratch(Scratch(w, rows, exact));
        PackBody pack = new() { X = x, Ldx = ldx, Rows = rows, W = w, Exact = exact, Tiles = tiles };
        int count = (rows + TileRows - 1) / TileRows;
        if (count > 1)
        {
            team.For(count, ref pack);
        }
        else if (count == 1)
        {
            pack.Run(0, 0);
        }

        int grain = Math.Max(1, w.Panels / (4 * team.Threads));
        PanelBody body = new()
        {
            W = w,
            Exact = exact,
            Rows = rows,
            Tiles = tiles,
            Y = y,
            Ldy = ldy,
            Add = accumulate,
            Grain = grain,
        };
        team.For(rows == 0 ? 0 : (w.Panels + grain - 1) / grain, ref body);
    }

    /// <summary>The product on the calling thread.</summary>
    /// <param name="x">Inputs, one row after another.</param>
    /// <param name="ldx">Floats from one row of x to the next.</param>
    /// <param name="rows">Rows of x.</param>
    /// <param name="w">The weight.</param>
    /// <param name="exact">Whether activations stay float32.</param>
    /// <param name="y">Receives the outputs.</param>
    /// <param name="ldy">Floats from one row of y to the next.</param>
    /// <param name="accumulate">Adds to y instead of overwriting it.</param>
    /// <param name="scratch"><see cref="Scratch"/> floats.</param>
    public static void MultiplyRows(
        float* x, int ldx, int rows, QuantizedMatrix w, bool exact, float* y, int ldy, bool accumulate, float* scratch)
    {
        PackBody pack = new() { X = x, Ldx = ldx, Rows = rows, W = w, Exact = exact, Tiles = (byte*)scratch };
        for (int tile = 0; tile * TileRows < rows; tile++)
        {
            pack.Run(tile, 0);
        }

        PanelBody body = new()
        {
            W = w,
            Exact = exact,
            Rows = rows,
            Tiles = (byte*)scratch,
            Y = y,
            Ldy = ldy,
            Add = accumulate,
            Grain = w.Panels,
        };
        if (rows > 0)
        {
            body.Run(0, 0);
        }
    }

    /// <summary>All tiles of a panel of the weight.</summary>
    internal static void Panel<TUnit, TV>(
        QuantizedMatrix w, int panel, int rows, byte* tiles, bool exact, float* y, nint ldy, bool add)
        where TUnit : IByteUnit<TV>
        where TV : struct
        => Panel<Vectors<TUnit, TV>>(w, panel, rows, tiles, exact, y, ldy, add);

    private static void Panel<TKernel>(
        QuantizedMatrix w, int panel, int rows, byte* tiles, bool exact, float* y, nint ldy, bool add)
        where TKernel : IKernel
    {
        const int columns = QuantizedLayout.PanelRows;
        int first = panel * columns, width = Math.Min(columns, w.Outputs - first);
        float* part = stackalloc float[8 * columns];
        for (int row = 0; row < rows; row += TKernel.MaxRows)
        {
            int count = Math.Min(TKernel.MaxRows, rows - row);
            float* target = y + (row * ldy) + first;
            byte* tile = tiles + ((nint)row * (nint)TileBytes(w, exact));
            if (width == columns)
            {
                TKernel.Run(w, panel, count, tile, exact, target, ldy, add);
                continue;
            }

            TKernel.Run(w, panel, count, tile, exact, part, columns, false);
            for (int i = 0; i < count; i++, target += ldy)
            {
                for (int j = 0; j < width; j++)
                {
                    target[j] = add ? target[j] + part[(i * columns) + j] : part[(i * columns) + j];
                }
            }
        }
    }

    /// <summary>A tile with a panel.</summary>
    private interface IKernel
    {
        static abstract int MaxRows { get; }

        static abstract void Run(
            QuantizedMatrix w, int panel, int rows, byte* tile, bool exact, float* y, nint ldy, bool add);
    }

    private readonly struct Vectors<TUnit, TV> : IKernel
        where TUnit : IByteUnit<TV>
        where TV : struct
    {
        public static int MaxRows => TUnit.MaxRows;

        public static void Run(
            QuantizedMatrix w, int panel, int rows, byte* tile, bool exact, float* y, nint ldy, bool add) =>
            QuantizedKernel.Run<TUnit, TV>(w, panel, rows, tile, exact, y, ldy, add);
    }

    private readonly struct Dots : IKernel
    {
        public static int MaxRows => DotInstructions.MaxRows;

        public static void Run(
            QuantizedMatrix w, int panel, int rows, byte* tile, bool exact, float* y, nint ldy, bool add) =>
            DotInstructions.Run(w, panel, rows, tile, y, ldy, add);
    }

    private struct PackBody : IParallelBody
    {
        public float* X;
        public int Ldx, Rows;
        public QuantizedMatrix W;
        public bool Exact;
        public byte* Tiles;

        public readonly void Run(int index, int worker)
        {
            int row = index * TileRows;
            byte* tile = Tiles + ((nint)row * (nint)TileBytes(W, Exact));
            Pack(W, Exact, X + ((nint)row * Ldx), Ldx, Math.Min(TileRows, Rows - row), tile);
        }
    }

    private struct PanelBody : IParallelBody
    {
        public QuantizedMatrix W;
        public bool Exact;
        public int Rows, Grain;
        public byte* Tiles;
        public float* Y;
        public nint Ldy;
        public bool Add;

        public readonly void Run(int index, int worker)
        {
            int end = Math.Min(W.Panels, (index + 1) * Grain);
            for (int panel = index * Grain; panel < end; panel++)
            {
                if (!Exact && DotInstructions.Handle(W.Layout))
                {
                    Panel<Dots>(W, panel, Rows, Tiles, Exact, Y, Ldy, Add);
                }
                else if (KernelPath.QuantizedVectorBits == 512)
                {
                    Panel<ByteUnit512, Vector512<byte>>(W, panel, Rows, Tiles, Exact, Y, Ldy, Add);
                }
                else if (KernelPath.QuantizedVectorBits == 256)
                {
                    Panel<ByteUnit256, Vector256<byte>>(W, panel, Rows, Tiles, Exact, Y, Ldy, Add);
                }
                else
                {
                    Panel<ByteUnit128, Vector128<byte>>(W, panel, Rows, Tiles, Exact, Y, Ldy, Add);
                }
            }
        }
    }
}
