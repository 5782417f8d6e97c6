using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spar.Engine.Kernels;

/// <summary>
/// The innermost product: a block of C (rows x 2 vectors) = or += a panel of A times a panel of B, for one stretch of
/// k. Every element is one chain of fused multiply-adds in the order of k, whatever the block's height, so a row gets
/// the same bits in any batch.
/// </summary>
internal static unsafe class MicroKernel
{
    /// <summary>
    /// Longest stretch of k in one pass; longer products add up stretches of this length in order. Part of the
    /// arithmetic: changing it changes bits.
    /// </summary>
    public const int StretchK = 512;

    /// <summary>
    /// Floats from one row to the next in a row-major panel of A; no power of two, so that rows do not fall into one
    /// cache set.
    /// </summary>
    public const int RowPanelStride = StretchK + 16;

    private const int PrefetchSteps = 16;

    /// <summary>Rows of a full block.</summary>
    public static int Rows => KernelPath.VectorBits switch
    {
        512 => Unit512.MaxRows,
        256 => Unit256.MaxRows,
        _ => Unit128.MaxRows,
    };

    /// <summary>Columns of a block: two vectors.</summary>
    public static int Columns => KernelPath.VectorBits / 16;

    /// <summary>
    /// Panels of B that <see cref="RunPanels"/> takes at once for a number of rows; 1 above three rows, where one panel
    /// keeps the multipliers busy.
    /// </summary>
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
    /// <param name="addend">
    /// What to add to: a block with C's leading dimension, C's own to accumulate, null for nothing.
    /// </param>
    public static void Run(
        int rows, float* a, nint rowStep, nint depthStep, float* b, int k, float* c, nint ldc, float* addend)
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
    /// A few rows against several panels of B side by side (<see cref="PanelsAtOnce"/>), so that there are enough
    /// independent chains to hide the latency of a multiply-add.
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
    public static void RunPanels(
        int rows, float* a, nint rowStep, float* b, nint panelStride, int k, float* c, nint ldc, bool add)
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

    private static void Select<TUnit, TVector>(
        int rows, float* a, nint rowStep, nint depthStep, float* b, int k, float* c, nint ldc, float* addend)
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

    private static void SelectPanels<TUnit, TVector>(
        int rows, float* a, nint rowStep, float* b, nint panelStride, int k, float* c, nint ldc, bool add)
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
    private static void Block<TUnit, TVector, TRows>(
        float* a, nint rowStep, nint depthStep, float* b, int k, float* c, nint ldc, float* addend)
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
        float* a3 = a + (3 * rowStep), a6 = a + (6 * rowStep), a9 = a + (9 * rowStep);
        float* last = b + ((nint)(k - 1) * 2 * TUnit.Lanes);
        for (; b < last; b += 4 * TUnit.Lanes)
        {
            Ahead(b, 2 * TUnit.Lanes);
            TVector bl = TUnit.Load(b), br = TUnit.Load(b + TUnit.Lanes);
            Column<TUnit, TVector, TRows>(
                a, a3, a6, a9, rowStep, twice, bl, br,
                ref c0l, ref c0r, ref c1l, ref c1r, ref c2l, ref c2r, ref c3l, ref c3r, ref c4l, ref c4r, ref c5l,
                ref c5r, ref c6l, ref c6r, ref c7l, ref c7r, ref c8l, ref c8r, ref c9l, ref c9r, ref c10l, ref c10r,
                ref c11l, ref c11r);
            a += depthStep;
            if (TRows.Value > 3) { a3 += depthStep; }
            if (TRows.Value > 6) { a6 += depthStep; }
            if (TRows.Value > 9) { a9 += depthStep; }
            Ahead(b + (2 * TUnit.Lanes), 2 * TUnit.Lanes);
            bl = TUnit.Load(b + (2 * TUnit.Lanes));
            br = TUnit.Load(b + (3 * TUnit.Lanes));
            Column<TUnit, TVector, TRows>(
                a, a3, a6, a9, rowStep, twice, bl, br,
                ref c0l, ref c0r, ref c1l, ref c1r, ref c2l, ref c2r, ref c3l, ref c3r, ref c4l, ref c4r, ref c5l,
                ref c5r, ref c6l, ref c6r, ref c7l, ref c7r, ref c8l, ref c8r, ref c9l, ref c9r, ref c10l, ref c10r,
                ref c11l, ref c11r);
            a += depthStep;
            if (TRows.Value > 3) { a3 += depthStep; }
            if (TRows.Value > 6) { a6 += depthStep; }
            if (TRows.Value > 9) { a9 += depthStep; }
        }

