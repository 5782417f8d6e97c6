using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using Spar.Engine.Checkpoints.Gguf;
using Spar.Engine.Kernels;
using Spar.Engine.Kernels.Quantized;

namespace Spar.Engine.Tests.Kernels;

/// <summary>Products with quantised weights against their definition, on every vector width.</summary>
public unsafe class QuantizedGemmTests
{
    public static TheoryData<string, bool> Cases
    {
        get
        {
            TheoryData<string, bool> data = [];
            foreach (GgufType type in GgufType.All.Where(type => type.IsQuantized))
            {
                data.Add(type.Name, false);
                data.Add(type.Name, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Products_have_the_defined_bits_on_every_width(string name, bool exact)
    {
        Sample sample = new(name, outputs: 37, inputs: 512, rows: 11, seed: 3) { Exact = exact };
        float[] expected = exact ? sample.DefinedExact() : sample.DefinedRounded();
        Assert.Equal(expected, sample.Multiply(threads: 1));
        Assert.Equal(expected, sample.Multiply(threads: 3));
        Assert.Equal(expected, sample.MultiplyRows());
        if (!exact)
        {
            // As a GGUF file's weights are kept for rounded activations; another form where vpdpbusd is at hand.
            Sample best = new(name, outputs: 37, inputs: 512, rows: 11, seed: 3, DotInstructions.Best);
            Assert.Equal(expected, best.Multiply(threads: 3));
            Assert.Equal(expected, best.MultiplyRows());
        }

        Assert.Equal(expected, sample.OnWidth<ByteUnit128, Vector128<byte>>());
        if (KernelPath.QuantizedVectorBits >= 256)
        {
            Assert.Equal(expected, sample.OnWidth<ByteUnit256, Vector256<byte>>());
        }

        if (KernelPath.QuantizedVectorBits >= 512)
        {
            Assert.Equal(expected, sample.OnWidth<ByteUnit512, Vector512<byte>>());
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_row_has_the_same_bits_alone(string name, bool exact)
    {
        Sample sample = new(name, outputs: 33, inputs: 256, rows: 19, seed: 4) { Exact = exact };
        float[] together = sample.Multiply(threads: 2);
        for (int row = 0; row < sample.Rows; row++)
        {
            Assert.Equal(together[(row * 33)..((row + 1) * 33)], sample.Multiply(threads: 2, row, 1));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Products_are_close_to_those_of_the_widened_matrix(string name, bool exact)
    {
        Sample sample = new(name, outputs: 75, inputs: 768, rows: 13, seed: 5) { Exact = exact };
        float[] actual = sample.Multiply(threads: 2);
        for (int row = 0; row < sample.Rows; row++)
        {
            for (int o = 0; o < sample.Outputs; o++)
            {
                double expected = 0,
                    size = 0;
                for (int k = 0; k < sample.Inputs; k++)
                {
                    double term = (double)sample.X[(row * sample.Inputs) + k] * sample.Widened[(o * sample.Inputs) + k];
                    (expected, size) = (expected + term, size + Math.Abs(term));
                }

                Assert.InRange(
                    actual[(row * sample.Outputs) + o] - expected,
                    (exact ? -1e-5 : -2e-2) * size,
                    (exact ? 1e-5 : 2e-2) * size
                );
            }
        }
    }

    [Fact]
    public void What_is_not_finite_shows()
    {
        foreach (float bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            foreach (bool exact in new[] { false, true })
            {
                Sample sample = new("Q8_0", outputs: 16, inputs: 64, rows: 2, seed: 6) { Exact = exact };
                sample.X[70] = bad;
                float[] y = sample.Multiply(threads: 1);
                Assert.All(y[..16], value => Assert.True(float.IsFinite(value)));
                Assert.Contains(y[16..], value => !float.IsFinite(value));
            }
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

        public Sample(
            string name, int outputs, int inputs, int rows, int seed,
            Func<QuantizedLayout, QuantizedLayout>? form = null)
        {
            (Outputs, Inputs, Rows) = (outputs, inputs, rows);
            _type = GgufType.All.Single(type => type.Name == name);
            Random random = new(seed);
            int blocks = inputs / _type.BlockElements,
                parts = _type.BlockElements / _type.ScaledElements;
            _codes = new byte[outputs * inputs];
            _scales = new float[outputs * inputs / _type.ScaledElements];
            _offsets = new float[_scales.Length];
            Widened = new float[outputs * inputs];
            QuantizedLayout layout = GgufBlocks.Layout(_type);
            Matrix = new QuantizedMatrix(outputs, inputs, form?.Invoke(layout) ?? layout);
            Span<float> scales = stackalloc float[16],
                offsets = stackalloc float[16];
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
                    Assert.True(
                        GgufBlocks.PackedScales(_type, source, packed.AsSpan(block * Matrix.Layout.GroupScaleBytes))
                    );
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

        public bool Exact { get; init; }

        /// <summary>The product by the definition for exact activations, one element after another.</summary>
        public float[] DefinedExact()
        {
            float[] y = new float[Rows * Outputs];
            int parts = 32 / _type.ScaledElements;
            bool halves = Matrix.Layout.Nibbles;
            for (int row = 0; row < Rows; row++)
            {
                for (int block = 0; block < Inputs / 32; block++)
                {
                    float[] x = X[((row * Inputs) + (block * 32))..][..32];
                    float sum;
                    fixed (float* p = x)
                    {
                        sum = VectorMath.Sum(Vector512.Load(p) + Vector512.Load(p + 16));
                    }

                    for (int o = 0; o < Outputs; o++)
                    {
                        ref float target = ref y[(row * Outputs) + o];
                        for (int part = 0; part < parts; part++)
                        {
                            float s = 0,
                                t = 0;
                            for (int i = 0; i < _type.ScaledElements; i++)
                            {
                                int k = (part * _type.ScaledElements) + i;
                                ref float chain = ref s;
                                if (halves ? k >= 16 : k % 2 == 1)
                                {
                                    chain = ref t;
                                }

                                chain = MathF.FusedMultiplyAdd(
                                    _codes[(o * Inputs) + (block * 32) + k] - _type.Zero,
                                    x[k],
                                    chain
                                );
                            }

                            int at = (((o * Inputs) + (block * 32)) / _type.ScaledElements) + part;
                            target = MathF.FusedMultiplyAdd(s + t, _scales[at], target);
                            target = _type.HasOffset ? MathF.FusedMultiplyAdd(_offsets[at], sum, target) : target;
                        }
                    }
                }
            }

            return y;
        }

        /// <summary>The product by the definition for rounded activations.</summary>
        public float[] DefinedRounded()
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

                    float scale = most / 127f,
                        inverse = 127f / most;
                    int[] rounded = [.. x.ToArray().Select(value => (int)MathF.Round(value * inverse))];
                    for (int o = 0; o < Outputs; o++)
                    {
                        float sum = y[(row * Outputs) + o];
                        int parts = 32 / _type.ScaledElements;
                        for (int part = 0; part < parts; part++)
                        {
                            int dot = 0,
                                at = (((o * Inputs) + (block * 32)) / _type.ScaledElements) + part;
                            for (int i = 0; i < _type.ScaledElements; i++)
                            {
                                int k = (part * _type.ScaledElements) + i;
                                dot += (_codes[(o * Inputs) + (block * 32) + k] - _type.Zero) * rounded[k];
                            }

                            sum = MathF.FusedMultiplyAdd(dot * scale, _scales[at], sum);
                            sum = _type.HasOffset
                                ? MathF.FusedMultiplyAdd(_offsets[at], scale * rounded.Sum(), sum)
                                : sum;
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
            fixed (
                float* x = X,
                    target = y
            )
            {
                QuantizedGemm.Multiply(
                    team,
                    x + (first * Inputs),
                    Inputs,
                    rows ?? Rows,
                    Matrix,
                    Exact,
                    target,
                    Outputs,
                    accumulate: false
                );
            }

            return y;
        }

        public float[] MultiplyRows()
        {
            float[] y = new float[Rows * Outputs];
            float[] scratch = new float[QuantizedGemm.Scratch(Matrix, Rows, Exact)];
            fixed (
                float* x = X,
                    target = y,
                    s = scratch
            )
            {
                QuantizedGemm.MultiplyRows(x, Inputs, Rows, Matrix, Exact, target, Outputs, accumulate: false, s);
                float[] once = [.. y];
                QuantizedGemm.MultiplyRows(x, Inputs, Rows, Matrix, Exact, target, Outputs, accumulate: true, s);
                Assert.Equal(once.Select(value => value + value), y);
                return once;
            }
        }

        public float[] OnWidth<TUnit, TV>()
            where TUnit : IByteUnit<TV>
            where TV : struct
        {
            float[] y = new float[Rows * Outputs];
            byte[] tiles = new byte[4 * QuantizedGemm.Scratch(Matrix, Rows, Exact)];
            fixed (
                float* x = X,
                    target = y
            )
            fixed (byte* t = tiles)
            {
                for (int row = 0; row < Rows; row += TUnit.MaxRows)
                {
                    QuantizedGemm.Pack(
                        Matrix,
                        Exact,
                        x + (row * Inputs),
                        Inputs,
                        Math.Min(TUnit.MaxRows, Rows - row),
                        t + (row * QuantizedGemm.TileBytes(Matrix, Exact))
                    );
                }

                for (int panel = 0; panel < Matrix.Panels; panel++)
                {
                    QuantizedGemm.Panel<TUnit, TV>(Matrix, panel, Rows, t, Exact, target, Outputs, add: false);
                }
            }

            return y;
        }
    }
}
