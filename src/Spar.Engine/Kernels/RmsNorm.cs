using System.Runtime.Intrinsics;

namespace Spar.Engine.Kernels;

/// <summary>Root-mean-square norm of one row (Zhang and Sennrich 2019): y_j = w_j x_j r with r = 1 / sqrt(mean(x^2) + eps).</summary>
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
        Vector512<float> r = Vector512.Create(inverse);
        for (int i = 0; i < size; i += VectorMath.Lanes)
        {
            VectorMath.Store(VectorMath.Load(x + i, size - i) * r * VectorMath.Load(weight + i, size - i), y + i, size - i);
        }

        return inverse;
    }

    /// <summary>
    /// Adds the gradients: dw_j += dy_j x_j r and dx_j = residual_j + r (w_j dy_j - x_j r^2 mean(w dy x)).
    /// </summary>
    /// <param name="dy">Gradient with respect to y.</param>
    /// <param name="x">The row that was normed.</param>
    /// <param name="inverse">r of the forward pass.</param>
    /// <param name="weight">w.</param>
    /// <param name="residual">Gradient that reaches x past the norm.</param>
    /// <param name="dx">Receives the gradient with respect to x; may be <paramref name="residual"/> or <paramref name="dy"/>.</param>
    /// <param name="dw">Gradient with respect to w, added to.</param>
    /// <param name="size">Elements a row.</param>
    public static void Backward(float* dy, float* x, float inverse, float* weight, float* residual, float* dx, float* dw, int size)
    {
        Vector512<float> r = Vector512.Create(inverse), sum = Vector512<float>.Zero;
        for (int i = 0; i < size; i += VectorMath.Lanes)
        {
            Vector512<float> g = VectorMath.Load(dy + i, size - i), row = VectorMath.Load(x + i, size - i);
            VectorMath.Store(VectorMath.MultiplyAdd(g, row * r, VectorMath.Load(dw + i, size - i)), dw + i, size - i);
            sum = VectorMath.MultiplyAdd(g * VectorMath.Load(weight + i, size - i), row, sum);
        }

        Vector512<float> pull = Vector512.Create(-VectorMath.Sum(sum) / size * inverse * inverse * inverse);
        for (int i = 0; i < size; i += VectorMath.Lanes)
        {
            Vector512<float> g = VectorMath.Load(dy + i, size - i) * VectorMath.Load(weight + i, size - i);
            Vector512<float> rest = VectorMath.MultiplyAdd(VectorMath.Load(x + i, size - i), pull, VectorMath.Load(residual + i, size - i));
            VectorMath.Store(VectorMath.MultiplyAdd(g, r, rest), dx + i, size - i);
        }
    }
}
