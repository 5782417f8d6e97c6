using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spar.Engine.Kernels.Quantized;

/// <summary>
/// Products y = or += x W^T for a quantised W in float32 throughout: weights are widened panel by panel and meet the same kernel as float32 weights, so the
/// result has the bits that <see cref="Gemm"/> gives for the widened matrix.
/// </summary>
internal static unsafe class ExactGemm
{
    /// <summary>Floats of scratch memory that <see cref="MultiplyRows"/> needs.</summary>
    public static long Scratch(int rows) => Gemm.RowsScratch(rows) + PanelFloats;

    private static long PanelFloats => (MicroKernel.Columns * MicroKernel.StretchK) + (MicroKernel.Rows * MicroKernel.Columns) + (QuantizedLayout.PanelRows * QuantizedLayout.Block);

    /// <summary>The product on all threads.</summary>
    /// <param name="team">Threads to use; scratch memory of the team is overwritten.</param>
    /// <param name="x">Inputs, one row after another.</param>
    /// <param name="ldx">Floats from one row of x to the next.</param>
    /// <param name="rows">Rows of x.</param>
    /// <param name="w">The weight.</param>
    /// <param name="y">Receives the outputs.</param>
    /// <param name="ldy">Floats from one row of y to the next.</param>
    /// <param name="accumulate">Adds to y instead of overwriting it.</param>
    public static void Multiply(ThreadTeam team, float* x, int ldx, int rows, QuantizedMatrix w, float* y, int ldy, bool accumulate)
    {
        int groups = Gemm.Panels(w.Outputs);
        long own = PanelFloats;
        float* packed = team.SharedScratch(Gemm.RowsScratch(rows) + (own * team.Threads));
        for (int k0 = 0; k0 < w.Inputs && rows > 0; k0 += MicroKernel.StretchK)
        {
            Body body = Prepare(x, ldx, rows, w, y, ldy, accumulate, k0, packed);
            body.Own = packed + Gemm.RowsScratch(rows);
            body.OwnFloats = (nint)own;
            team.For(groups, ref body);
        }
    }

    /// <summary>The product on the calling thread.</summary>
    /// <param name="x">Inputs, one row after another.</param>
    /// <param name="ldx">Floats from one row of x to the next.</param>
    /// <param name="rows">Rows of x.</param>
    /// <param name="w">The weight.</param>
    /// <param name="y">Receives the outputs.</param>
    /// <param name="ldy">Floats from one row of y to the next.</param>
    /// <param name="accumulate">Adds to y instead of overwriting it.</param>
    /// <param name="scratch"><see cref="Scratch"/> floats.</param>
    public static void MultiplyRows(float* x, int ldx, int rows, QuantizedMatrix w, float* y, int ldy, bool accumulate, float* scratch)
    {
        for (int k0 = 0; k0 < w.Inputs; k0 += MicroKernel.StretchK)
        {
            Body body = Prepare(x, ldx, rows, w, y, ldy, accumulate, k0, scratch);
            body.Own = scratch + Gemm.RowsScratch(rows);
            for (int group = 0; group < Gemm.Panels(w.Outputs); group++)
            {
                body.Run(group, 0);
            }
        }
    }

    /// <summary>Widens a block of a panel.</summary>
    /// <param name="w">The weight.</param>
    /// <param name="panel">Panel of 16 rows.</param>
    /// <param name="block">Block of 32 inputs.</param>
    /// <param name="target">Receives [32 inputs, 16 rows].</param>
    /// <param name="ld">Floats from one input to the next in the target.</param>
    internal static void Widen(QuantizedMatrix w, int panel, int block, float* target, nint ld)
    {
        byte* codes = w.Panel(panel) + ((nint)block * w.Layout.BlockCodeBytes), scales = w.Panel(panel) + w.ScalesStart;
        Vector512<int> zero = Vector512.Create(w.Layout.Zero), low = Vector512.Create(15);
        Vector512<float> scale = Scales(w.Layout.Scales, scales, block, 0, out Vector512<float> offset);
        if (w.Layout.Nibbles)
        {
            for (int j = 0; j < 4; j++, codes += 64)
            {
                Vector512<int> packed = Vector512.Load((int*)codes);
                for (int i = 0; i < 4; i++, packed >>>= 8)
                {
                    Store(w, (packed & low) - zero, scale, offset, target + (((4 * j) + i) * ld));
                    Store(w, ((packed >>> 4) & low) - zero, scale, offset, target + ((16 + (4 * j) + i) * ld));
                }
            }

            return;
        }

        for (int j = 0; j < 16; j++, codes += 32)
        {
            if (j == 8 && w.Layout.Scales == ScaleKind.SuperOf16)
            {
                scale = Scales(w.Layout.Scales, scales, block, 1, out offset);
            }

            Vector256<sbyte> bytes = Vector256.Load((sbyte*)codes);
            Vector512<int> pairs = Vector512.Create(Vector256.WidenLower(bytes), Vector256.WidenUpper(bytes)).AsInt32();
            Store(w, (pairs << 16) >> 16, scale, offset, target + (2 * j * ld));
            Store(w, pairs >> 16, scale, offset, target + (((2 * j) + 1) * ld));
        }
    }

