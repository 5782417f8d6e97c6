using System.Runtime.CompilerServices;

namespace Spar.Engine.Kernels.Quantized;

/// <content>With float32 activations.</content>
internal static unsafe partial class QuantizedKernel
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ExactNibbles<TUnit, TV, TScales, TRows>(
        int blocks, byte* codes, byte* scales, int lane, float* x, int zero, float* y, nint ldy, bool add)
        where TUnit : IByteUnit<TV>
        where TV : struct
        where TScales : IScales
        where TRows : struct, IConstant
    {
        TV table = TUnit.NibbleTable(zero);
        TV a0 = TUnit.Zero, a1 = TUnit.Zero, a2 = TUnit.Zero, a3 = TUnit.Zero, a4 = TUnit.Zero, a5 = TUnit.Zero;
        TV a6 = TUnit.Zero, a7 = TUnit.Zero;
        codes += 4 * lane;
        for (int block = 0; block < blocks; block++)
        {
            TV s0 = TUnit.Zero, s1 = TUnit.Zero, s2 = TUnit.Zero, s3 = TUnit.Zero, s4 = TUnit.Zero, s5 = TUnit.Zero;
            TV s6 = TUnit.Zero, s7 = TUnit.Zero;
            TV t0 = TUnit.Zero, t1 = TUnit.Zero, t2 = TUnit.Zero, t3 = TUnit.Zero, t4 = TUnit.Zero, t5 = TUnit.Zero;
            TV t6 = TUnit.Zero, t7 = TUnit.Zero;
            for (int j = 0; j < 4; j++, codes += 64, x += 4 * TRows.Value)
            {
                if (TRows.Value <= 2)
                {
                    KernelPath.Prefetch(codes + 2048);
                }

                TV packed = TUnit.Load(codes);
                TV code = TUnit.FromNibbles(packed, table);
                Code<TUnit, TV, TRows>(
                    code, x, 0, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, ref s6, ref s7);
                code = TUnit.FromNibbles(TUnit.ShiftRight(packed, 4), table);
                Code<TUnit, TV, TRows>(
                    code, x, 16 * TRows.Value, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
                code = TUnit.FromNibbles(TUnit.ShiftRight(packed, 8), table);
                Code<TUnit, TV, TRows>(
                    code, x, 1 * TRows.Value, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, ref s6, ref s7);
                code = TUnit.FromNibbles(TUnit.ShiftRight(packed, 12), table);
                Code<TUnit, TV, TRows>(
                    code, x, 17 * TRows.Value, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
                code = TUnit.FromNibbles(TUnit.ShiftRight(packed, 16), table);
                Code<TUnit, TV, TRows>(
                    code, x, 2 * TRows.Value, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, ref s6, ref s7);
                code = TUnit.FromNibbles(TUnit.ShiftRight(packed, 20), table);
                Code<TUnit, TV, TRows>(
                    code, x, 18 * TRows.Value, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
                code = TUnit.FromNibbles(TUnit.ShiftRight(packed, 24), table);
                Code<TUnit, TV, TRows>(
                    code, x, 3 * TRows.Value, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, ref s6, ref s7);
                code = TUnit.FromNibbles(TUnit.ShiftRight(packed, 28), table);
                Code<TUnit, TV, TRows>(
                    code, x, 19 * TRows.Value, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
            }

            x += 16 * TRows.Value;
            TV scale = TScales.Load<TUnit, TV>(scales, block, 0, lane, out TV offset);
            a0 = Scaled<TUnit, TV, TScales>(s0, t0, scale, offset, x, a0);
            if (TRows.Value > 1) { a1 = Scaled<TUnit, TV, TScales>(s1, t1, scale, offset, x + 1, a1); }
            if (TRows.Value > 2) { a2 = Scaled<TUnit, TV, TScales>(s2, t2, scale, offset, x + 2, a2); }
            if (TRows.Value > 3) { a3 = Scaled<TUnit, TV, TScales>(s3, t3, scale, offset, x + 3, a3); }
            if (TRows.Value > 4) { a4 = Scaled<TUnit, TV, TScales>(s4, t4, scale, offset, x + 4, a4); }
            if (TRows.Value > 5) { a5 = Scaled<TUnit, TV, TScales>(s5, t5, scale, offset, x + 5, a5); }
            if (TRows.Value > 6) { a6 = Scaled<TUnit, TV, TScales>(s6, t6, scale, offset, x + 6, a6); }
            if (TRows.Value > 7) { a7 = Scaled<TUnit, TV, TScales>(s7, t7, scale, offset, x + 7, a7); }
            x += TRows.Value;
        }

        Store<TUnit, TV, TRows>(y, ldy, add, a0, a1, a2, a3, a4, a5, a6, a7);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ExactBytes<TUnit, TV, TScales, TRows>(
        int blocks, byte* codes, byte* scales, int lane, float* x, float* y, nint ldy, bool add)
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
            float* sums = x + (32 * TRows.Value);
            for (int part = 0; part < TScales.PerBlock; part++)
            {
                TV s0 = TUnit.Zero, s1 = TUnit.Zero, s2 = TUnit.Zero, s3 = TUnit.Zero, s4 = TUnit.Zero, s5 = TUnit.Zero;
                TV s6 = TUnit.Zero, s7 = TUnit.Zero;
                TV t0 = TUnit.Zero, t1 = TUnit.Zero, t2 = TUnit.Zero, t3 = TUnit.Zero, t4 = TUnit.Zero, t5 = TUnit.Zero;
                TV t6 = TUnit.Zero, t7 = TUnit.Zero;
                for (int j = 0; j < 16 / TScales.PerBlock; j++, codes += 32, x += 2 * TRows.Value)
                {
                    if (TRows.Value <= 2 && (j & 1) == 0)
                    {
                        KernelPath.Prefetch(codes + 2048);
                    }

                    TV pair = TUnit.LoadWidened(codes);
                    TV code = TUnit.EvenToFloats(pair);
                    Code<TUnit, TV, TRows>(
                        code, x, 0, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, ref s6, ref s7);
                    code = TUnit.OddToFloats(pair);
                    Code<TUnit, TV, TRows>(
                        code, x, TRows.Value, ref t0, ref t1, ref t2, ref t3, ref t4, ref t5, ref t6, ref t7);
                }

                TV scale = TScales.Load<TUnit, TV>(scales, block, part, lane, out TV offset);
                a0 = Scaled<TUnit, TV, TScales>(s0, t0, scale, offset, sums, a0);
                if (TRows.Value > 1) { a1 = Scaled<TUnit, TV, TScales>(s1, t1, scale, offset, sums + 1, a1); }
                if (TRows.Value > 2) { a2 = Scaled<TUnit, TV, TScales>(s2, t2, scale, offset, sums + 2, a2); }
                if (TRows.Value > 3) { a3 = Scaled<TUnit, TV, TScales>(s3, t3, scale, offset, sums + 3, a3); }
                if (TRows.Value > 4) { a4 = Scaled<TUnit, TV, TScales>(s4, t4, scale, offset, sums + 4, a4); }
                if (TRows.Value > 5) { a5 = Scaled<TUnit, TV, TScales>(s5, t5, scale, offset, sums + 5, a5); }
                if (TRows.Value > 6) { a6 = Scaled<TUnit, TV, TScales>(s6, t6, scale, offset, sums + 6, a6); }
                if (TRows.Value > 7) { a7 = Scaled<TUnit, TV, TScales>(s7, t7, scale, offset, sums + 7, a7); }
            }

            x += TRows.Value;
        }

        Store<TUnit, TV, TRows>(y, ldy, add, a0, a1, a2, a3, a4, a5, a6, a7);
    }

    /// <summary>
    /// One code of every output times the activations of all rows, which begin at x[at]: s += code x.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Code<TUnit, TV, TRows>(
        TV code, float* x, int at,
        ref TV s0, ref TV s1, ref TV s2, ref TV s3, ref TV s4, ref TV s5, ref TV s6, ref TV s7)
        where TUnit : IByteUnit<TV>
        where TV : struct
        where TRows : struct, IConstant
    {
        s0 = TUnit.MultiplyAdd(code, TUnit.Broadcast(x + at), s0);
        if (TRows.Value > 1) { s1 = TUnit.MultiplyAdd(code, TUnit.Broadcast(x + at + 1), s1); }
        if (TRows.Value > 2) { s2 = TUnit.MultiplyAdd(code, TUnit.Broadcast(x + at + 2), s2); }
        if (TRows.Value > 3) { s3 = TUnit.MultiplyAdd(code, TUnit.Broadcast(x + at + 3), s3); }
        if (TRows.Value > 4) { s4 = TUnit.MultiplyAdd(code, TUnit.Broadcast(x + at + 4), s4); }
        if (TRows.Value > 5) { s5 = TUnit.MultiplyAdd(code, TUnit.Broadcast(x + at + 5), s5); }
        if (TRows.Value > 6) { s6 = TUnit.MultiplyAdd(code, TUnit.Broadcast(x + at + 6), s6); }
        if (TRows.Value > 7) { s7 = TUnit.MultiplyAdd(code, TUnit.Broadcast(x + at + 7), s7); }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Scaled<TUnit, TV, TScales>(TV s, TV t, TV scale, TV offset, float* sum, TV accumulator)
        where TUnit : IByteUnit<TV>
        where TV : struct
        where TScales : IScales
    {
        accumulator = TUnit.MultiplyAdd(TUnit.Add(s, t), scale, accumulator);
        return TScales.HasOffset ? TUnit.MultiplyAdd(offset, TUnit.Broadcast(sum), accumulator) : accumulator;
    }
}
