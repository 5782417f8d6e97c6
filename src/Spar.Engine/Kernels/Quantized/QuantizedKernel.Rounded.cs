using System.Runtime.CompilerServices;

namespace Spar.Engine.Kernels.Quantized;

/// <content>With rounded activations.</content>
internal static unsafe partial class QuantizedKernel
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RoundedNibbles<TUnit, TV, TScales, TRows>(
        int blocks, byte* codes, byte* scales, int lane, byte* x, float* y, nint ldy, bool add)
        where TUnit : IByteUnit<TV>
        where TV : struct
        where TScales : IScales
        where TRows : struct, IConstant
    {
        TV a0 = TUnit.Zero, a1 = TUnit.Zero, a2 = TUnit.Zero, a3 = TUnit.Zero, a4 = TUnit.Zero, a5 = TUnit.Zero;
        TV a6 = TUnit.Zero, a7 = TUnit.Zero;
        codes += 4 * lane;
        for (int block = 0; block < blocks; block++, codes += 256)
        {
            TV s0 = TUnit.Zero, s1 = TUnit.Zero, s2 = TUnit.Zero, s3 = TUnit.Zero, s4 = TUnit.Zero, s5 = TUnit.Zero;
            TV s6 = TUnit.Zero, s7 = TUnit.Zero;
            byte* at = codes;
            for (int j = 0; j < 4; j++, at += 64, x += 4 * TRows.Value)
            {
                if (TRows.Value <= 2)
                {
                    KernelPath.Prefetch(at + 2048);
                }

                TV packed = TUnit.Load(at);
                TV low = TUnit.LowNibbles(packed), high = TUnit.HighNibbles(packed);
                byte* second = x + (16 * TRows.Value);
                s0 = DotNibbles<TUnit, TV>(low, high, x, second, s0);
                if (TRows.Value > 1) { s1 = DotNibbles<TUnit, TV>(low, high, x + 4, second + 4, s1); }
                if (TRows.Value > 2) { s2 = DotNibbles<TUnit, TV>(low, high, x + 8, second + 8, s2); }
                if (TRows.Value > 3) { s3 = DotNibbles<TUnit, TV>(low, high, x + 12, second + 12, s3); }
                if (TRows.Value > 4) { s4 = DotNibbles<TUnit, TV>(low, high, x + 16, second + 16, s4); }
                if (TRows.Value > 5) { s5 = DotNibbles<TUnit, TV>(low, high, x + 20, second + 20, s5); }
                if (TRows.Value > 6) { s6 = DotNibbles<TUnit, TV>(low, high, x + 24, second + 24, s6); }
                if (TRows.Value > 7) { s7 = DotNibbles<TUnit, TV>(low, high, x + 28, second + 28, s7); }
            }

            x += 16 * TRows.Value;
            TV ones = TUnit.Ones16;
            TV scale = TScales.Load<TUnit, TV>(scales, block, 0, lane, out TV offset);
            a0 = ScaledNibbles<TUnit, TV, TScales, TRows>(s0, ones, scale, offset, x, a0);
            if (TRows.Value > 1) { a1 = ScaledNibbles<TUnit, TV, TScales, TRows>(s1, ones, scale, offset, x + 4, a1); }
            if (TRows.Value > 2) { a2 = ScaledNibbles<TUnit, TV, TScales, TRows>(s2, ones, scale, offset, x + 8, a2); }
            if (TRows.Value > 3) { a3 = ScaledNibbles<TUnit, TV, TScales, TRows>(s3, ones, scale, offset, x + 12, a3); }
            if (TRows.Value > 4) { a4 = ScaledNibbles<TUnit, TV, TScales, TRows>(s4, ones, scale, offset, x + 16, a4); }
            if (TRows.Value > 5) { a5 = ScaledNibbles<TUnit, TV, TScales, TRows>(s5, ones, scale, offset, x + 20, a5); }
            if (TRows.Value > 6) { a6 = ScaledNibbles<TUnit, TV, TScales, TRows>(s6, ones, scale, offset, x + 24, a6); }
            if (TRows.Value > 7) { a7 = ScaledNibbles<TUnit, TV, TScales, TRows>(s7, ones, scale, offset, x + 28, a7); }
            x += 12 * TRows.Value;
        }

        Store<TUnit, TV, TRows>(y, ldy, add, a0, a1, a2, a3, a4, a5, a6, a7);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RoundedBytes<TUnit, TV, TScales, TRows>(
        int blocks, byte* codes, byte* scales, int lane, byte* x, float* y, nint ldy, bool add)
        where TUnit : IByteUnit<TV>
        where TV : struct
        where TScales : IScales
        where TRows : struct, IConstant
    {
        TV a0 = TUnit.Zero, a1 = TUnit.Zero, a2 = TUnit.Zero, a3 = TUnit.Zero, a4 = TUnit.Zero, a5 = TUnit.Zero;
        TV a6 = TUnit.Zero, a7 = TUnit.Zero;
        codes += 2 * lane;
        for (int block = 0; block < blocks; block++)
        {
            byte* factors = x + (64 * TRows.Value);
            for (int part = 0; part < TScales.PerBlock; part++)
            {
                TV s0 = TUnit.Zero, s1 = TUnit.Zero, s2 = TUnit.Zero, s3 = TUnit.Zero, s4 = TUnit.Zero, s5 = TUnit.Zero;
                TV s6 = TUnit.Zero, s7 = TUnit.Zero;
                for (int j = 0; j < 16 / TScales.PerBlock; j++, codes += 32, x += 4 * TRows.Value)
                {
                    if (TRows.Value <= 2 && (j & 1) == 0)
                    {
                        KernelPath.Prefetch(codes + 2048);
                    }

                    TV wide = TUnit.LoadWidened(codes);
                    s0 = TUnit.DotShorts(wide, TUnit.Broadcast(x), s0);
                    if (TRows.Value > 1) { s1 = TUnit.DotShorts(wide, TUnit.Broadcast(x + 4), s1); }
                    if (TRows.Value > 2) { s2 = TUnit.DotShorts(wide, TUnit.Broadcast(x + 8), s2); }
                    if (TRows.Value > 3) { s3 = TUnit.DotShorts(wide, TUnit.Broadcast(x + 12), s3); }
                    if (TRows.Value > 4) { s4 = TUnit.DotShorts(wide, TUnit.Broadcast(x + 16), s4); }
                    if (TRows.Value > 5) { s5 = TUnit.DotShorts(wide, TUnit.Broadcast(x + 20), s5); }
                    if (TRows.Value > 6) { s6 = TUnit.DotShorts(wide, TUnit.Broadcast(x + 24), s6); }
                    if (TRows.Value > 7) { s7 = TUnit.DotShorts(wide, TUnit.Broadcast(x + 28), s7); }
                }

                TV scale = TScales.Load<TUnit, TV>(scales, block, part, lane, out TV offset);
                a0 = Scaled<TUnit, TV, TScales, TRows>(s0, scale, offset, factors, a0);
                if (TRows.Value > 1) { a1 = Scaled<TUnit, TV, TScales, TRows>(s1, scale, offset, factors + 4, a1); }
                if (TRows.Value > 2) { a2 = Scaled<TUnit, TV, TScales, TRows>(s2, scale, offset, factors + 8, a2); }
                if (TRows.Value > 3) { a3 = Scaled<TUnit, TV, TScales, TRows>(s3, scale, offset, factors + 12, a3); }
                if (TRows.Value > 4) { a4 = Scaled<TUnit, TV, TScales, TRows>(s4, scale, offset, factors + 16, a4); }
                if (TRows.Value > 5) { a5 = Scaled<TUnit, TV, TScales, TRows>(s5, scale, offset, factors + 20, a5); }
                if (TRows.Value > 6) { a6 = Scaled<TUnit, TV, TScales, TRows>(s6, scale, offset, factors + 24, a6); }
                if (TRows.Value > 7) { a7 = Scaled<TUnit, TV, TScales, TRows>(s7, scale, offset, factors + 28, a7); }
            }

            x += 12 * TRows.Value;
        }

        Store<TUnit, TV, TRows>(y, ldy, add, a0, a1, a2, a3, a4, a5, a6, a7);
    }

    /// <summary>Minus zero times the sum of a row's integers, where there is no offset to hold it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Correction<TUnit, TV, TScales, TRows>(byte* factors)
        where TUnit : IByteUnit<TV>
        where TV : struct
        where TScales : IScales
        where TRows : struct, IConstant
        => TScales.HasOffset ? TUnit.Zero : TUnit.Broadcast(factors + (8 * TRows.Value));

    /// <summary>
    /// sum + products of the low codes with four activations and of the high codes with four of the block's second
    /// half.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV DotNibbles<TUnit, TV>(TV low, TV high, byte* x, byte* second, TV sum)
        where TUnit : IByteUnit<TV>
        where TV : struct
        => TUnit.DotBytes(high, TUnit.Broadcast(second), TUnit.DotBytes(low, TUnit.Broadcast(x), sum));

    /// <summary>Adds a block's sum of 16-bit parts to an accumulator.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV ScaledNibbles<TUnit, TV, TScales, TRows>(
        TV sum, TV ones, TV scale, TV offset, byte* factors, TV accumulator)
        where TUnit : IByteUnit<TV>
        where TV : struct
        where TScales : IScales
        where TRows : struct, IConstant
    {
        sum = TUnit.DotShorts(sum, ones, Correction<TUnit, TV, TScales, TRows>(factors));
        return Scaled<TUnit, TV, TScales, TRows>(sum, scale, offset, factors, accumulator);
    }

    /// <summary>Adds a block's sum to an accumulator.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Scaled<TUnit, TV, TScales, TRows>(TV sum, TV scale, TV offset, byte* factors, TV accumulator)
        where TUnit : IByteUnit<TV>
        where TV : struct
        where TScales : IScales
        where TRows : struct, IConstant
    {
        accumulator = TUnit.MultiplyAdd(
            TUnit.Multiply(TUnit.ToFloats(sum), TUnit.Broadcast(factors)), scale, accumulator);
        return TScales.HasOffset
            ? TUnit.MultiplyAdd(offset, TUnit.Broadcast(factors + (4 * TRows.Value)), accumulator)
            : accumulator;
    }
}
