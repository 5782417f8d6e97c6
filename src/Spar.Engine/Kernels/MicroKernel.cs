using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spar.Engine.Kernels;

/// <summary>A number known at compile time, so that a kernel is compiled once for each value with its branches gone.</summary>
internal interface IConstant
{
    /// <summary>The number.</summary>
    static abstract int Value { get; }
}

internal readonly struct R1 : IConstant { public static int Value => 1; }

internal readonly struct R2 : IConstant { public static int Value => 2; }

internal readonly struct R3 : IConstant { public static int Value => 3; }

internal readonly struct R4 : IConstant { public static int Value => 4; }

internal readonly struct R5 : IConstant { public static int Value => 5; }

internal readonly struct R6 : IConstant { public static int Value => 6; }

internal readonly struct R7 : IConstant { public static int Value => 7; }

internal readonly struct R8 : IConstant { public static int Value => 8; }

internal readonly struct R9 : IConstant { public static int Value => 9; }

internal readonly struct R10 : IConstant { public static int Value => 10; }

internal readonly struct R11 : IConstant { public static int Value => 11; }

internal readonly struct R12 : IConstant { public static int Value => 12; }

/// <summary>
/// The innermost product: a block of C (rows x 2 vectors) = or += a panel of A times a panel of B, for one stretch of k.
/// Every element is one chain of fused multiply-adds in the order of k, whatever the block's height, so a row gets the same bits in any batch.
/// </summary>
internal static unsafe class MicroKernel
{
    /// <summary>Longest stretch of k in one pass; longer products add up stretches of this length in order. Part of the arithmetic: changing it changes bits.</summary>
    public const int StretchK = 512;

    /// <summary>Floats from one row to the next in a row-major panel of A; no power of two, so that rows do not fall into one cache set.</summary>
    public const int RowPanelStride = StretchK + 16;

    private const int PrefetchSteps = 16;

    /// <summary>Rows of a full block.</summary>
    public static int Rows => KernelPath.VectorBits switch { 512 => Unit512.MaxRows, 256 => Unit256.MaxRows, _ => Unit128.MaxRows };

    /// <summary>Columns of a block: two vectors.</summary>
    public static int Columns => KernelPath.VectorBits / 16;

    /// <summary>Panels of B that <see cref="RunPanels"/> takes at once for a number of rows; 1 above three rows, where one panel keeps the multipliers busy.</summary>
    public static int PanelsAtOnce(int rows) => rows == 1 ? 4 : rows <= 3 ? 2 : 1;

    /// <summary>One block from one panel of B.</summary>
    /// <param name="rows">1 .. <see cref="Rows"/>.</param>
    /// <param name="a">First element of the rows of A.</param>
    /// <param name="rowStep">Floats from one row of A to the next.</param>
    /// <param name="depthStep">Floats from one k of A to the next.</param>
    /// <param name="b">Panel of B: k groups of <see cref="Columns"/>.</param>
    /// <param name="k">Length of the stretch.</param>
    /// <param name="c">First element of the block of C.</param>
    /// <param name="ldc">Floats from one row of C to the next.</param>
    /// <param name="addend">What to add to: a block with C's leading dimension, C's own to accumulate, null for nothing.</param>
    public static void Run(int rows, float* a, nint rowStep, nint depthStep, float* b, int k, float* c, nint ldc, float* addend)
    {
        if (KernelPath.VectorBits == 512)
        {
            Select<Unit512, Vector512<float>>(rows, a, rowStep, depthStep, b, k, c, ldc, addend);
        }
        else if (KernelPath.VectorBits == 256)
        {
            Select<Unit256, Vector256<float>>(rows, a, rowStep, depthStep, b, k, c, ldc, addend);
        }
        else
        {
            Select<Unit128, Vector128<float>>(rows, a, rowStep, depthStep, b, k, c, ldc, addend);
        }
    }

