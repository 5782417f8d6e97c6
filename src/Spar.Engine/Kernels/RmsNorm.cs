using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spar.Engine.Kernels;

/// <summary>
/// Root-mean-square norm of one row (Zhang and Sennrich 2019): y_j = w_j x_j r with r = 1 / sqrt(mean(x^2) + eps).
/// </summary>
internal static unsafe class RmsNorm
{
    /// <summary>y = norm(x).</summary>
    /// <param name="x">Row of <paramref name="size"/> elements.</param>
    /// <param name="weight">w.</param>
    /// <param name="y">Receives the row; may be <paramref name="x"/>.</param>
    /// <param name="size">Elements a row.</param>
    /// <param name="eps">Added inside the root.</param>
    /// <returns>r, which the backward pass needs.</returns>
    public static float Forward(float* x, float* weight, float* y, int size, float eps)
    {
        float inverse = 1f / MathF.Sqrt((VectorMath.Dot(x, x, size) / size) + eps);
        Apply(x, inverse, weight, y, size);
        return inverse;
    }

    /// <summary>y = norm(x) where r is known.</summary>
    /// <param name="x">Row of <paramref name="size"/> elements.</param>
    /// <param name="inverse">r.</param>
    /// <param name="weight">w.</param>
    /// <param name="y">Receives the row; may be <paramref name="x"/>.</param>
    /// <param name="size">Elements a row.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Apply(float* x, float inverse, float* weight, float* y, int size)
    {
        Vector512<float> r = Vector512.Create(inverse);
        int i = 0;
        for (; i <= size - VectorMath.Lanes; i += VectorMath.Lanes)
        {
            (Vector512.Load(x + i) * r * Vector512.Load(weight + i)).Store(y + i);
        }

        if (i < size)
        {
            VectorMath.Store(
                VectorMath.Load(x + i, size - i) * r * VectorMath.Load(weight + i, size - i), y + i, size - i);
        }
    }

    /// <summary>
    /// Adds the gradients: dw_j += dy_j x_j r and dx_j = residual_j + r (w_j dy_j - x_j r^2 mean(w dy x)).
    /// </summary>
    /// <param name="dy">Gradient with respect to y.</param>
    /// <param name="x">The row that was normed.</param>
    /// <param name="inverse">r of the forward pass.</param>
    /// <param name="weight">w.</param>
    /// <param name="residual">Gradient that reaches x past the norm, or null for none.</param>
    /// <param name="dx">
    /// Receives the gradient with respect to x; may be <paramref name="residual"/> or <paramref name="dy"/>.
    /// </param>
    /// <param name="dw">Gradient with respect to w, added to.</param>
    /// <param name="size">Elements a row.</param>
    public static void Backward(
        float* dy, float* x, float inverse, float* weight, float* residual, float* dx, float* dw, int size)
    {
        Vector512<float> r = Vector512.Create(inverse), sum = Vector512<float>.Zero;
        int i = 0;
        for (; i <= size - VectorMath.Lanes; i += VectorMath.Lanes)
        {
            sum = WeightVector(dy + i, x + i, r, weight + i, dw + i, sum, VectorMath.Lanes);
        }

        if (i < size)
        {
            sum = WeightVector(dy + i, x + i, r, weight + i, dw + i, sum, size - i);
        }

        Vector512<float> pull = Vector512.Create(-VectorMath.Sum(sum) / size * inverse * inverse * inverse);
        i = 0;
        for (; i <= size - VectorMath.Lanes; i += VectorMath.Lanes)
        {
            InputVector(
                dy + i, x + i, r, pull, weight + i, residual == null ? null : residual + i, dx + i, VectorMath.Lanes);
        }

        if (i < size)
        {
            InputVector(dy + i, x + i, r, pull, weight + i, residual == null ? null : residual + i, dx + i, size - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> WeightVector(
        float* dy, float* x, Vector512<float> r, float* weight, float* dw, Vector512<float> sum, int count)
    {
        Vector512<float> g = VectorMath.Load(dy, count), row = VectorMath.Load(x, count);
        VectorMath.Store(VectorMath.MultiplyAdd(g, row * r, VectorMath.Load(dw, count)), dw, count);
        return VectorMath.MultiplyAdd(g * VectorMath.Load(weight, count), row, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InputVector(
        float* dy, float* x, Vector512<float> r, Vector512<float> pull, float* weight, float* residual, float* dx,
        int count)
    {
        Vector512<float> past = residual == null ? Vector512<float>.Zero : VectorMath.Load(residual, count);
        Vector512<float> g = VectorMath.Load(dy, count) * VectorMath.Load(weight, count);
        Vector512<float> rest = VectorMath.MultiplyAdd(VectorMath.Load(x, count), pull, past);
        VectorMath.Store(VectorMath.MultiplyAdd(g, r, rest), dx, count);
    }
}
