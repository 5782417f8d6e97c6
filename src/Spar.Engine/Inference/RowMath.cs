using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spar.Engine.Inference;

/// <summary>What a Llama layer does to single rows between its matrix products. Every function works on one row in one fixed order.</summary>
internal static unsafe class RowMath
{
    /// <summary>y_i = x_i / sqrt(mean(x^2) + eps) * w_i.</summary>
    public static void RmsNorm(float* x, float* w, float* y, int n, float eps)
    {
        Vector512<float> squares = Vector512<float>.Zero;
        int i = 0;
        for (; i <= n - 16; i += 16)
        {
            Vector512<float> v = Vector512.Load(x + i);
            squares += v * v;
        }

        float sum = Vector512.Sum(squares);
        for (; i < n; i++)
        {
            sum += x[i] * x[i];
        }

        float scale = 1 / MathF.Sqrt((sum / n) + eps);
        for (i = 0; i <= n - 16; i += 16)
        {
            (Vector512.Load(x + i) * scale * Vector512.Load(w + i)).Store(y + i);
        }

        for (; i < n; i++)
        {
            y[i] = x[i] * scale * w[i];
        }
    }

    /// <summary>y_i += b_i.</summary>
    public static void Add(float* b, float* y, int n)
    {
        for (int i = 0; i < n; i++)
        {
            y[i] += b[i];
        }
    }

    /// <summary>gate_i = silu(gate_i) * up_i with silu(x) = x / (1 + e^-x).</summary>
    public static void SwiGlu(float* gate, float* up, int n)
    {
        int i = 0;
        for (; i <= n - 16; i += 16)
        {
            Gate(Vector512.Load(gate + i), Vector512.Load(up + i)).Store(gate + i);
        }

        for (; i < n; i++)
        {
            gate[i] = Gate(Vector512.Create(gate[i]), Vector512.Create(up[i])).ToScalar();
        }
    }

    /// <summary>Rotates the first dimensions of one head.</summary>
    /// <param name="x">The head.</param>
    /// <param name="cos">Cosines of the position, [pairs].</param>
    /// <param name="sin">Sines of the position, [pairs].</param>
    /// <param name="pairs">Number of rotated pairs.</param>
    /// <param name="interleaved">Pairs are (2i, 2i+1) rather than (i, i + pairs).</param>
    public static void Rotate(float* x, float* cos, float* sin, int pairs, bool interleaved)
    {
        int i = 0;
        if (interleaved)
        {
            for (; i < pairs; i++)
            {
                float a = x[2 * i], b = x[(2 * i) + 1];
                x[2 * i] = (a * cos[i]) - (b * sin[i]);
                x[(2 * i) + 1] = (b * cos[i]) + (a * sin[i]);
            }

            return;
        }

        for (; i <= pairs - 16; i += 16)
        {
            Vector512<float> a = Vector512.Load(x + i), b = Vector512.Load(x + pairs + i), c = Vector512.Load(cos + i), s = Vector512.Load(sin + i);
            ((a * c) - (b * s)).Store(x + i);
            ((b * c) + (a * s)).Store(x + pairs + i);
        }

        for (; i < pairs; i++)
        {
            float a = x[i], b = x[pairs + i];
            x[i] = (a * cos[i]) - (b * sin[i]);
            x[pairs + i] = (b * cos[i]) + (a * sin[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Gate(Vector512<float> gate, Vector512<float> up)
        => gate / (Vector512<float>.One + FastExp.Exp(-gate)) * up;
}
