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

    private const int Lanes = Tile / 2;             // pairs of a tile
    private const int BlocksAtOnce = 8;             // tiles along k that are multiplied while they are in the L1 cache
    private const int MostRows = 6, FewRows = 4;    // rows at a time

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

    /// <summary>The same on vectors of a width that is asked for.</summary>
    public static void RunVectors<TUnit, TVector>(
        int rows, int blocks, ushort* a, nint next, ushort* b, float* c, nint ldc, bool add)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
    {
        int room = rows > Side ? Block : Side;
        for (int row = 0; row < rows && add; row++)
        {
            for (int column = 0; column < Block; column += TUnit.Lanes)
            {
                float* at = c + (row * ldc) + column;
                TUnit.Store(TUnit.Flush(TUnit.Load(at)), at);
            }
        }

        float* wide = stackalloc float[BlocksAtOnce * MostRows * Depth];
        for (int first = 0; first < blocks; first += BlocksAtOnce, b += BlocksAtOnce * 2 * Tile)
        {
            int count = Math.Min(BlocksAtOnce, blocks - first);
            ushort* tiles = a + ((nint)first * Tile);
            for (int row = 0, high; row < rows; row += high)
            {
                high = room - row is >= MostRows and not 2 * FewRows ? MostRows : FewRows;
                Widen<TUnit, TVector>(tiles, next, row, high, count, wide);
                for (int column = 0; column < Block;)
                {
                    uint* pairs = (uint*)b + (column / Side * Lanes) + (column % Side);
                    float* target = c + (row * ldc) + column;
                    if (high == MostRows)
                    {
                        SixRows<TUnit, TVector>(count, wide, pairs, target, ldc, add || first > 0);
                        column += 2 * TUnit.Lanes;
                    }
                    else
                    {
                        FourRows<TUnit, TVector>(count, wide, pairs, target, ldc, add || first > 0);
                        column += TUnit.Lanes;
                    }
                }
            }
        }
    }

    /// <summary>Rows of tiles of A as float32: of each tile and row the even steps, then the odd ones.</summary>
    private static void Widen<TUnit, TVector>(ushort* a, nint next, int first, int rows, int blocks, float* wide)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
    {
        for (int row = first; row < first + rows; row++, wide += Depth)
        {
            uint* pairs = (uint*)(a + (row / Side * next) + (row % Side * Depth));
            float* target = wide;
            for (int block = 0; block < blocks; block++, pairs += Lanes, target += rows * Depth)
            {
                for (int p = 0; p < Side; p += TUnit.Lanes)
                {
                    TUnit.Store(TUnit.LowerHalves(pairs + p), target + p);
                    TUnit.Store(TUnit.UpperHalves(pairs + p), target + Side + p);
                }
            }
        }
    }

    /// <summary>Four rows and a vector's worth of columns, even and odd steps side by side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourRows<TUnit, TVector>(int blocks, float* a, uint* b, float* c, nint ldc, bool add)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
    {
        for (; blocks > 0; blocks--, a += FewRows * Depth, b += 2 * Lanes, add = true)
        {
            TVector even0 = TUnit.Zero, even1 = TUnit.Zero, even2 = TUnit.Zero, even3 = TUnit.Zero;
            TVector odd0 = TUnit.Zero, odd1 = TUnit.Zero, odd2 = TUnit.Zero, odd3 = TUnit.Zero;
            float* x = a, end = a + Side;
            for (uint* pairs = b; x < end; x++, pairs += Side)
            {
                TVector even = TUnit.LowerHalves(pairs), odd = TUnit.UpperHalves(pairs);
                Pair<TUnit, TVector>(x, even, odd, ref even0, ref odd0);
                Pair<TUnit, TVector>(x + Depth, even, odd, ref even1, ref odd1);
                Pair<TUnit, TVector>(x + (2 * Depth), even, odd, ref even2, ref odd2);
                Pair<TUnit, TVector>(x + (3 * Depth), even, odd, ref even3, ref odd3);
            }

            Put<TUnit, TVector>(even0, odd0, c, add);
            Put<TUnit, TVector>(even1, odd1, c + ldc, add);
            Put<TUnit, TVector>(even2, odd2, c + (2 * ldc), add);
            Put<TUnit, TVector>(even3, odd3, c + (3 * ldc), add);
        }
    }

    /// <summary>
    /// Six rows and two vectors' worth of columns: even steps, then odd ones, as twelve chains hide the latency of a
    /// multiply-add and leave registers for their operands.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SixRows<TUnit, TVector>(int blocks, float* a, uint* b, float* c, nint ldc, bool add)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
    {
        // Two vectors of 16 lanes are a line of each of the two tiles.
        int right = TUnit.Lanes == Side ? Lanes : TUnit.Lanes;
        float* sums = stackalloc float[2 * MostRows * Side];
        for (; blocks > 0; blocks--, a += MostRows * Depth, b += 2 * Lanes, add = true)
        {
            TVector c0l = TUnit.Zero, c1l = TUnit.Zero, c2l = TUnit.Zero;
            TVector c3l = TUnit.Zero, c4l = TUnit.Zero, c5l = TUnit.Zero;
            TVector c0r = TUnit.Zero, c1r = TUnit.Zero, c2r = TUnit.Zero;
            TVector c3r = TUnit.Zero, c4r = TUnit.Zero, c5r = TUnit.Zero;
            float* x = a, end = a + Side;
            for (uint* pairs = b; x < end; x++, pairs += Side)
            {
                TVector bl = TUnit.LowerHalves(pairs), br = TUnit.LowerHalves(pairs + right);
                Column<TUnit, TVector>(
                    x, bl, br, ref c0l, ref c0r, ref c1l, ref c1r, ref c2l, ref c2r, ref c3l, ref c3r, ref c4l, ref c4r,
                    ref c5l, ref c5r);
            }

            float* s = sums;
            Turn<TUnit, TVector>(s, ref c0l, ref c0r);
            Turn<TUnit, TVector>(s += 2 * TUnit.Lanes, ref c1l, ref c1r);
            Turn<TUnit, TVector>(s += 2 * TUnit.Lanes, ref c2l, ref c2r);
            Turn<TUnit, TVector>(s += 2 * TUnit.Lanes, ref c3l, ref c3r);
            Turn<TUnit, TVector>(s += 2 * TUnit.Lanes, ref c4l, ref c4r);
            Turn<TUnit, TVector>(s += 2 * TUnit.Lanes, ref c5l, ref c5r);
            end = x + Side;
            for (uint* pairs = b; x < end; x++, pairs += Side)
            {
                TVector bl = TUnit.UpperHalves(pairs), br = TUnit.UpperHalves(pairs + right);
                Column<TUnit, TVector>(
                    x, bl, br, ref c0l, ref c0r, ref c1l, ref c1r, ref c2l, ref c2r, ref c3l, ref c3r, ref c4l, ref c4r,
                    ref c5l, ref c5r);
            }

            s = sums;
            float* target = c;
            PutRow<TUnit, TVector>(s, c0l, c0r, target, add);
            PutRow<TUnit, TVector>(s += 2 * TUnit.Lanes, c1l, c1r, target += ldc, add);
            PutRow<TUnit, TVector>(s += 2 * TUnit.Lanes, c2l, c2r, target += ldc, add);
            PutRow<TUnit, TVector>(s += 2 * TUnit.Lanes, c3l, c3r, target += ldc, add);
            PutRow<TUnit, TVector>(s += 2 * TUnit.Lanes, c4l, c4r, target += ldc, add);
            PutRow<TUnit, TVector>(s + (2 * TUnit.Lanes), c5l, c5r, target + ldc, add);
        }
    }

    /// <summary>One step of k in six rows: C += a column of A times a row of B.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Column<TUnit, TVector>(
        float* a, TVector bl, TVector br, ref TVector c0l, ref TVector c0r, ref TVector c1l, ref TVector c1r,
        ref TVector c2l, ref TVector c2r, ref TVector c3l, ref TVector c3r, ref TVector c4l, ref TVector c4r,
        ref TVector c5l, ref TVector c5r)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
    {
        Step<TUnit, TVector>(a, bl, br, ref c0l, ref c0r);
        Step<TUnit, TVector>(a + Depth, bl, br, ref c1l, ref c1r);
        Step<TUnit, TVector>(a + (2 * Depth), bl, br, ref c2l, ref c2r);
        Step<TUnit, TVector>(a + (3 * Depth), bl, br, ref c3l, ref c3r);
        Step<TUnit, TVector>(a + (4 * Depth), bl, br, ref c4l, ref c4r);
        Step<TUnit, TVector>(a + (5 * Depth), bl, br, ref c5l, ref c5r);
    }

    /// <summary>Puts down a row's even sums and starts the odd ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Turn<TUnit, TVector>(float* sums, ref TVector left, ref TVector right)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
    {
        TUnit.Store(left, sums);
        TUnit.Store(right, sums + TUnit.Lanes);
        left = TUnit.Zero;
        right = TUnit.Zero;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PutRow<TUnit, TVector>(float* even, TVector left, TVector right, float* c, bool add)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
    {
        Put<TUnit, TVector>(TUnit.Load(even), left, c, add);
        Put<TUnit, TVector>(TUnit.Load(even + TUnit.Lanes), right, c + TUnit.Lanes, add);
    }

    /// <summary>C = or += a tile's sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TUnit, TVector>(TVector even, TVector odd, float* c, bool add)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
    {
        TVector start = add ? TUnit.Load(c) : TUnit.Zero;
        TUnit.Store(TUnit.Flush(TUnit.Add(start, TUnit.Add(even, odd))), c);
    }

    /// <summary>A row's next step in two columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<TUnit, TVector>(float* a, TVector bl, TVector br, ref TVector left, ref TVector right)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
    {
        TVector x = TUnit.Broadcast(a);
        left = TUnit.MultiplyAdd(x, bl, left);
        right = TUnit.MultiplyAdd(x, br, right);
    }

    /// <summary>A row's next even step and its next odd one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pair<TUnit, TVector>(
        float* a, TVector even, TVector odd, ref TVector evenSum, ref TVector oddSum)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
    {
        evenSum = TUnit.MultiplyAdd(TUnit.Broadcast(a), even, evenSum);
        oddSum = TUnit.MultiplyAdd(TUnit.Broadcast(a + Side), odd, oddSum);
    }
}
