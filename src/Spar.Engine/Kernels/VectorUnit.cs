using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Spar.Engine.Kernels;

/// <summary>The vector operations that a matrix kernel needs, for one register width.</summary>
/// <typeparam name="TVector">A vector of floats.</typeparam>
internal unsafe interface IVectorUnit<TVector>
    where TVector : struct
{
    /// <summary>Lanes a vector.</summary>
    static abstract int Lanes { get; }

    /// <summary>Rows of the largest register block that leaves no accumulator spilled.</summary>
    static abstract int MaxRows { get; }

    /// <summary>All lanes 0.</summary>
    static abstract TVector Zero { get; }

    /// <summary>Reads <see cref="Lanes"/> floats.</summary>
    static abstract TVector Load(float* source);

    /// <summary>One float in all lanes.</summary>
    static abstract TVector Broadcast(float* source);

    /// <summary>a b + c, rounded once.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

    /// <summary>a + b.</summary>
    static abstract TVector Add(TVector a, TVector b);

    /// <summary>Writes <see cref="Lanes"/> floats.</summary>
    static abstract void Store(TVector value, float* target);

    /// <summary>The bfloat16 numbers in the lower halves of <see cref="Lanes"/> words.</summary>
    static abstract TVector LowerHalves(uint* source);

    /// <summary>Those in the upper halves.</summary>
    static abstract TVector UpperHalves(uint* source);

    /// <summary>The same numbers, with zeros of their signs in the place of denormals.</summary>
    static abstract TVector Flush(TVector value);
}

/// <summary>512-bit vectors: a block of 12 x 32.</summary>
internal readonly unsafe struct Unit512 : IVectorUnit<Vector512<float>>
{
    public static int Lanes => 16;

    public static int MaxRows => 12;

    public static Vector512<float> Zero => Vector512<float>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Broadcast(float* source) => Vector512.Create(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c) =>
        KernelPath.HasMasks ? Avx512F.FusedMultiplyAdd(a, b, c) : Vector512.FusedMultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> value, float* target) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LowerHalves(uint* source) => (Vector512.Load(source) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> UpperHalves(uint* source) =>
        (Vector512.Load(source) & Vector512.Create(0xffff0000)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Flush(Vector512<float> value) => Vector512.ConditionalSelect(
        Vector512.LessThan(Vector512.Abs(value), Vector512.Create(VectorMath.SmallestNormal)),
        value & Vector512.Create(-0f), value);
}

/// <summary>256-bit vectors: a block of 6 x 16.</summary>
internal readonly unsafe struct Unit256 : IVectorUnit<Vector256<float>>
{
    public static int Lanes => 8;

    public static int MaxRows => 6;

    public static Vector256<float> Zero => Vector256<float>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(float* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Broadcast(float* source) => Vector256.Create(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> c) =>
        Vector256.FusedMultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Add(Vector256<float> a, Vector256<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<float> value, float* target) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LowerHalves(uint* source) => (Vector256.Load(source) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> UpperHalves(uint* source) =>
        (Vector256.Load(source) & Vector256.Create(0xffff0000)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Flush(Vector256<float> value) => Vector256.ConditionalSelect(
        Vector256.LessThan(Vector256.Abs(value), Vector256.Create(VectorMath.SmallestNormal)),
        value & Vector256.Create(-0f), value);
}

/// <summary>128-bit vectors: a block of 4 x 8.</summary>
internal readonly unsafe struct Unit128 : IVectorUnit<Vector128<float>>
{
    public static int Lanes => 4;

    public static int MaxRows => 4;

    public static Vector128<float> Zero => Vector128<float>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load(float* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Broadcast(float* source) => Vector128.Create(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) =>
        Vector128.FusedMultiplyAdd(a, b, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<float> value, float* target) => value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LowerHalves(uint* source) => (Vector128.Load(source) << 16).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> UpperHalves(uint* source) =>
        (Vector128.Load(source) & Vector128.Create(0xffff0000)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Flush(Vector128<float> value) => Vector128.ConditionalSelect(
        Vector128.LessThan(Vector128.Abs(value), Vector128.Create(VectorMath.SmallestNormal)),
        value & Vector128.Create(-0f), value);
}