    /// <summary>
    /// A few rows against several panels of B side by side (<see cref="PanelsAtOnce"/>), so that there are enough independent chains to hide
    /// the latency of a multiply-add.
    /// </summary>
    /// <param name="rows">1 .. 3.</param>
    /// <param name="a">First element of the rows of A.</param>
    /// <param name="rowStep">Floats from one row of A to the next.</param>
    /// <param name="b">First panel of B; the next begins <paramref name="panelStride"/> floats later.</param>
    /// <param name="panelStride">Floats from one panel to the next.</param>
    /// <param name="k">Length of the stretch.</param>
    /// <param name="c">First element of the block of C.</param>
    /// <param name="ldc">Floats from one row of C to the next.</param>
    /// <param name="add">Whether to add to C rather than overwrite it.</param>
    public static void RunPanels(int rows, float* a, nint rowStep, float* b, nint panelStride, int k, float* c, nint ldc, bool add)
    {
        if (KernelPath.VectorBits == 512)
        {
            SelectPanels<Unit512, Vector512<float>>(rows, a, rowStep, b, panelStride, k, c, ldc, add);
        }
        else if (KernelPath.VectorBits == 256)
        {
            SelectPanels<Unit256, Vector256<float>>(rows, a, rowStep, b, panelStride, k, c, ldc, add);
        }
        else
        {
            SelectPanels<Unit128, Vector128<float>>(rows, a, rowStep, b, panelStride, k, c, ldc, add);
        }
    }

    private static void Select<TUnit, TVector>(int rows, float* a, nint rowStep, nint depthStep, float* b, int k, float* c, nint ldc, float* addend)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
    {
        switch (rows)
        {
            case 1: Block<TUnit, TVector, R1>(a, rowStep, depthStep, b, k, c, ldc, addend); break;
            case 2: Block<TUnit, TVector, R2>(a, rowStep, depthStep, b, k, c, ldc, addend); break;
            case 3: Block<TUnit, TVector, R3>(a, rowStep, depthStep, b, k, c, ldc, addend); break;
            case 4: Block<TUnit, TVector, R4>(a, rowStep, depthStep, b, k, c, ldc, addend); break;
            case 5: Block<TUnit, TVector, R5>(a, rowStep, depthStep, b, k, c, ldc, addend); break;
            case 6: Block<TUnit, TVector, R6>(a, rowStep, depthStep, b, k, c, ldc, addend); break;
            case 7: Block<TUnit, TVector, R7>(a, rowStep, depthStep, b, k, c, ldc, addend); break;
            case 8: Block<TUnit, TVector, R8>(a, rowStep, depthStep, b, k, c, ldc, addend); break;
            case 9: Block<TUnit, TVector, R9>(a, rowStep, depthStep, b, k, c, ldc, addend); break;
            case 10: Block<TUnit, TVector, R10>(a, rowStep, depthStep, b, k, c, ldc, addend); break;
            case 11: Block<TUnit, TVector, R11>(a, rowStep, depthStep, b, k, c, ldc, addend); break;
            case 12: Block<TUnit, TVector, R12>(a, rowStep, depthStep, b, k, c, ldc, addend); break;
            default: throw new ArgumentOutOfRangeException(nameof(rows));
        }
    }

