using Spar.Engine.Kernels;

namespace Spar.Engine.Tests.Kernels;

public unsafe class CausalAttentionTests
{
    /// <summary>
    /// Lengths around block and chunk borders, head sizes that do and do not fill a panel, with and without shared
    /// key/value heads.
    /// </summary>
    [Theory]
    [InlineData(1, 32, 1, int.MaxValue)]
    [InlineData(13, 16, 2, int.MaxValue)]
    [InlineData(96, 32, 1, int.MaxValue)]
    [InlineData(97, 40, 2, int.MaxValue)]
    [InlineData(480, 8, 1, int.MaxValue)]
    [InlineData(501, 64, 1, int.MaxValue)]
    [InlineData(97, 24, 2, 1)]
    [InlineData(211, 20, 2, 17)]
    [InlineData(620, 16, 1, 100)]
    [InlineData(620, 8, 1, 485)]
    [InlineData(50, 8, 1, 50)]
    public void Output_and_gradients_match_double_precision(int n, int d, int group, int window)
    {
        int queries = group * d,
            stride = queries + (2 * d) + 5;
        float[] joint = GemmTests.Numbers(n * stride, 1),
            outputGradient = GemmTests.Numbers(n * queries, 2);
        for (int i = 0; i < joint.Length; i++)
        {
            joint[i] *= 2;
        }

        float[] output = new float[n * queries],
            logSums = new float[n * group],
            jointGradient = new float[n * stride];
        float[] scratch = new float[CausalAttention.Scratch(n, d)];
        Array.Fill(scratch, float.NaN); // what was in the scratch memory must not matter
        fixed (
            float* pj = joint,
                po = output,
                pl = logSums,
                pg = jointGradient,
                pd = outputGradient,
                ps = scratch
        )
        {
            AttentionHead head = new()
            {
                Query = pj,
                Key = pj + queries,
                Value = pj + queries + d,
                Output = po,
                LogSum = pl,
                OutputGradient = pd,
                QueryGradient = pg,
                KeyGradient = pg + queries,
                ValueGradient = pg + queries + d,
                Stride = stride,
                OutputStride = queries,
                LogSumStride = group,
                Length = n,
                HeadDim = d,
                Group = group,
                Window = window,
            };
            CausalAttention.Forward(head, ps);
            Array.Fill(scratch, float.NaN);
            CausalAttention.Backward(head, ps);
        }

        (double[] expected, double[] gradients) = Reference(n, d, group, window, stride, joint, outputGradient);
        for (int i = 0; i < output.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - output[i]) < 1e-5, $"output {i}: {output[i]} for {expected[i]}");
        }

        for (int i = 0; i < jointGradient.Length; i++)
        {
            Assert.True(
                Math.Abs(gradients[i] - jointGradient[i]) < 1e-4,
                $"gradient {i / stride},{i % stride}: {jointGradient[i]} for {gradients[i]}"
            );
        }
    }

    private static (double[] Output, double[] Gradients) Reference(
        int n,
        int d,
        int group,
        int window,
        int stride,
        float[] joint,
        float[] outputGradient
    )
    {
        double[] output = new double[n * group * d],
            gradients = new double[n * stride];
        double scale = 1 / Math.Sqrt(d);
        int key = group * d,
            value = key + d;
        for (int g = 0; g < group; g++)
        {
            for (int i = 0; i < n; i++)
            {
                double[] p = new double[i + 1],
                    dp = new double[i + 1];
                double sum = 0,
                    own = 0;
                int first = Math.Max(0, i - Math.Min(window, n) + 1);
                for (int j = first; j <= i; j++)
                {
                    for (int c = 0; c < d; c++)
                    {
                        p[j] += scale * joint[(i * stride) + (g * d) + c] * joint[(j * stride) + key + c];
                        dp[j] +=
                            (double)outputGradient[(i * group * d) + (g * d) + c] * joint[(j * stride) + value + c];
                    }

                    p[j] = Math.Exp(p[j]);
                    sum += p[j];
                }

                for (int j = first; j <= i; j++)
                {
                    p[j] /= sum;
                    own += p[j] * dp[j];
                }

                for (int j = first; j <= i; j++)
                {
                    double ds = p[j] * (dp[j] - own) * scale;
                    for (int c = 0; c < d; c++)
                    {
                        int q = (i * stride) + (g * d) + c,
                            k = (j * stride) + key + c,
                            v = (j * stride) + value + c,
                            o = (i * group * d) + (g * d) + c;
                        output[o] += p[j] * joint[v];
                        gradients[q] += ds * joint[k];
                        gradients[k] += ds * joint[q];
                        gradients[v] += p[j] * outputGradient[o];
                    }
                }
            }
        }

        return (output, gradients);
    }
}
