using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spar.Engine.Kernels;

/// <summary>
/// The innermost product of bfloat16 matrices: a block of C (up to 32 x 32, float32) = or += tiles of A times tiles of
/// B. The arithmetic is that of TDPBF16PS (Intel's Software Developer's Manual, volume 2): for every 32 steps of k a
/// chain of fused multiply-adds over the even steps and one over the odd ones, each from 0; their sum is added to C.
/// So the order depends on k alone, C may be put down and taken up between any two tiles, and an element of C has the
/// same bits in any block, with AMX or without.
/// <para>
/// The instruction takes denormals as 0 and makes 0 of them. Numbers below <see cref="Smallest"/> are rounded to 0, so
/// that no sum of products is one: each is a multiple of 2^-124. What is left is the sum with C, which the vectors flush
/// too.
/// </para>
/// </summary>
internal static unsafe class TileKernel
{
    /// <summary>Steps of k of a tile.</summary>
    public const int Depth = 32;

    /// <summary>Rows of a tile of A; columns of a tile of B.</summary>
    public const int Side = 16;

    /// <summary>Rows and columns of a whole block of C.</summary>
    public const int Block = 2 * Side;

    /// <summary>
    /// Numbers of a tile. A tile of A has its rows one after another. One of B has the 16 pairs of k one after another,
    /// for each its columns, and for each of these the pair.
    /// </summary>
    public const int Tile = Side * Depth;

    /// <summary>Magnitudes below this one, 2^-55, are taken as 0.</summary>
    public const float Smallest = 1f / (1L << 55);

    private const int Lanes = Tile / 2; // pairs of a tile

    /// <summary>Has to come before <see cref="Run"/>, on the same thread, and <see cref="End"/> after it.</summary>
    public static void Begin()
    {
        if (TileInstructions.IsSupported)
        {
            TileInstructions.Begin();
        }
    }

    /// <summary>Ends what <see cref="Begin"/> began.</summary>
    public static void End()
    {
        if (TileInstructions.IsSupported)
        {
            TileInstructions.End();
        }
    }

    /// <summary>One block, of 32 columns.</summary>
    /// <param name="rows">
    /// Rows of C that count, 1 .. 32; there has to be room for 16 or 32, and the others are undefined afterwards.
    /// </param>
    /// <param name="blocks">Tiles of A along k.</param>
    /// <param name="a">Tiles of the first 16 rows of A, one after another.</param>
    /// <param name="next">Numbers from there to those of the next 16.</param>
    /// <param name="b">Tiles of B: for each tile of A two, of columns 0 to 15 and 16 to 31.</param>
    /// <param name="c">First element of C.</param>
    /// <param name="ldc">Floats from one row of C to the next.</param>
    /// <param name="add">Adds to C instead of overwriting it.</param>
    public static void Run(int rows, int blocks, ushort* a, nint next, ushort* b, float* c, nint ldc, bool add)
    {
        if (TileInstructions.IsSupported)
        {
            TileInstructions.Run(rows > Side, add, blocks, a, a + next, b, c, ldc * sizeof(float));
        }
        else
        {
            RunVectors(rows, blocks, a, next, b, c, ldc, add);
        }
    }

    /// <summary>The same without AMX.</summary>
    public static void RunVectors(int rows, int blocks, ushort* a, nint next, ushort* b, float* c, nint ldc, bool add)
    {
        if (KernelPath.VectorBits == 512)
        {
            RunVectors<Unit512, Vector512<float>>(rows, blocks, a, next, b, c, ldc, add);
        }
        else if (KernelPath.VectorBits == 256)
        {
            RunVectors<Unit256, Vector256<float>>(rows, blocks, a, next, b, c, ldc, add);
        }
        else
        {
            RunVectors<Unit128, Vector128<float>>(rows, blocks, a, next, b, c, ldc, add);
        }
    }

    private static void RunVectors<TUnit, TVector>(
        int rows, int blocks, ushort* a, nint next, ushort* b, float* c, nint ldc, bool add)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
    {
        for (int row = 0; row < rows; row += 4)
        {
            uint* pairs = (uint*)(a + (row / Side * next) + (row % Side * Depth));
            for (int column = 0; column < Block; column += TUnit.Lanes)
            {
                Rows<TUnit, TVector>(
                    blocks, pairs, (uint*)b + (column / Side * Lanes) + (column % Side), c + (row * ldc) + column, ldc,
                    add);
            }
        }
    }

    /// <summary>Four rows and a vector's worth of columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows<TUnit, TVector>(int blocks, uint* a, uint* b, float* c, nint ldc, bool add)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
    {
        TVector c0 = Start<TUnit, TVector>(c, add), c1 = Start<TUnit, TVector>(c + ldc, add);
        TVector c2 = Start<TUnit, TVector>(c + (2 * ldc), add), c3 = Start<TUnit, TVector>(c + (3 * ldc), add);
        for (; blocks > 0; blocks--, a += Lanes, b += 2 * Lanes)
        {
            TVector even0 = TUnit.Zero, even1 = TUnit.Zero, even2 = TUnit.Zero, even3 = TUnit.Zero;
            TVector odd0 = TUnit.Zero, odd1 = TUnit.Zero, odd2 = TUnit.Zero, odd3 = TUnit.Zero;
            for (int p = 0; p < Side; p++)
            {
                TVector even = TUnit.LowerHalves(b + (p * Side)), odd = TUnit.UpperHalves(b + (p * Side));
                Pair<TUnit, TVector>(a[p], even, odd, ref even0, ref odd0);
                Pair<TUnit, TVector>(a[p + Side], even, odd, ref even1, ref odd1);
                Pair<TUnit, TVector>(a[p + (2 * Side)], even, odd, ref even2, ref odd2);
                Pair<TUnit, TVector>(a[p + (3 * Side)], even, odd, ref even3, ref odd3);
            }

            c0 = TUnit.Flush(TUnit.Add(c0, TUnit.Add(even0, odd0)));
            c1 = TUnit.Flush(TUnit.Add(c1, TUnit.Add(even1, odd1)));
            c2 = TUnit.Flush(TUnit.Add(c2, TUnit.Add(even2, odd2)));
            c3 = TUnit.Flush(TUnit.Add(c3, TUnit.Add(even3, odd3)));
        }

        TUnit.Store(c0, c);
        TUnit.Store(c1, c + ldc);
        TUnit.Store(c2, c + (2 * ldc));
        TUnit.Store(c3, c + (3 * ldc));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Start<TUnit, TVector>(float* c, bool add)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
        => add ? TUnit.Flush(TUnit.Load(c)) : TUnit.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair<TUnit, TVector>(
        uint pair, TVector even, TVector odd, ref TVector evenSum, ref TVector oddSum)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
    {
        float first = BitConverter.UInt32BitsToSingle(pair << 16);
        float second = BitConverter.UInt32BitsToSingle(pair & 0xffff0000);
        evenSum = TUnit.MultiplyAdd(TUnit.Broadcast(&first), even, evenSum);
        oddSum = TUnit.MultiplyAdd(TUnit.Broadcast(&second), odd, oddSum);
    }
}
