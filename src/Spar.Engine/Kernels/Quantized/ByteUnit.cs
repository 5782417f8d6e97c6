using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Spar.Engine.Kernels.Quantized;

/// <summary>
/// The operations of the quantised kernels, for one register width. A vector is a bag of bytes that an operation reads
/// as 8, 16 or 32-bit integers or as floats. Integer results are exact and floats are rounded alike, so all widths give
/// the same bits.
/// </summary>
/// <typeparam name="TV">The vector.</typeparam>
internal unsafe interface IByteUnit<TV>
    where TV : struct
{
    /// <summary>32-bit lanes: rows of a panel that a vector covers.</summary>
    static abstract int Lanes { get; }

    /// <summary>Rows of x that a kernel takes at once without spilling.</summary>
    static abstract int MaxRows { get; }

    static abstract TV Zero { get; }

    static abstract TV Load(void* source);

    /// <summary>Four bytes in all lanes.</summary>
    static abstract TV Broadcast(void* source);

    static abstract TV Ones16 { get; }

    static abstract TV LowNibbles(TV bytes);

    static abstract TV HighNibbles(TV bytes);

    /// <summary>
    /// sum + pairwise sums of products of unsigned and signed bytes, 16-bit. The caller sees to it that nothing
    /// overflows.
    /// </summary>
    static abstract TV DotBytes(TV unsigned, TV signed, TV sum);

    /// <summary>Reads signed bytes and widens them to 16 bits.</summary>
    static abstract TV LoadWidened(byte* source);

    /// <summary>sum + pairwise sums of products of 16-bit integers, 32-bit.</summary>
    static abstract TV DotShorts(TV a, TV b, TV sum);

    /// <summary>
    /// What <see cref="FromNibbles"/> needs, for codes of which <paramref name="zero"/> stands for 0.
    /// </summary>
    static abstract TV NibbleTable(int zero);

    /// <summary>The low four bits of each 32-bit lane, less the zero, as floats.</summary>
    static abstract TV FromNibbles(TV values, TV table);

    /// <summary>Shifts the 32-bit lanes right.</summary>
    static abstract TV ShiftRight(TV values, [ConstantExpected] byte count);

    /// <summary>The low 16-bit integer of each 32-bit lane as a float.</summary>
    static abstract TV EvenToFloats(TV shorts);

    /// <summary>The high one.</summary>
    static abstract TV OddToFloats(TV shorts);

    /// <summary>32-bit integers to floats.</summary>
    static abstract TV ToFloats(TV ints);

    /// <summary>Reads finite half-precision numbers as floats, exactly.</summary>
    static abstract TV LoadHalves(byte* source);

    /// <summary>Reads unsigned bytes as floats.</summary>
    static abstract TV LoadBytes(byte* source);

    /// <summary>Reads signed bytes as floats.</summary>
    static abstract TV LoadSignedBytes(byte* source);

    /// <summary>a b, floats.</summary>
    static abstract TV Multiply(TV a, TV b);

    /// <summary>a b + c rounded once, floats.</summary>
    static abstract TV MultiplyAdd(TV a, TV b, TV c);

    /// <summary>-a, floats.</summary>
    static abstract TV Negate(TV a);

    /// <summary>a + b, floats.</summary>
    static abstract TV Add(TV a, TV b);

    static abstract void Store(TV value, void* target);
}

