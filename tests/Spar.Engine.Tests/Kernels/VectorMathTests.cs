using System.Runtime.Intrinsics;
using FsCheck;
using FsCheck.Fluent;
using Spar.Engine.Kernels;
using Spar.Engine.Models;

namespace Spar.Engine.Tests.Kernels;

public unsafe class VectorMathTests
{
    [Fact]
    public void Exponential_is_accurate_over_its_range()
    {
        for (double x = -87; x <= 88; x += 0.00917)
        {
            double expected = Math.Exp((float)x);
            Assert.InRange(VectorMath.Exp(Vector512.Create((float)x))[5] / expected, 1 - 2e-7, 1 + 2e-7);
        }

        Assert.Equal(1f, VectorMath.Exp(Vector512<float>.Zero)[0]);
        Assert.InRange(VectorMath.Exp(Vector512.Create(float.NegativeInfinity))[0], 0, 2e-38f);
    }

    [Fact]
    public void Parts_of_vectors_touch_nothing_beyond_their_count()
        => Prop.ForAll(Gen.Choose(1, 40).ToArbitrary(), count =>
        {
            float[] source = GemmTests.Numbers(count, count), target = new float[count + 1];
            target[count] = 9;
            fixed (float* s = source, t = target)
            {
                VectorMath.Scale(s, 2, t, count);
                Assert.All(Enumerable.Range(0, count), i => Assert.Equal(2 * source[i], target[i]));
                VectorMath.Add(t, s, count);
                Assert.All(Enumerable.Range(0, count), i => Assert.Equal((2 * source[i]) + source[i], target[i]));
                Assert.Equal(source.Sum(x => (double)x * x), VectorMath.Dot(s, s, count), 1e-5);
            }

            Assert.Equal(9, target[count]);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(77)]
    public void Softmax_matches_double_precision(int count)
    {
        float[] logits = [.. GemmTests.Numbers(count, 3).Select(x => x * 30)];
        double max = logits.Max(), logSum = max + Math.Log(logits.Sum(x => Math.Exp(x - max)));
        float[] gradient = [.. logits];
        fixed (float* l = logits, g = gradient)
        {
            float computed = Softmax.LogSumExp(l, count);
            Assert.Equal(logSum, computed, 1e-5);
            Softmax.LogProbBackward(g, count, count / 2, computed, -0.5f);
        }

        for (int i = 0; i < count; i++)
        {
            double expected = Math.Exp(logits[i] - logSum);
            Assert.Equal(-0.5 * ((i == count / 2 ? 1 : 0) - expected), gradient[i], 1e-5);
        }
    }

    [Fact]
    public void Rotation_turns_back_and_depends_on_distance_only()
    {
        ModelConfig config = new()
        {
            ModelType = "llama",
            VocabSize = 1,
            HiddenSize = 40,
            IntermediateSize = 1,
            LayerCount = 1,
            HeadCount = 1,
            KvHeadCount = 1,
            HeadDim = 40,
            MaxPositions = 100,
        };
        RotaryTable table = RotaryFrequencies.TableOf(config);
        table.Cover(99);
        float[] a = GemmTests.Numbers(40, 1), b = GemmTests.Numbers(40, 2), start = [.. a];
        float[] products = new float[2];
        for (int shift = 0; shift < 2; shift++)
        {
            float[] x = [.. a], y = [.. b];
            fixed (float* px = x, py = y)
            {
                table.Apply(px, 1, 50 + (40 * shift));
                table.Apply(py, 1, 3 + (40 * shift));
                products[shift] = VectorMath.Dot(px, py, 40);
                table.ApplyInverse(px, 1, 50 + (40 * shift));
            }

            Assert.All(Enumerable.Range(0, 40), i => Assert.Equal(start[i], x[i], 1e-5));
        }

        Assert.Equal(products[0], products[1], 1e-4);
        Assert.Throws<EngineException>(() => RotaryFrequencies.TableOf(config with { HeadDim = 5 }));
    }
}