        if (b == last)
        {
            TVector bl = TUnit.Load(b), br = TUnit.Load(b + TUnit.Lanes);
            Column<TUnit, TVector, TRows>(
                a, a3, a6, a9, rowStep, twice, bl, br,
                ref c0l, ref c0r, ref c1l, ref c1r, ref c2l, ref c2r, ref c3l, ref c3r, ref c4l, ref c4r, ref c5l,
                ref c5r, ref c6l, ref c6r, ref c7l, ref c7r, ref c8l, ref c8r, ref c9l, ref c9r, ref c10l, ref c10r,
                ref c11l, ref c11r);
        }

        if (addend != null)
        {
            float* o = addend;
            AddRow<TUnit, TVector>(o, ref c0l, ref c0r); o += ldc;
            if (TRows.Value > 1) { AddRow<TUnit, TVector>(o, ref c1l, ref c1r); o += ldc; }
            if (TRows.Value > 2) { AddRow<TUnit, TVector>(o, ref c2l, ref c2r); o += ldc; }
            if (TRows.Value > 3) { AddRow<TUnit, TVector>(o, ref c3l, ref c3r); o += ldc; }
            if (TRows.Value > 4) { AddRow<TUnit, TVector>(o, ref c4l, ref c4r); o += ldc; }
            if (TRows.Value > 5) { AddRow<TUnit, TVector>(o, ref c5l, ref c5r); o += ldc; }
            if (TRows.Value > 6) { AddRow<TUnit, TVector>(o, ref c6l, ref c6r); o += ldc; }
            if (TRows.Value > 7) { AddRow<TUnit, TVector>(o, ref c7l, ref c7r); o += ldc; }
            if (TRows.Value > 8) { AddRow<TUnit, TVector>(o, ref c8l, ref c8r); o += ldc; }
            if (TRows.Value > 9) { AddRow<TUnit, TVector>(o, ref c9l, ref c9r); o += ldc; }
            if (TRows.Value > 10) { AddRow<TUnit, TVector>(o, ref c10l, ref c10r); o += ldc; }
            if (TRows.Value > 11) { AddRow<TUnit, TVector>(o, ref c11l, ref c11r); o += ldc; }
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
    private static void Panels<TUnit, TVector, TRows>(
        float* a, nint rowStep, float* b, nint panelStride, int k, float* c, nint ldc, bool add)
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
            Step<TUnit, TVector>(x0, b0l, b0r, ref p0r0l, ref p0r0r);
            if (TRows.Value > 1) { Step<TUnit, TVector>(x1, b0l, b0r, ref p0r1l, ref p0r1r); }
            if (TRows.Value > 2) { Step<TUnit, TVector>(x2, b0l, b0r, ref p0r2l, ref p0r2r); }
            TVector b1l = TUnit.Load(b1 + j), b1r = TUnit.Load(b1 + j + TUnit.Lanes);
            Step<TUnit, TVector>(x0, b1l, b1r, ref p1r0l, ref p1r0r);
            if (TRows.Value > 1) { Step<TUnit, TVector>(x1, b1l, b1r, ref p1r1l, ref p1r1r); }
            if (TRows.Value > 2) { Step<TUnit, TVector>(x2, b1l, b1r, ref p1r2l, ref p1r2r); }
            if (TRows.Value == 1)
            {
                TVector b2l = TUnit.Load(b2 + j), b2r = TUnit.Load(b2 + j + TUnit.Lanes);
                Step<TUnit, TVector>(x0, b2l, b2r, ref p2r0l, ref p2r0r);
                TVector b3l = TUnit.Load(b3 + j), b3r = TUnit.Load(b3 + j + TUnit.Lanes);
                Step<TUnit, TVector>(x0, b3l, b3r, ref p3r0l, ref p3r0r);
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

    /// <summary>One step of k in a whole block: C += a column of A times a row of B.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Column<TUnit, TVector, TRows>(
        float* a, float* a3, float* a6, float* a9, nint rowStep, nint twice, TVector bl, TVector br,
        ref TVector c0l, ref TVector c0r, ref TVector c1l, ref TVector c1r, ref TVector c2l, ref TVector c2r,
        ref TVector c3l, ref TVector c3r, ref TVector c4l, ref TVector c4r, ref TVector c5l, ref TVector c5r,
        ref TVector c6l, ref TVector c6r, ref TVector c7l, ref TVector c7r, ref TVector c8l, ref TVector c8r,
        ref TVector c9l, ref TVector c9r, ref TVector c10l, ref TVector c10r, ref TVector c11l, ref TVector c11r)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
        where TRows : struct, IConstant
    {
        Step<TUnit, TVector>(TUnit.Broadcast(a), bl, br, ref c0l, ref c0r);
        if (TRows.Value > 1) { Step<TUnit, TVector>(TUnit.Broadcast(a + rowStep), bl, br, ref c1l, ref c1r); }
        if (TRows.Value > 2) { Step<TUnit, TVector>(TUnit.Broadcast(a + twice), bl, br, ref c2l, ref c2r); }
        if (TRows.Value > 3) { Step<TUnit, TVector>(TUnit.Broadcast(a3), bl, br, ref c3l, ref c3r); }
        if (TRows.Value > 4) { Step<TUnit, TVector>(TUnit.Broadcast(a3 + rowStep), bl, br, ref c4l, ref c4r); }
        if (TRows.Value > 5) { Step<TUnit, TVector>(TUnit.Broadcast(a3 + twice), bl, br, ref c5l, ref c5r); }
        if (TRows.Value > 6) { Step<TUnit, TVector>(TUnit.Broadcast(a6), bl, br, ref c6l, ref c6r); }
        if (TRows.Value > 7) { Step<TUnit, TVector>(TUnit.Broadcast(a6 + rowStep), bl, br, ref c7l, ref c7r); }
        if (TRows.Value > 8) { Step<TUnit, TVector>(TUnit.Broadcast(a6 + twice), bl, br, ref c8l, ref c8r); }
        if (TRows.Value > 9) { Step<TUnit, TVector>(TUnit.Broadcast(a9), bl, br, ref c9l, ref c9r); }
        if (TRows.Value > 10) { Step<TUnit, TVector>(TUnit.Broadcast(a9 + rowStep), bl, br, ref c10l, ref c10r); }
        if (TRows.Value > 11) { Step<TUnit, TVector>(TUnit.Broadcast(a9 + twice), bl, br, ref c11l, ref c11r); }
    }

    /// <summary>One step of k in one row of a block: l += x bl, r += x br.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<TUnit, TVector>(TVector x, TVector bl, TVector br, ref TVector l, ref TVector r)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
    {
        l = TUnit.MultiplyAdd(x, bl, l);
        r = TUnit.MultiplyAdd(x, br, r);
    }

    /// <summary>One row of a block: l and r plus what stands at o.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRow<TUnit, TVector>(float* o, ref TVector l, ref TVector r)
        where TUnit : IVectorUnit<TVector>
        where TVector : struct
    {
        l = TUnit.Add(TUnit.Load(o), l);
        r = TUnit.Add(TUnit.Load(o + TUnit.Lanes), r);
    }

    /// <summary>
    /// Brings a block of C into the cache while the products run, as the stores at the end would wait for it.
    /// </summary>
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

    /// <summary>
    /// Fetches what a panel of B holds some steps further on, faster than the processor does by itself when the panel
    /// comes from the L2 cache.
    /// </summary>
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
