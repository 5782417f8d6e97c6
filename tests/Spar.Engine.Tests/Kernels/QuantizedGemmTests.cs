using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using Spar.Engine.Checkpoints.Gguf;
using Spar.Engine.Kernels;
using Spar.Engine.Kernels.Quantized;

namespace Spar.Engine.Tests.Kernels;

/// <summary>Products with quantised weights against their definition, on every vector width.</summary>
public unsafe class QuantizedGemmTests
{
    public static TheoryData<string> Types => [.. GgufType.All.Where(type => type.IsQuantized).Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(Types))]
    public void Rounded_products_have_the_defined_bits_on_every_width(string name)
    {
        Sample sample = new(name, outputs: 37, inputs: 512, rows: 11, seed: 3);
        float[] expected = sample.Defined();
        Assert.Equal(expected, sample.Multiply(threads: 1));
        Assert.Equal(expected, sample.Multiply(threads: 3));
        Assert.Equal(expected, sample.MultiplyRows());
        Assert.Equal(expected, sample.OnWidth<ByteUnit128, Vector128<byte>>());
        if (ByteUnit256.IsSupported)
        {
            Assert.Equal(expected, sample.OnWidth<ByteUnit256, Vector256<byte>>());
        }

        if (ByteUnit512.IsSupported)
        {
            Assert.Equal(expected, sample.OnWidth<ByteUnit512, Vector512<byte>>());
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void A_row_has_the_same_bits_alone(string name)
    {
        Sample sample = new(name, outputs: 33, inputs: 256, rows: 19, seed: 4);
        float[] together = sample.Multiply(threads: 2);
        for (int row = 0; row < sample.Rows; row++)
        {
            Assert.Equal(together[(row * 33)..((row + 1) * 33)], sample.Multiply(threads: 2, row, 1));
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Exact_products_have_the_bits_of_the_widened_matrix(string name)
    {
        Sample sample = new(name, outputs: 75, inputs: 768, rows: 13, seed: 5);
        using ThreadTeam team = new(2);
        PackedMatrix widened = new(sample.Widened, sample.Outputs, sample.Inputs);
        float[] expected = new float[sample.Rows * sample.Outputs], actual = new float[expected.Length], rows = new float[expected.Length];
        float[] scratch = GC.AllocateArray<float>((int)ExactGemm.Scratch(sample.Rows) + 16, pinned: true);
        fixed (float* x = sample.X, e = expected, a = actual, r = rows, s = scratch)
        {
            Gemm.Multiply(team, x, sample.Inputs, sample.Rows, widened, e, sample.Outputs);
            ExactGemm.Multiply(team, x, sample.Inputs, sample.Rows, sample.Matrix, a, sample.Outputs, accumulate: false);
            ExactGemm.MultiplyRows(x, sample.Inputs, sample.Rows, sample.Matrix, r, sample.Outputs, accumulate: false, s);
        }

        Assert.Equal(expected, actual);
        Assert.Equal(expected, rows);
    }

    [Fact]
    public void What_is_not_finite_shows()
    {
        foreach (float bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            Sample sample = new("Q4_1", outputs: 16, inputs: 64, rows: 2, seed: 6);
            sample.X[70] = bad;
            float[] y = sample.Multiply(threads: 1);
            Assert.All(y[..16], value => Assert.True(float.IsFinite(value)));
            Assert.All(y[16..], value => Assert.False(float.IsFinite(value)));
        }
    }

    [Fact]
    public void Zeros_and_tiny_numbers_give_zero()
    {
        Sample sample = new("Q8_0", outputs: 16, inputs: 64, rows: 1, seed: 7);
        Array.Fill(sample.X, 1e-40f);
        Assert.All(sample.Multiply(threads: 1), value => Assert.Equal(0, value));
    }

    /// <summary>Random blocks of a type, and activations.</summary>
    private sealed class Sample
    {
        private readonly byte[] _codes;
        private readonly float[] _scales;
        private readonly float[] _offsets;
        private readonly GgufType _type;

        public Sample(string name, int outputs, int inputs, int rows, int seed)
        {
            (Outputs, Inputs, Rows) = (outputs, inputs, rows);
            _type = GgufType.All.Single(type => type.Name == name);
            Random random = new(seed);
            int blocks = inputs / _type.BlockElements, parts = _type.BlockElements / _type.ScaledElements;
            _codes = new byte[outputs * inputs];
            _scales = new float[outputs * inputs / _type.ScaledElements];
            _offsets = new float[_scales.Length];
            Widened = new float[outputs * inputs];
            Matrix = new QuantizedMatrix(outputs, inputs, GgufBlocks.Layout(_type));
            Span<float> scales = stackalloc float[16], offsets = stackalloc float[16];
            for (int row = 0; row < outputs; row++)
            {
                byte[] bytes = new byte[blocks * _type.BlockBytes];
                random.NextBytes(bytes);
                byte[] packed = new byte[inputs / Matrix.Layout.GroupElements * Matrix.Layout.GroupScaleBytes];
                for (int block = 0; block < blocks; block++)
                {
                    Span<byte> source = bytes.AsSpan(block * _type.BlockBytes, _type.BlockBytes);
                    int half = name == "Q6_K" ? 208 : 0;
                    BinaryPrimitives.WriteHalfLittleEndian(source[half..], (Half)((random.NextDouble() - 0.3) * 0.1));
                    if (_type.HasOffset)
                    {
                        BinaryPrimitives.WriteHalfLittleEndian(source[2..], (Half)(random.NextDouble() - 0.5));
                    }

                    GgufBlocks.Codes(_type, source, _codes.AsSpan((row * inputs) + (block * _type.BlockElements)));
                    GgufBlocks.Scales(_type, source, scales, offsets);
                    scales[..parts].CopyTo(_scales.AsSpan(((row * blocks) + block) * parts));
                    offsets[..parts].CopyTo(_offsets.AsSpan(((row * blocks) + block) * parts));
                    Assert.True(GgufBlocks.PackedScales(_type, source, packed.AsSpan(block * Matrix.Layout.GroupScaleBytes)));
                }

                GgufBlocks.Dequantize(_type, bytes, Widened.AsSpan(row * inputs, inputs));
                Matrix.SetRow(row, _codes.AsSpan(row * inputs, inputs), packed);
            }

            X = new float[rows * inputs];
            for (int i = 0; i < X.Length; i++)
            {
                X[i] = (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-2, 3)));
            }
        }

        public int Outputs { get; }

        public int Inputs { get; }

        public int Rows { get; }

        public float[] X { get; }

        public float[] Widened { get; }

        public QuantizedMatrix Matrix { get; }

        /// <summary>The product by its definition, one element after another.</summary>
        public float[] Defined()
        {
            float[] y = new float[Rows * Outputs];
            for (int row = 0; row < Rows; row++)
            {
                for (int block = 0; block < Inputs / 32; block++)
                {
                    ReadOnlySpan<float> x = X.AsSpan((row * Inputs) + (block * 32), 32);
                    float most = 0;
                    foreach (float value in x)
                    {
                        most = Math.Max(most, Math.Abs(value));
                    }

                    float scale = most / 127f, inverse = 127f / most;
                    int[] rounded = [.. x.ToArray().Select(value => (int)MathF.Round(value * inverse))];
                    for (int o = 0; o < Outputs; o++)
                    {
                        float sum = y[(row * Outputs) + o];
                        int parts = 32 / _type.ScaledElements;
                        for (int part = 0; part < parts; part++)
                        {
                            int dot = 0, at = (((o * Inputs) + (block * 32)) / _type.ScaledElements) + part;
                            for (int i = 0; i < _type.ScaledElements; i++)
                            {
                                int k = (part * _type.ScaledElements) + i;
                                dot += (_codes[(o * Inputs) + (block * 32) + k] - _type.Zero) * rounded[k];
                            }

                            sum = MathF.FusedMultiplyAdd(dot * scale, _scales[at], sum);
                            sum = _type.HasOffset ? MathF.FusedMultiplyAdd(_offsets[at], scale * rounded.Sum(), sum) : sum;
                        }

                        y[(row * Outputs) + o] = sum;
                    }
                }
            }

            return y;
        }

        public float[] Multiply(int threads, int first = 0, int? rows = null)
        {
            using ThreadTeam team = new(threads);
            float[] y = new float[(rows ?? Rows) * Outputs];
            fixed (float* x = X, target = y)
            {
                QuantizedGemm.Multiply(team, x + (first * Inputs), Inputs, rows ?? Rows, Matrix, target, Outputs, accumulate: false);
            }

            return y;
        }

        public float[] MultiplyRows()
        {
            float[] y = new float[Rows * Outputs];
            float[] scratch = new float[QuantizedGemm.Scratch(Matrix, Rows)];
            fixed (float* x = X, target = y, s = scratch)
            {
                QuantizedGemm.MultiplyRows(x, Inputs, Rows, Matrix, target, Outputs, accumulate: false, s);
                float[] once = [.. y];
                QuantizedGemm.MultiplyRows(x, Inputs, Rows, Matrix, target, Outputs, accumulate: true, s);
                Assert.Equal(once.Select(value => value + value), y);
                return once;
            }
        }

        public float[] OnWidth<TUnit, TV>()
            where TUnit : IByteUnit<TV>
            where TV : struct
        {
            float[] y = new float[Rows * Outputs];
            byte[] tiles = new byte[4 * QuantizedRows.Floats(Matrix.Layout.Nibbles, Inputs, Rows)];
            fixed (float* x = X, target = y)
            fixed (byte* t = tiles)
            {
                for (int row = 0; row < Rows; row += TUnit.MaxRows)
                {
                    QuantizedRows.Pack(
                        Matrix.Layout, x + (row * Inputs), Inputs, Math.Min(TUnit.MaxRows, Rows - row), Inputs, t + (row * Matrix.Blocks * QuantizedRows.BlockBytes(Matrix.Layout.Nibbles, 1)));
                }

                for (int panel = 0; panel < Matrix.Panels; panel++)
                {
                    QuantizedGemm.Panel<TUnit, TV>(Matrix, panel, Rows, t, target, Outputs, add: false);
                }
            }

            return y;
        }
    }
}
