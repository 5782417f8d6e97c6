using System.Runtime.Intrinsics;

namespace Spar.Engine.Kernels;

/// <summary>The gated feed-forward activation (Shazeer 2020): h = silu(g) u with silu(g) = g sigmoid(g).</summary>
internal static unsafe class SwiGlu
{
    /// <summary>h = silu(g) u, element by element.</summary>
    public static void Forward(float* gate, float* up, float* h, int count)
    {
        for (int i = 0; i < count; i += VectorMath.Lanes)
        {
            Vector512<float> g = VectorMath.Load(gate + i, count - i);
            VectorMath.Store(g * VectorMath.Sigmoid(g) * VectorMath.Load(up + i, count - i), h + i, count - i);
        }
    }

    /// <summary>du = dh silu(g) and dg = dh u s (1 + g (1 - s)) with s = sigmoid(g). The outputs may overwrite the inputs of the same kind.</summary>
    public static void Backward(float* gate, float* up, float* dh, float* dGate, float* dUp, int count)
    {
        Vector512<float> one = Vector512<float>.One;
        for (int i = 0; i < count; i += VectorMath.Lanes)
        {
            int rest = count - i;
            Vector512<float> g = VectorMath.Load(gate + i, rest), u = VectorMath.Load(up + i, rest), d = VectorMath.Load(dh + i, rest);
            Vector512<float> s = VectorMath.Sigmoid(g);
            VectorMath.Store(d * g * s, dUp + i, rest);
            VectorMath.Store(d * u * s * VectorMath.MultiplyAdd(g, one - s, one), dGate + i, rest);
        }
    }
}