    // The steps of the file format's reader: a product, rounded, then a sum.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(QuantizedMatrix w, Vector512<int> code, Vector512<float> scale, Vector512<float> offset, float* target)
    {
        Vector512<float> value = Vector512.ConvertToSingle(code) * scale;
        (w.Layout.Scales is ScaleKind.HalfWithOffset or ScaleKind.Super ? value + offset : value).Store(target);
    }

    private static Vector512<float> Scales(ScaleKind kind, byte* scales, int block, int part, out Vector512<float> offset) => kind switch
    {
        ScaleKind.Half => Scales<HalfScales>(scales, block, part, out offset),
        ScaleKind.HalfWithOffset => Scales<HalfScalesWithOffset>(scales, block, part, out offset),
        ScaleKind.Super => Scales<SuperScales>(scales, block, part, out offset),
        _ => Scales<SuperScalesOf16>(scales, block, part, out offset),
    };

    private static Vector512<float> Scales<TScales>(byte* scales, int block, int part, out Vector512<float> offset)
        where TScales : IScales
    {
        if (ByteUnit512.IsSupported)
        {
            Vector512<byte> whole = TScales.Load<ByteUnit512, Vector512<byte>>(scales, block, part, 0, out Vector512<byte> wholeOffset);
            offset = wholeOffset.AsSingle();
            return whole.AsSingle();
        }

        float* values = stackalloc float[32];
        for (int lane = 0; lane < 16; lane += 4)
        {
            TScales.Load<ByteUnit128, Vector128<byte>>(scales, block, part, lane, out Vector128<byte> more).AsSingle().Store(values + lane);
            more.AsSingle().Store(values + 16 + lane);
        }

        offset = Vector512.Load(values + 16);
        return Vector512.Load(values);
    }

    private static Body Prepare(float* x, int ldx, int rows, QuantizedMatrix w, float* y, int ldy, bool accumulate, int k0, float* packed)
    {
        int depth = Math.Min(MicroKernel.StretchK, w.Inputs - k0);
        for (int row = 0, panel = 0; row < rows; row += MicroKernel.Rows, panel++)
        {
            Packing.PackARows(x + ((nint)row * ldx) + k0, ldx, Math.Min(MicroKernel.Rows, rows - row), depth, packed + ((nint)panel * MicroKernel.Rows * MicroKernel.RowPanelStride));
        }

        return new Body { W = w, Rows = rows, Depth = depth, FirstBlock = k0 / QuantizedLayout.Block, Packed = packed, Y = y, Ldy = ldy, Add = accumulate || k0 > 0 };
    }

    private struct Body : IParallelBody
    {
        public QuantizedMatrix W;
        public int Rows, Depth, FirstBlock;
        public float* Packed, Own, Y;
        public nint Ldy, OwnFloats;
        public bool Add;

        public readonly void Run(int index, int worker)
        {
            int wide = MicroKernel.Columns, first = index * wide, columns = Math.Min(wide, W.Outputs - first);
            float* panel = Own + (worker * OwnFloats), tile = panel + (wide * MicroKernel.StretchK), block = tile + (MicroKernel.Rows * wide);
            Unpack(first, panel, block);
            for (int row = 0, i = 0; row < Rows; row += MicroKernel.Rows, i++)
            {
                int rows = Math.Min(MicroKernel.Rows, Rows - row);
                float* a = Packed + ((nint)i * MicroKernel.Rows * MicroKernel.RowPanelStride), target = Y + (row * Ldy) + first;
                if (columns == wide)
                {
                    MicroKernel.Run(rows, 0, a, panel, Depth, target, Ldy, Add);
                    continue;
                }

                MicroKernel.Run(rows, 0, a, panel, Depth, tile, wide, false);
                for (int r = 0; r < rows; r++, target += Ldy)
                {
                    for (int c = 0; c < columns; c++)
                    {
                        target[c] = Add ? target[c] + tile[(r * wide) + c] : tile[(r * wide) + c];
                    }
                }
            }
        }

        // Columns first .. first + wide of the widened matrix: for each input the outputs side by side.
        private readonly void Unpack(int first, float* panel, float* block)
        {
            const int rows = QuantizedLayout.PanelRows;
            int wide = MicroKernel.Columns;
            for (int k = 0; k < Depth; k += QuantizedLayout.Block)
            {
                for (int column = 0; column < wide; column += rows)
                {
                    int source = (first + column) / rows;
                    if (source >= W.Panels)
                    {
                        break; // columns behind the last panel are never stored
                    }

                    float* target = panel + (k * wide) + column;
                    if (wide >= rows)
                    {
                        Widen(W, source, FirstBlock + (k / QuantizedLayout.Block), target, wide);
                        continue;
                    }

                    Widen(W, source, FirstBlock + (k / QuantizedLayout.Block), block, rows);
                    for (int i = 0; i < QuantizedLayout.Block; i++)
                    {
                        VectorMath.Copy(block + (i * rows) + (first % rows), target + (i * wide), wide);
                    }
                }
            }
        }
    }
}