    private static void SelectPanels<TUnit, TVector>(int rows, float* a, nint rowStep, float* b, nint panelStride, int k, float* c, nint ldc, bool add)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
    {
        switch (rows)
        {
            case 1: Panels<TUnit, TVector, R1>(a, rowStep, b, panelStride, k, c, ldc, add); break;
            case 2: Panels<TUnit, TVector, R2>(a, rowStep, b, panelStride, k, c, ldc, add); break;
            case 3: Panels<TUnit, TVector, R3>(a, rowStep, b, panelStride, k, c, ldc, add); break;
            default: throw new ArgumentOutOfRangeException(nameof(rows));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block<TUnit, TVector, TRows>(float* a, nint rowStep, nint depthStep, float* b, int k, float* c, nint ldc, float* addend)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
        where TRows : struct, IConstant
    {
        if (TRows.Value > TUnit.MaxRows)
        {
            return; // never asked for: such heights exist only for wider vectors
        }

        Fetch(c, ldc, TRows.Value, 2 * TUnit.Lanes);
        if (addend != null && addend != c)
        {
            Fetch(addend, ldc, TRows.Value, 2 * TUnit.Lanes);
        }

        TVector c0l = TUnit.Zero, c0r = TUnit.Zero;
        TVector c1l = TUnit.Zero, c1r = TUnit.Zero;
        TVector c2l = TUnit.Zero, c2r = TUnit.Zero;
        TVector c3l = TUnit.Zero, c3r = TUnit.Zero;
        TVector c4l = TUnit.Zero, c4r = TUnit.Zero;
        TVector c5l = TUnit.Zero, c5r = TUnit.Zero;
        TVector c6l = TUnit.Zero, c6r = TUnit.Zero;
        TVector c7l = TUnit.Zero, c7r = TUnit.Zero;
        TVector c8l = TUnit.Zero, c8r = TUnit.Zero;
        TVector c9l = TUnit.Zero, c9r = TUnit.Zero;
        TVector c10l = TUnit.Zero, c10r = TUnit.Zero;
        TVector c11l = TUnit.Zero, c11r = TUnit.Zero;

        // Two steps of k a turn: the loop's own instructions would else take the multiplies' places in the decoder.
        nint twice = 2 * rowStep;
        float* a3 = a + (3 * rowStep), a6 = a + (6 * rowStep), a9 = a + (9 * rowStep), last = b + ((nint)(k - 1) * 2 * TUnit.Lanes);
        for (; b < last; b += 4 * TUnit.Lanes)
        {
            Ahead(b, 2 * TUnit.Lanes);
            TVector bl = TUnit.Load(b), br = TUnit.Load(b + TUnit.Lanes);
            TVector x = TUnit.Broadcast(a);
            c0l = TUnit.MultiplyAdd(x, bl, c0l);
            c0r = TUnit.MultiplyAdd(x, br, c0r);
            if (TRows.Value > 1) { x = TUnit.Broadcast(a + rowStep); c1l = TUnit.MultiplyAdd(x, bl, c1l); c1r = TUnit.MultiplyAdd(x, br, c1r); }
            if (TRows.Value > 2) { x = TUnit.Broadcast(a + twice); c2l = TUnit.MultiplyAdd(x, bl, c2l); c2r = TUnit.MultiplyAdd(x, br, c2r); }
            if (TRows.Value > 3) { x = TUnit.Broadcast(a3); c3l = TUnit.MultiplyAdd(x, bl, c3l); c3r = TUnit.MultiplyAdd(x, br, c3r); }
            if (TRows.Value > 4) { x = TUnit.Broadcast(a3 + rowStep); c4l = TUnit.MultiplyAdd(x, bl, c4l); c4r = TUnit.MultiplyAdd(x, br, c4r); }
            if (TRows.Value > 5) { x = TUnit.Broadcast(a3 + twice); c5l = TUnit.MultiplyAdd(x, bl, c5l); c5r = TUnit.MultiplyAdd(x, br, c5r); }
            if (TRows.Value > 6) { x = TUnit.Broadcast(a6); c6l = TUnit.MultiplyAdd(x, bl, c6l); c6r = TUnit.MultiplyAdd(x, br, c6r); }
            if (TRows.Value > 7) { x = TUnit.Broadcast(a6 + rowStep); c7l = TUnit.MultiplyAdd(x, bl, c7l); c7r = TUnit.MultiplyAdd(x, br, c7r); }
            if (TRows.Value > 8) { x = TUnit.Broadcast(a6 + twice); c8l = TUnit.MultiplyAdd(x, bl, c8l); c8r = TUnit.MultiplyAdd(x, br, c8r); }
            if (TRows.Value > 9) { x = TUnit.Broadcast(a9); c9l = TUnit.MultiplyAdd(x, bl, c9l); c9r = TUnit.MultiplyAdd(x, br, c9r); }
            if (TRows.Value > 10) { x = TUnit.Broadcast(a9 + rowStep); c10l = TUnit.MultiplyAdd(x, bl, c10l); c10r = TUnit.MultiplyAdd(x, br, c10r); }
            if (TRows.Value > 11) { x = TUnit.Broadcast(a9 + twice); c11l = TUnit.MultiplyAdd(x, bl, c11l); c11r = TUnit.MultiplyAdd(x, br, c11r); }
            a += depthStep;
            if (TRows.Value > 3) { a3 += depthStep; }
            if (TRows.Value > 6) { a6 += depthStep; }
            if (TRows.Value > 9) { a9 += depthStep; }
            Ahead(b + (2 * TUnit.Lanes), 2 * TUnit.Lanes);
            bl = TUnit.Load(b + (2 * TUnit.Lanes));
            br = TUnit.Load(b + (3 * TUnit.Lanes));
            x = TUnit.Broadcast(a);
            c0l = TUnit.MultiplyAdd(x, bl, c0l);
            c0r = TUnit.MultiplyAdd(x, br, c0r);
            if (TRows.Value > 1) { x = TUnit.Broadcast(a + rowStep); c1l = TUnit.MultiplyAdd(x, bl, c1l); c1r = TUnit.MultiplyAdd(x, br, c1r); }
            if (TRows.Value > 2) { x = TUnit.Broadcast(a + twice); c2l = TUnit.MultiplyAdd(x, bl, c2l); c2r = TUnit.MultiplyAdd(x, br, c2r); }
            if (TRows.Value > 3) { x = TUnit.Broadcast(a3); c3l = TUnit.MultiplyAdd(x, bl, c3l); c3r = TUnit.MultiplyAdd(x, br, c3r); }
            if (TRows.Value > 4) { x = TUnit.Broadcast(a3 + rowStep); c4l = TUnit.MultiplyAdd(x, bl, c4l); c4r = TUnit.MultiplyAdd(x, br, c4r); }
            if (TRows.Value > 5) { x = TUnit.Broadcast(a3 + twice); c5l = TUnit.MultiplyAdd(x, bl, c5l); c5r = TUnit.MultiplyAdd(x, br, c5r); }
            if (TRows.Value > 6) { x = TUnit.Broadcast(a6); c6l = TUnit.MultiplyAdd(x, bl, c6l); c6r = TUnit.MultiplyAdd(x, br, c6r); }
            if (TRows.Value > 7) { x = TUnit.Broadcast(a6 + rowStep); c7l = TUnit.MultiplyAdd(x, bl, c7l); c7r = TUnit.MultiplyAdd(x, br, c7r); }
            if (TRows.Value > 8) { x = TUnit.Broadcast(a6 + twice); c8l = TUnit.MultiplyAdd(x, bl, c8l); c8r = TUnit.MultiplyAdd(x, br, c8r); }
            if (TRows.Value > 9) { x = TUnit.Broadcast(a9); c9l = TUnit.MultiplyAdd(x, bl, c9l); c9r = TUnit.MultiplyAdd(x, br, c9r); }
            if (TRows.Value > 10) { x = TUnit.Broadcast(a9 + rowStep); c10l = TUnit.MultiplyAdd(x, bl, c10l); c10r = TUnit.MultiplyAdd(x, br, c10r); }
            if (TRows.Value > 11) { x = TUnit.Broadcast(a9 + twice); c11l = TUnit.MultiplyAdd(x, bl, c11l); c11r = TUnit.MultiplyAdd(x, br, c11r); }
            a += depthStep;
            if (TRows.Value > 3) { a3 += depthStep; }
            if (TRows.Value > 6) { a6 += depthStep; }
            if (TRows.Value > 9) { a9 += depthStep; }
        }

        if (b == last)
        {
            TVector bl = TUnit.Load(b), br = TUnit.Load(b + TUnit.Lanes);
            TVector x = TUnit.Broadcast(a);
            c0l = TUnit.MultiplyAdd(x, bl, c0l);
            c0r = TUnit.MultiplyAdd(x, br, c0r);
            if (TRows.Value > 1) { x = TUnit.Broadcast(a + rowStep); c1l = TUnit.MultiplyAdd(x, bl, c1l); c1r = TUnit.MultiplyAdd(x, br, c1r); }
            if (TRows.Value > 2) { x = TUnit.Broadcast(a + twice); c2l = TUnit.MultiplyAdd(x, bl, c2l); c2r = TUnit.MultiplyAdd(x, br, c2r); }
            if (TRows.Value > 3) { x = TUnit.Broadcast(a3); c3l = TUnit.MultiplyAdd(x, bl, c3l); c3r = TUnit.MultiplyAdd(x, br, c3r); }
            if (TRows.Value > 4) { x = TUnit.Broadcast(a3 + rowStep); c4l = TUnit.MultiplyAdd(x, bl, c4l); c4r = TUnit.MultiplyAdd(x, br, c4r); }
            if (TRows.Value > 5) { x = TUnit.Broadcast(a3 + twice); c5l = TUnit.MultiplyAdd(x, bl, c5l); c5r = TUnit.MultiplyAdd(x, br, c5r); }
            if (TRows.Value > 6) { x = TUnit.Broadcast(a6); c6l = TUnit.MultiplyAdd(x, bl, c6l); c6r = TUnit.MultiplyAdd(x, br, c6r); }
            if (TRows.Value > 7) { x = TUnit.Broadcast(a6 + rowStep); c7l = TUnit.MultiplyAdd(x, bl, c7l); c7r = TUnit.MultiplyAdd(x, br, c7r); }
            if (TRows.Value > 8) { x = TUnit.Broadcast(a6 + twice); c8l = TUnit.MultiplyAdd(x, bl, c8l); c8r = TUnit.MultiplyAdd(x, br, c8r); }
            if (TRows.Value > 9) { x = TUnit.Broadcast(a9); c9l = TUnit.MultiplyAdd(x, bl, c9l); c9r = TUnit.MultiplyAdd(x, br, c9r); }
            if (TRows.Value > 10) { x = TUnit.Broadcast(a9 + rowStep); c10l = TUnit.MultiplyAdd(x, bl, c10l); c10r = TUnit.MultiplyAdd(x, br, c10r); }
            if (TRows.Value > 11) { x = TUnit.Broadcast(a9 + twice); c11l = TUnit.MultiplyAdd(x, bl, c11l); c11r = TUnit.MultiplyAdd(x, br, c11r); }
        }

        if (addend != null)
        {
            float* o = addend;
            c0l = TUnit.Add(TUnit.Load(o), c0l); c0r = TUnit.Add(TUnit.Load(o + TUnit.Lanes), c0r); o += ldc;
            if (TRows.Value > 1) { c1l = TUnit.Add(TUnit.Load(o), c1l); c1r = TUnit.Add(TUnit.Load(o + TUnit.Lanes), c1r); o += ldc; }
            if (TRows.Value > 2) { c2l = TUnit.Add(TUnit.Load(o), c2l); c2r = TUnit.Add(TUnit.Load(o + TUnit.Lanes), c2r); o += ldc; }
            if (TRows.Value > 3) { c3l = TUnit.Add(TUnit.Load(o), c3l); c3r = TUnit.Add(TUnit.Load(o + TUnit.Lanes), c3r); o += ldc; }
            if (TRows.Value > 4) { c4l = TUnit.Add(TUnit.Load(o), c4l); c4r = TUnit.Add(TUnit.Load(o + TUnit.Lanes), c4r); o += ldc; }
            if (TRows.Value > 5) { c5l = TUnit.Add(TUnit.Load(o), c5l); c5r = TUnit.Add(TUnit.Load(o + TUnit.Lanes), c5r); o += ldc; }
            if (TRows.Value > 6) { c6l = TUnit.Add(TUnit.Load(o), c6l); c6r = TUnit.Add(TUnit.Load(o + TUnit.Lanes), c6r); o += ldc; }
            if (TRows.Value > 7) { c7l = TUnit.Add(TUnit.Load(o), c7l); c7r = TUnit.Add(TUnit.Load(o + TUnit.Lanes), c7r); o += ldc; }
            if (TRows.Value > 8) { c8l = TUnit.Add(TUnit.Load(o), c8l); c8r = TUnit.Add(TUnit.Load(o + TUnit.Lanes), c8r); o += ldc; }
            if (TRows.Value > 9) { c9l = TUnit.Add(TUnit.Load(o), c9l); c9r = TUnit.Add(TUnit.Load(o + TUnit.Lanes), c9r); o += ldc; }
            if (TRows.Value > 10) { c10l = TUnit.Add(TUnit.Load(o), c10l); c10r = TUnit.Add(TUnit.Load(o + TUnit.Lanes), c10r); o += ldc; }
            if (TRows.Value > 11) { c11l = TUnit.Add(TUnit.Load(o), c11l); c11r = TUnit.Add(TUnit.Load(o + TUnit.Lanes), c11r); o += ldc; }
        }

        TUnit.Store(c0l, c); TUnit.Store(c0r, c + TUnit.Lanes); c += ldc;
        if (TRows.Value > 1) { TUnit.Store(c1l, c); TUnit.Store(c1r, c + TUnit.Lanes); c += ldc; }
        if (TRows.Value > 2) { TUnit.Store(c2l, c); TUnit.Store(c2r, c + TUnit.Lanes); c += ldc; }
        if (TRows.Value > 3) { TUnit.Store(c3l, c); TUnit.Store(c3r, c + TUnit.Lanes); c += ldc; }
        if (TRows.Value > 4) { TUnit.Store(c4l, c); TUnit.Store(c4r, c + TUnit.Lanes); c += ldc; }
        if (TRows.Value > 5) { TUnit.Store(c5l, c); TUnit.Store(c5r, c + TUnit.Lanes); c += ldc; }
        if (TRows.Value > 6) { TUnit.Store(c6l, c); TUnit.Store(c6r, c + TUnit.Lanes); c += ldc; }
        if (TRows.Value > 7) { TUnit.Store(c7l, c); TUnit.Store(c7r, c + TUnit.Lanes); c += ldc; }
        if (TRows.Value > 8) { TUnit.Store(c8l, c); TUnit.Store(c8r, c + TUnit.Lanes); c += ldc; }
        if (TRows.Value > 9) { TUnit.Store(c9l, c); TUnit.Store(c9r, c + TUnit.Lanes); c += ldc; }
        if (TRows.Value > 10) { TUnit.Store(c10l, c); TUnit.Store(c10r, c + TUnit.Lanes); c += ldc; }
        if (TRows.Value > 11) { TUnit.Store(c11l, c); TUnit.Store(c11r, c + TUnit.Lanes); c += ldc; }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Panels<TUnit, TVector, TRows>(float* a, nint rowStep, float* b, nint panelStride, int k, float* c, nint ldc, bool add)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
        where TRows : struct, IConstant
    {
        TVector p0r0l = TUnit.Zero, p0r0r = TUnit.Zero;
        TVector p0r1l = TUnit.Zero, p0r1r = TUnit.Zero;
        TVector p0r2l = TUnit.Zero, p0r2r = TUnit.Zero;
        TVector p1r0l = TUnit.Zero, p1r0r = TUnit.Zero;
        TVector p1r1l = TUnit.Zero, p1r1r = TUnit.Zero;
        TVector p1r2l = TUnit.Zero, p1r2r = TUnit.Zero;
        TVector p2r0l = TUnit.Zero, p2r0r = TUnit.Zero;
        TVector p3r0l = TUnit.Zero, p3r0r = TUnit.Zero;
        float* b1 = b + panelStride;
        float* b2 = b1 + panelStride;
        float* b3 = b2 + panelStride;
        float* end = a + k;
        for (nint j = 0; a < end; a++, j += 2 * TUnit.Lanes)
        {
            TVector x0 = TUnit.Broadcast(a);
            TVector x1 = TRows.Value > 1 ? TUnit.Broadcast(a + rowStep) : x0;
            TVector x2 = TRows.Value > 2 ? TUnit.Broadcast(a + (2 * rowStep)) : x0;
            TVector b0l = TUnit.Load(b + j), b0r = TUnit.Load(b + j + TUnit.Lanes);
            p0r0l = TUnit.MultiplyAdd(x0, b0l, p0r0l);
            p0r0r = TUnit.MultiplyAdd(x0, b0r, p0r0r);
            if (TRows.Value > 1) { p0r1l = TUnit.MultiplyAdd(x1, b0l, p0r1l); p0r1r = TUnit.MultiplyAdd(x1, b0r, p0r1r); }
            if (TRows.Value > 2) { p0r2l = TUnit.MultiplyAdd(x2, b0l, p0r2l); p0r2r = TUnit.MultiplyAdd(x2, b0r, p0r2r); }
            TVector b1l = TUnit.Load(b1 + j), b1r = TUnit.Load(b1 + j + TUnit.Lanes);
            p1r0l = TUnit.MultiplyAdd(x0, b1l, p1r0l);
            p1r0r = TUnit.MultiplyAdd(x0, b1r, p1r0r);
            if (TRows.Value > 1) { p1r1l = TUnit.MultiplyAdd(x1, b1l, p1r1l); p1r1r = TUnit.MultiplyAdd(x1, b1r, p1r1r); }
            if (TRows.Value > 2) { p1r2l = TUnit.MultiplyAdd(x2, b1l, p1r2l); p1r2r = TUnit.MultiplyAdd(x2, b1r, p1r2r); }
            if (TRows.Value == 1)
            {
                TVector b2l = TUnit.Load(b2 + j), b2r = TUnit.Load(b2 + j + TUnit.Lanes);
                p2r0l = TUnit.MultiplyAdd(x0, b2l, p2r0l);
                p2r0r = TUnit.MultiplyAdd(x0, b2r, p2r0r);
                TVector b3l = TUnit.Load(b3 + j), b3r = TUnit.Load(b3 + j + TUnit.Lanes);
                p3r0l = TUnit.MultiplyAdd(x0, b3l, p3r0l);
                p3r0r = TUnit.MultiplyAdd(x0, b3r, p3r0r);
            }
        }

        Put<TUnit, TVector>(p0r0l, c + (0 * ldc) + (TUnit.Lanes * 0), add);
        Put<TUnit, TVector>(p0r0r, c + (0 * ldc) + (TUnit.Lanes * 1), add);
        Put<TUnit, TVector>(p1r0l, c + (0 * ldc) + (TUnit.Lanes * 2), add);
        Put<TUnit, TVector>(p1r0r, c + (0 * ldc) + (TUnit.Lanes * 3), add);
        if (TRows.Value == 1)
        {
            Put<TUnit, TVector>(p2r0l, c + (TUnit.Lanes * 4), add);
            Put<TUnit, TVector>(p2r0r, c + (TUnit.Lanes * 5), add);
            Put<TUnit, TVector>(p3r0l, c + (TUnit.Lanes * 6), add);
            Put<TUnit, TVector>(p3r0r, c + (TUnit.Lanes * 7), add);
        }

        if (TRows.Value > 1)
        {
            Put<TUnit, TVector>(p0r1l, c + (1 * ldc) + (TUnit.Lanes * 0), add);
            Put<TUnit, TVector>(p0r1r, c + (1 * ldc) + (TUnit.Lanes * 1), add);
            Put<TUnit, TVector>(p1r1l, c + (1 * ldc) + (TUnit.Lanes * 2), add);
            Put<TUnit, TVector>(p1r1r, c + (1 * ldc) + (TUnit.Lanes * 3), add);
        }

        if (TRows.Value > 2)
        {
            Put<TUnit, TVector>(p0r2l, c + (2 * ldc) + (TUnit.Lanes * 0), add);
            Put<TUnit, TVector>(p0r2r, c + (2 * ldc) + (TUnit.Lanes * 1), add);
            Put<TUnit, TVector>(p1r2l, c + (2 * ldc) + (TUnit.Lanes * 2), add);
            Put<TUnit, TVector>(p1r2r, c + (2 * ldc) + (TUnit.Lanes * 3), add);
        }
    }

    /// <summary>Brings a block of C into the cache while the products run, as the stores at the end would wait for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch(float* c, nint ldc, int rows, int columns)
    {
        if (KernelPath.HasPrefetch)
        {
            for (int r = 0; r < rows; r++, c += ldc)
            {
                KernelPath.Prefetch(c);
                KernelPath.Prefetch(c + columns - 1);
            }
        }
    }

    /// <summary>Fetches what a panel of B holds some steps further on, faster than the processor does by itself when the panel comes from the L2 cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ahead(float* b, int columns)
    {
        if (KernelPath.HasPrefetch)
        {
            KernelPath.Prefetch(b + (PrefetchSteps * columns));
            if (columns > 16)
            {
                KernelPath.Prefetch(b + (PrefetchSteps * columns) + 16);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TUnit, TVector>(TVector value, float* target, bool add)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
        => TUnit.Store(add ? TUnit.Add(TUnit.Load(target), value) : value, target);
}
