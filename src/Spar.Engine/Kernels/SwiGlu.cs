using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spar.Engine.Kernels;

/// <summary>The gated feed-forward activation (Shazeer 2020): h = silu(g) u with silu(g) = g sigmoid(g).</summary>
internal static unsafe class SwiGlu
{
    /// <summary>h = silu(g) u, element by element.</summary>
    public static void Forward(float* gate, float* up, float* h, int count)
    {
        int i = 0;
        for (; i <= count - VectorMath.Lanes; i += VectorMath.Lanes)
        {
            ForwardVector(gate + i, up + i, h + i, VectorMath.Lanes);
        }

        if (i < count)
        {
            ForwardVector(gate + i, up + i, h + i, count - i);
        }
    }

    /// <summary>
    /// In place: h takes the place of its gradient dh, and du = dh silu(g) and dg = dh u s (1 + g (1 - s)) with s =
    /// sigmoid(g) those of u and g.
    /// </summary>
    public static void Backward(float* gate, float* up, float* hidden, int count)
    {
        int i = 0;
        for (; i <= count - VectorMath.Lanes; i += VectorMath.Lanes)
        {
            BackwardVector(gate + i, up + i, hidden + i, VectorMath.Lanes);
        }

        if (i < count)
        {
            BackwardVector(gate + i, up + i, hidden + i, count - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ForwardVector(float* gate, float* up, float* h, int count)
    {
        Vector512<float> g = VectorMath.Load(gate, count);
        VectorMath.Store(g * VectorMath.Sigmoid(g) * VectorMath.Load(up, count), h, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void BackwardVector(float* gate, float* up, float* hidden, int count)
    {
        Vector512<float> g = VectorMath.Load(gate, count), u = VectorMath.Load(up, count);
        Vector512<float> d = VectorMath.Load(hidden, count);
        Vector512<float> s = VectorMath.Sigmoid(g), one = Vector512<float>.One;
        VectorMath.Store(g * s * u, hidden, count);
        VectorMath.Store(d * g * s, up, count);
        VectorMath.Store(d * u * s * VectorMath.MultiplyAdd(g, one - s, one), gate, count);
    }
}
