using System.Runtime.Intrinsics;

namespace Spar.Engine.Kernels;

/// <summary>Softmax over a row, in the forms that attention and the cross-entropy need.</summary>
internal static unsafe class Softmax
{
    /// <summary>Largest of <paramref name="count"/> elements, at least 1 of them.</summary>
    public static float Max(float* x, int count)
    {
        Vector512<float> max = Vector512.Create(x[0]);
        int i = 0;
        for (; i <= count - VectorMath.Lanes; i += VectorMath.Lanes)
        {
            max = Vector512.MaxNative(max, Vector512.Load(x + i));
        }

        if (i < count)
        {
            Vector512<float> rest = Vector512.ConditionalSelect(
                VectorMath.Mask(count - i), VectorMath.Load(x + i, count - i), max);
            max = Vector512.MaxNative(max, rest);
        }

        return VectorMath.Max(max);
    }

    /// <summary>
    /// x_i = e^(scale x_i - shift) in place; returns the sum. Elements from <paramref name="count"/> up to the next
    /// multiple of 16 become 0, so the row must reach that far.
    /// </summary>
    /// <param name="x">The row.</param>
    /// <param name="count">Elements, at least 1.</param>
    /// <param name="scale">Factor.</param>
    /// <param name="shift">Subtracted after scaling.</param>
    public static float Exponentials(float* x, int count, float scale, float shift)
    {
        Vector512<float> factor = Vector512.Create(scale), minus = Vector512.Create(-shift);
        Vector512<float> sum = Vector512<float>.Zero;
        int i = 0;
        for (; i <= count - VectorMath.Lanes; i += VectorMath.Lanes)
        {
            Vector512<float> e = VectorMath.Exp(VectorMath.MultiplyAdd(Vector512.Load(x + i), factor, minus));
            e.Store(x + i);
            sum += e;
        }

        if (i < count)
        {
            Vector512<float> e = VectorMath.Exp(
                VectorMath.MultiplyAdd(Vector512.Load(x + i), factor, minus)) & VectorMath.Mask(count - i);
            e.Store(x + i);
            sum += e;
        }

        return VectorMath.Sum(sum);
    }

    /// <summary>log sum e^(x_i), with the largest element taken out first.</summary>
    /// <param name="x">The row.</param>
    /// <param name="count">Elements, at least 1.</param>
    public static float LogSumExp(float* x, int count)
    {
        float max = Max(x, count);
        Vector512<float> minus = Vector512.Create(-max), sum = Vector512<float>.Zero;
        int i = 0;
        for (; i <= count - VectorMath.Lanes; i += VectorMath.Lanes)
        {
            sum += VectorMath.Exp(Vector512.Load(x + i) + minus);
        }

        if (i < count)
        {
            sum += VectorMath.Exp(VectorMath.Load(x + i, count - i) + minus) & VectorMath.Mask(count - i);
        }

        return max + MathF.Log(VectorMath.Sum(sum));
    }

    /// <summary>
    /// Turns a row of logits into the gradient with respect to it, given that of log p(target) = x_target -
    /// logsumexp(x): x_i = gradient (1[i = target] - e^(x_i - logSumExp)).
    /// </summary>
    /// <param name="x">Logits; receives their gradient.</param>
    /// <param name="count">Size of the vocabulary.</param>
    /// <param name="target">The token whose log-probability was taken.</param>
    /// <param name="logSumExp">From the forward pass.</param>
    /// <param name="gradient">Gradient with respect to log p(target).</param>
    public static void LogProbBackward(float* x, int count, int target, float logSumExp, float gradient)
    {
        Vector512<float> minus = Vector512.Create(-logSumExp), factor = Vector512.Create(-gradient);
        int i = 0;
        for (; i <= count - VectorMath.Lanes; i += VectorMath.Lanes)
        {
            (VectorMath.Exp(Vector512.Load(x + i) + minus) * factor).Store(x + i);
        }

        if (i < count)
        {
            VectorMath.Store(VectorMath.Exp(VectorMath.Load(x + i, count - i) + minus) * factor, x + i, count - i);
        }

        x[target] += gradient;
    }
}
