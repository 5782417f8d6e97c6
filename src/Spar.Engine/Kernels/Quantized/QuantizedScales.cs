using System.Runtime.CompilerServices;

namespace Spar.Engine.Kernels.Quantized;

/// <summary>
/// Reads the scales of one <see cref="ScaleKind"/> from a panel; a type for each kind, so that a kernel is compiled for
/// it.
/// </summary>
internal unsafe interface IScales
{
    /// <summary>Whether there are offsets.</summary>
    static abstract bool HasOffset { get; }

    /// <summary>Scales a block of 32 has: 1 or 2.</summary>
    static abstract int PerBlock { get; }

    /// <summary>Scales (and offsets) of some rows.</summary>
    /// <param name="scales">The panel's scales.</param>
    /// <param name="block">Block of 32 inputs.</param>
    /// <param name="part">Which of the block's scales.</param>
    /// <param name="lane">First row in the panel.</param>
    /// <param name="offset">Receives the offsets, or nothing of use.</param>
    static abstract TV Load<TUnit, TV>(byte* scales, int block, int part, int lane, out TV offset)
        where TUnit : IByteUnit<TV>
        where TV : struct;
}

internal readonly unsafe struct HalfScales : IScales
{
    public static bool HasOffset => false;

    public static int PerBlock => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Load<TUnit, TV>(byte* scales, int block, int part, int lane, out TV offset)
        where TUnit : IByteUnit<TV>
        where TV : struct
    {
        offset = TUnit.Zero;
        return TUnit.LoadHalves(scales + ((nint)block * 32) + (2 * lane));
    }
}

internal readonly unsafe struct HalfScalesWithOffset : IScales
{
    public static bool HasOffset => true;

    public static int PerBlock => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Load<TUnit, TV>(byte* scales, int block, int part, int lane, out TV offset)
        where TUnit : IByteUnit<TV>
        where TV : struct
    {
        byte* at = scales + ((nint)block * 64) + (2 * lane);
        offset = TUnit.LoadHalves(at + 32);
        return TUnit.LoadHalves(at);
    }
}

internal readonly unsafe struct SuperScales : IScales
{
    public static bool HasOffset => true;

    public static int PerBlock => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Load<TUnit, TV>(byte* scales, int block, int part, int lane, out TV offset)
        where TUnit : IByteUnit<TV>
        where TV : struct
    {
        byte* group = scales + ((nint)(block >> 3) * 320);
        byte* factors = group + 64 + ((block & 7) * 16) + lane;
        offset = TUnit.Negate(
            TUnit.Multiply(TUnit.LoadHalves(group + 32 + (2 * lane)), TUnit.LoadBytes(factors + 128)));
        return TUnit.Multiply(TUnit.LoadHalves(group + (2 * lane)), TUnit.LoadBytes(factors));
    }
}

internal readonly unsafe struct SuperScalesOf16 : IScales
{
    public static bool HasOffset => false;

    public static int PerBlock => 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Load<TUnit, TV>(byte* scales, int block, int part, int lane, out TV offset)
        where TUnit : IByteUnit<TV>
        where TV : struct
    {
        byte* group = scales + ((nint)(block >> 3) * 288);
        offset = TUnit.Zero;
        return TUnit.Multiply(
            TUnit.LoadHalves(group + (2 * lane)),
            TUnit.LoadSignedBytes(group + 32 + ((((block & 7) * 2) + part) * 16) + lane));
    }
}
