using System.Runtime.CompilerServices;

namespace Spar.Engine.Kernels.Quantized;

/// <summary>
/// The innermost product: some rows of y = or += a tile of activations times some rows of a panel of quantised weights.
/// Sums run over blocks of 32 inputs and are multiplied by the block's scales, in the order of the blocks, so an
/// element has the same bits whatever the tile's height and the vector's width.
/// <para>
/// With rounded activations a block's sum is an exact integer: acc = fma(float(sum) * s_x, s_w, acc), then where there
/// are offsets acc = fma(o_w, s_x sum_x, acc). With exact ones it is two chains of fused multiply-adds of codes and
/// activations (4-bit codes: the block's first and second half; 8-bit codes: even and odd inputs), added:
/// acc = fma(s + t, s_w, acc), then acc = fma(o_w, sum_x, acc).
/// </para>
/// </summary>
internal static unsafe partial class QuantizedKernel
{
    /// <summary>A tile with a panel.</summary>
    /// <param name="w">The weight.</param>
    /// <param name="panel">Panel of the weight.</param>
    /// <param name="rows">Rows of the tile, 1 .. MaxRows of the vector.</param>
    /// <param name="tile">The activations: <see cref="ExactRows"/> or <see cref="RoundedRows"/>.</param>
    /// <param name="exact">Which of them.</param>
    /// <param name="y">Receives [rows, 16].</param>
    /// <param name="ldy">Floats from one row of y to the next.</param>
    /// <param name="add">Whether to add to y.</param>
    public static void Run<TUnit, TV>(
        QuantizedMatrix w, int panel, int rows, byte* tile, bool exact, float* y, nint ldy, bool add)
        where TUnit : IByteUnit<TV>
        where TV : struct
    {
        switch (w.Layout.Scales)
        {
            case ScaleKind.Half: Select<TUnit, TV, HalfScales>(w, panel, rows, tile, exact, y, ldy, add); break;
            case ScaleKind.HalfWithOffset:
                Select<TUnit, TV, HalfScalesWithOffset>(w, panel, rows, tile, exact, y, ldy, add);
                break;
            case ScaleKind.Super: Select<TUnit, TV, SuperScales>(w, panel, rows, tile, exact, y, ldy, add); break;
            default: Select<TUnit, TV, SuperScalesOf16>(w, panel, rows, tile, exact, y, ldy, add); break;
        }
    }

    private static void Select<TUnit, TV, TScales>(
        QuantizedMatrix w, int panel, int rows, byte* tile, bool exact, float* y, nint ldy, bool add)
        where TUnit : IByteUnit<TV>
        where TV : struct
        where TScales : IScales
    {
        byte* codes = w.Panel(panel), scales = codes + w.ScalesStart;
        for (int lane = 0; lane < QuantizedLayout.PanelRows; lane += TUnit.Lanes, y += TUnit.Lanes)
        {
            switch (rows)
            {
                case 1: One<TUnit, TV, TScales, R1>(w, codes, scales, lane, tile, exact, y, ldy, add); break;
                case 2: One<TUnit, TV, TScales, R2>(w, codes, scales, lane, tile, exact, y, ldy, add); break;
                case 3: One<TUnit, TV, TScales, R3>(w, codes, scales, lane, tile, exact, y, ldy, add); break;
                case 4: One<TUnit, TV, TScales, R4>(w, codes, scales, lane, tile, exact, y, ldy, add); break;
                case 5: One<TUnit, TV, TScales, R5>(w, codes, scales, lane, tile, exact, y, ldy, add); break;
                case 6: One<TUnit, TV, TScales, R6>(w, codes, scales, lane, tile, exact, y, ldy, add); break;
                case 7: One<TUnit, TV, TScales, R7>(w, codes, scales, lane, tile, exact, y, ldy, add); break;
                case 8: One<TUnit, TV, TScales, R8>(w, codes, scales, lane, tile, exact, y, ldy, add); break;
                default: throw new ArgumentOutOfRangeException(nameof(rows));
            }
        }
    }

    private static void One<TUnit, TV, TScales, TRows>(
        QuantizedMatrix w, byte* codes, byte* scales, int lane, byte* tile, bool exact, float* y, nint ldy, bool add)
        where TUnit : IByteUnit<TV>
        where TV : struct
        where TScales : IScales
        where TRows : struct, IConstant
    {
        if (TRows.Value > TUnit.MaxRows)
        {
            throw new ArgumentOutOfRangeException(nameof(tile));
        }

        switch (exact, w.Layout.Nibbles)
        {
            case (false, true):
                RoundedNibbles<TUnit, TV, TScales, TRows>(w.Blocks, codes, scales, lane, tile, y, ldy, add);
                break;
            case (false, false):
                RoundedBytes<TUnit, TV, TScales, TRows>(w.Blocks, codes, scales, lane, tile, y, ldy, add);
                break;
            case (true, true):
                ExactNibbles<TUnit, TV, TScales, TRows>(
                    w.Blocks, codes, scales, lane, (float*)tile, w.Layout.Zero, y, ldy, add);
                break;
            default:
                ExactBytes<TUnit, TV, TScales, TRows>(w.Blocks, codes, scales, lane, (float*)tile, y, ldy, add);
                break;
        }
    }

    /// <summary>Writes the sums of a tile's rows, or adds them to what is there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TUnit, TV, TRows>(
        float* y, nint ldy, bool add, TV a0, TV a1, TV a2, TV a3, TV a4, TV a5, TV a6, TV a7)
        where TUnit : IByteUnit<TV>
        where TV : struct
        where TRows : struct, IConstant
    {
        if (add)
        {
            float* o = y;
            a0 = TUnit.Add(TUnit.Load(o), a0);
            if (TRows.Value > 1) { o += ldy; a1 = TUnit.Add(TUnit.Load(o), a1); }
            if (TRows.Value > 2) { o += ldy; a2 = TUnit.Add(TUnit.Load(o), a2); }
            if (TRows.Value > 3) { o += ldy; a3 = TUnit.Add(TUnit.Load(o), a3); }
            if (TRows.Value > 4) { o += ldy; a4 = TUnit.Add(TUnit.Load(o), a4); }
            if (TRows.Value > 5) { o += ldy; a5 = TUnit.Add(TUnit.Load(o), a5); }
            if (TRows.Value > 6) { o += ldy; a6 = TUnit.Add(TUnit.Load(o), a6); }
            if (TRows.Value > 7) { o += ldy; a7 = TUnit.Add(TUnit.Load(o), a7); }
        }

        TUnit.Store(a0, y);
        if (TRows.Value > 1) { y += ldy; TUnit.Store(a1, y); }
        if (TRows.Value > 2) { y += ldy; TUnit.Store(a2, y); }
        if (TRows.Value > 3) { y += ldy; TUnit.Store(a3, y); }
        if (TRows.Value > 4) { y += ldy; TUnit.Store(a4, y); }
        if (TRows.Value > 5) { y += ldy; TUnit.Store(a5, y); }
        if (TRows.Value > 6) { y += ldy; TUnit.Store(a6, y); }
        if (TRows.Value > 7) { y += ldy; TUnit.Store(a7, y); }
    }
}