/// <summary>512-bit vectors: a whole panel.</summary>
internal readonly unsafe struct ByteUnit512 : IByteUnit<Vector512<byte>>
{
    public static int Lanes => 16;

    public static int MaxRows => 8;

    public static Vector512<byte> Zero => Vector512<byte>.Zero;

    public static Vector512<byte> Ones16 => Vector512.Create((short)1).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Load(void* source) => Vector512.Load((byte*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Broadcast(void* source) => Vector512.Create(*(int*)source).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> LowNibbles(Vector512<byte> bytes) => bytes & Vector512.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> HighNibbles(Vector512<byte> bytes) =>
        Avx512BW.ShiftRightLogical(bytes.AsUInt16(), 4).AsByte() & Vector512.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> DotBytes(Vector512<byte> unsigned, Vector512<byte> signed, Vector512<byte> sum) =>
        Avx512BW.Add(sum.AsInt16(), Avx512BW.MultiplyAddAdjacent(unsigned, signed.AsSByte())).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> LoadWidened(byte* source) =>
        Avx512BW.ConvertToVector512Int16(Vector256.Load((sbyte*)source)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> DotShorts(Vector512<byte> a, Vector512<byte> b, Vector512<byte> sum) =>
        Avx512F.Add(sum.AsInt32(), Avx512BW.MultiplyAddAdjacent(a.AsInt16(), b.AsInt16())).AsByte();

    public static Vector512<byte> NibbleTable(int zero) =>
        Vector512.ConvertToSingle(Vector512<int>.Indices - Vector512.Create(zero)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> FromNibbles(Vector512<byte> values, Vector512<byte> table) =>
        Avx512F.PermuteVar16x32(table.AsSingle(), values.AsInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> ShiftRight(Vector512<byte> values, [ConstantExpected] byte count) =>
        (values.AsInt32() >>> count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> EvenToFloats(Vector512<byte> shorts) =>
        ToFloats(((shorts.AsInt32() << 16) >> 16).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> OddToFloats(Vector512<byte> shorts) => ToFloats((shorts.AsInt32() >> 16).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> ToFloats(Vector512<byte> ints) =>
        Avx512F.ConvertToVector512Single(ints.AsInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> LoadHalves(byte* source)
    {
        Vector512<int> bits = Avx512F.ConvertToVector512Int32(Vector256.Load((short*)source));
        return (((bits << 13) & Vector512.Create(Halves.Mask)).AsSingle() * Halves.Rescale).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> LoadBytes(byte* source) =>
        ToFloats(Avx512F.ConvertToVector512Int32(Vector128.Load(source)).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> LoadSignedBytes(byte* source) =>
        ToFloats(Avx512F.ConvertToVector512Int32(Vector128.Load((sbyte*)source)).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Multiply(Vector512<byte> a, Vector512<byte> b) =>
        Avx512F.Multiply(a.AsSingle(), b.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> MultiplyAdd(Vector512<byte> a, Vector512<byte> b, Vector512<byte> c) =>
        Avx512F.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Negate(Vector512<byte> a) => (a.AsInt32() ^ Vector512.Create(int.MinValue)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Add(Vector512<byte> a, Vector512<byte> b) =>
        Avx512F.Add(a.AsSingle(), b.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<byte> value, void* target) => value.Store((byte*)target);
}

/// <summary>256-bit vectors: half a panel.</summary>
internal readonly unsafe struct ByteUnit256 : IByteUnit<Vector256<byte>>
{
    public static int Lanes => 8;

    public static int MaxRows => 4;

    public static Vector256<byte> Zero => Vector256<byte>.Zero;

    public static Vector256<byte> Ones16 => Vector256.Create((short)1).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Load(void* source) => Vector256.Load((byte*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Broadcast(void* source) => Vector256.Create(*(int*)source).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LowNibbles(Vector256<byte> bytes) => bytes & Vector256.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> HighNibbles(Vector256<byte> bytes) =>
        (bytes.AsUInt16() >>> 4).AsByte() & Vector256.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> DotBytes(Vector256<byte> unsigned, Vector256<byte> signed, Vector256<byte> sum) =>
        Avx2.Add(sum.AsInt16(), Avx2.MultiplyAddAdjacent(unsigned, signed.AsSByte())).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LoadWidened(byte* source) =>
        Avx2.ConvertToVector256Int16(Vector128.Load((sbyte*)source)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> DotShorts(Vector256<byte> a, Vector256<byte> b, Vector256<byte> sum) =>
        Avx2.Add(sum.AsInt32(), Avx2.MultiplyAddAdjacent(a.AsInt16(), b.AsInt16())).AsByte();

    public static Vector256<byte> NibbleTable(int zero) => Vector256.Create(zero).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> FromNibbles(Vector256<byte> values, Vector256<byte> table) =>
        Vector256.ConvertToSingle((values.AsInt32() & Vector256.Create(15)) - table.AsInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> ShiftRight(Vector256<byte> values, [ConstantExpected] byte count) =>
        (values.AsInt32() >>> count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> EvenToFloats(Vector256<byte> shorts) =>
        ToFloats(((shorts.AsInt32() << 16) >> 16).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> OddToFloats(Vector256<byte> shorts) => ToFloats((shorts.AsInt32() >> 16).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> ToFloats(Vector256<byte> ints) => Vector256.ConvertToSingle(ints.AsInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LoadHalves(byte* source)
    {
        Vector256<int> bits = Avx2.ConvertToVector256Int32(Vector128.Load((short*)source));
        return (((bits << 13) & Vector256.Create(Halves.Mask)).AsSingle() * Halves.Rescale).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LoadBytes(byte* source) => ToFloats(Avx2.ConvertToVector256Int32(source).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> LoadSignedBytes(byte* source) =>
        ToFloats(Avx2.ConvertToVector256Int32((sbyte*)source).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Multiply(Vector256<byte> a, Vector256<byte> b) =>
        (a.AsSingle() * b.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> MultiplyAdd(Vector256<byte> a, Vector256<byte> b, Vector256<byte> c) =>
        Fma.MultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Negate(Vector256<byte> a) => (a.AsInt32() ^ Vector256.Create(int.MinValue)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Add(Vector256<byte> a, Vector256<byte> b) => (a.AsSingle() + b.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<byte> value, void* target) => value.Store((byte*)target);
}

/// <summary>128-bit vectors: a quarter of a panel, on any processor.</summary>
internal readonly unsafe struct ByteUnit128 : IByteUnit<Vector128<byte>>
{
    public static int Lanes => 4;

    public static int MaxRows => 4;

    public static Vector128<byte> Zero => Vector128<byte>.Zero;

    public static Vector128<byte> Ones16 => Vector128.Create((short)1).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(void* source) => Vector128.Load((byte*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Broadcast(void* source) => Vector128.Create(*(int*)source).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> LowNibbles(Vector128<byte> bytes) => bytes & Vector128.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> HighNibbles(Vector128<byte> bytes) =>
        (bytes.AsUInt16() >>> 4).AsByte() & Vector128.Create((byte)15);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> DotBytes(Vector128<byte> unsigned, Vector128<byte> signed, Vector128<byte> sum)
    {
        if (KernelPath.HasByteDot)
        {
            return (sum.AsInt16() + Ssse3.MultiplyAddAdjacent(unsigned, signed.AsSByte())).AsByte();
        }

        Vector128<short> even = (unsigned.AsInt16() & Vector128.Create((short)255)) * ((signed.AsInt16() << 8) >> 8);
        Vector128<short> odd = (unsigned.AsUInt16() >>> 8).AsInt16() * (signed.AsInt16() >> 8);
        return (sum.AsInt16() + even + odd).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> LoadWidened(byte* source) =>
        Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)source).AsSByte()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> DotShorts(Vector128<byte> a, Vector128<byte> b, Vector128<byte> sum)
    {
        if (KernelPath.HasShortDot)
        {
            return (sum.AsInt32() + Sse2.MultiplyAddAdjacent(a.AsInt16(), b.AsInt16())).AsByte();
        }

        Vector128<int> even = ((a.AsInt32() << 16) >> 16) * ((b.AsInt32() << 16) >> 16);
        Vector128<int> odd = (a.AsInt32() >> 16) * (b.AsInt32() >> 16);
        return (sum.AsInt32() + even + odd).AsByte();
    }

    public static Vector128<byte> NibbleTable(int zero) => Vector128.Create(zero).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> FromNibbles(Vector128<byte> values, Vector128<byte> table) =>
        Vector128.ConvertToSingle((values.AsInt32() & Vector128.Create(15)) - table.AsInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ShiftRight(Vector128<byte> values, [ConstantExpected] byte count) =>
        (values.AsInt32() >>> count).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> EvenToFloats(Vector128<byte> shorts) =>
        ToFloats(((shorts.AsInt32() << 16) >> 16).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> OddToFloats(Vector128<byte> shorts) => ToFloats((shorts.AsInt32() >> 16).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ToFloats(Vector128<byte> ints) => Vector128.ConvertToSingle(ints.AsInt32()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> LoadHalves(byte* source)
    {
        Vector128<int> bits = Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)source).AsInt16());
        return (((bits << 13) & Vector128.Create(Halves.Mask)).AsSingle() * Halves.Rescale).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> LoadBytes(byte* source) =>
        ToFloats(
            Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(int*)source).AsByte())).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> LoadSignedBytes(byte* source) =>
        ToFloats(
            Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(int*)source).AsSByte())).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Multiply(Vector128<byte> a, Vector128<byte> b) =>
        (a.AsSingle() * b.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> MultiplyAdd(Vector128<byte> a, Vector128<byte> b, Vector128<byte> c) =>
        Vector128.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Negate(Vector128<byte> a) => (a.AsInt32() ^ Vector128.Create(int.MinValue)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Add(Vector128<byte> a, Vector128<byte> b) => (a.AsSingle() + b.AsSingle()).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<byte> value, void* target) => value.Store((byte*)target);
}

/// <summary>
/// Half precision to single without an instruction for it: sign, exponent and fraction move into place, and a product
/// mends the exponent's bias (subnormals too).
/// </summary>
internal static class Halves
{
    /// <summary>The bits that a sign-extended half, shifted left by 13, may keep.</summary>
    public const int Mask = unchecked((int)0x8FFFE000);

    /// <summary>2^(127 - 15).</summary>
    public const float Rescale = 5.192296858534828e33f;
}
