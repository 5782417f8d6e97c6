using System.Runtime.Intrinsics;
using Spar.Engine.Kernels;
using Spar.Engine.Tensors;

namespace Spar.Engine.Tests.Kernels;

/// <summary>
/// Products of bfloat16 numbers against a reference that computes every element by itself, in the order that the
/// manual gives for the instruction: bit for bit, with AMX where the processor has it and without.
/// </summary>
public sealed unsafe class BFloat16Tests : IDisposable
{
    private delegate void Tiles(
        int rows, int blocks, ushort* a, nint next, ushort* b, float* c, nint ldc, bool add);

    private readonly ThreadTeam _one = new(1), _three = new(3);

    public void Dispose()
    {
        _one.Dispose();
        _three.Dispose();
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(16, 32, 32)]
    [InlineData(32, 32, 64)]
    [InlineData(5, 33, 31)]
    [InlineData(17, 16, 33)]
    [InlineData(40, 70, 100)]
    [InlineData(96, 64, 2080)]
    public void A_product_has_the_bits_of_the_reference(int rows, int outputs, int inputs)
    {
        Random random = new(rows + outputs + inputs);
        float[] x = Numbers(random, rows * inputs), w = Numbers(random, outputs * inputs);
        float[] before = Numbers(random, rows * outputs);
        TileMatrix packed = new(w, outputs, inputs);
        float[] set = new float[rows * outputs], shared = new float[rows * outputs];
        float[] backward = new float[rows * outputs];
        float[] added = [.. before], sharedAdded = [.. before], other = new float[rows * outputs];

        // W^T as the weight of a layer whose gradients go back: the same product from another layout and from none.
        float[] transposed = new float[w.Length];
        for (int i = 0; i < w.Length; i++)
        {
            transposed[(i % inputs * outputs) + (i / inputs)] = w[i];
        }

        TileMatrix laidOut = new(outputs, inputs, null);
        float[] stacked = new float[rows * outputs];
        Tensor upper = new(inputs / 2, outputs), lower = new(inputs - (inputs / 2), outputs);
        transposed.AsSpan(0, upper.Count).CopyTo(upper.Data);
        transposed.AsSpan(upper.Count).CopyTo(lower.Data);
        fixed (float* px = x, pSet = set, pShared = shared, pAdded = added, pBoth = sharedAdded, pOther = other)
        fixed (float* pBefore = before, pTransposed = transposed, pBackward = backward, pStacked = stacked)
        {
            float* scratch = _one.Scratch(0, packed.RowsScratch(rows));
            packed.MultiplyRows(px, inputs, rows, pSet, outputs, null, scratch);
            packed.MultiplyRows(px, inputs, rows, pAdded, outputs, pAdded, scratch);
            packed.MultiplyRows(px, inputs, rows, pOther, outputs, pBefore, scratch);
            packed.Multiply(_three, px, inputs, rows, pShared, outputs, accumulate: false);
            packed.Multiply(_three, px, inputs, rows, pBoth, outputs, accumulate: true);
            laidOut.Fill(pTransposed, outputs, inputsOutermost: true);
            laidOut.MultiplyRows(px, inputs, rows, pBackward, outputs, null, scratch);
            TileGemm.MultiplyRows(px, inputs, rows, new StackedRows(upper, lower), pStacked, outputs, scratch);
        }

        float[] expected = Reference(x, w, null, rows, outputs, inputs);
        float[] expectedSum = Reference(x, w, before, rows, outputs, inputs);
        Assert.Equal(expected, set);
        Assert.Equal(expected, shared);
        Assert.Equal(expected, backward);
        Assert.Equal(expected, stacked);
        Assert.Equal(expectedSum, added);
        Assert.Equal(expectedSum, other);
        Assert.Equal(expectedSum, sharedAdded);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(32, 32, 32)]
    [InlineData(70, 45, 50)]
    [InlineData(33, 100, 20)]
    [InlineData(20, 16, 1100)]
    public void A_transposed_product_has_the_bits_of_the_reference(int m, int n, int k)
    {
        Random random = new(m + n + k);
        float[] a = Numbers(random, k * m), b = Numbers(random, k * n), c = Numbers(random, m * n), start = [.. c];
        int from = k / 3, gap = Math.Min(5, k - from); // some rows that are 0
        using TileRows rows = new();
        rows.Reserve(k, n);
        fixed (float* pa = a, pb = b, pc = c)
        {
            rows.Put(0, from, pb, n);
            rows.Clear(from, gap);
            rows.Put(from + gap, k - from - gap, pb + ((from + gap) * n), n);
            TransposedProduct product = new(pa, m, m, rows, pc, n);
            _three.For(product.Tasks, (task, worker) => product.Run(task, _three.Scratch(worker, product.Scratch)));
        }

        b.AsSpan(from * n, gap * n).Clear();
        float[] aRows = new float[m * k], bRows = new float[n * k];
        for (int i = 0; i < k; i++)
        {
            for (int j = 0; j < m; j++)
            {
                aRows[(j * k) + i] = a[(i * m) + j];
            }

            for (int j = 0; j < n; j++)
            {
                bRows[(j * k) + i] = b[(i * n) + j];
            }
        }

        Assert.Equal(Reference(aRows, bRows, start, m, n, k), c);
    }

    /// <summary>
    /// Numbers of every magnitude, so that products and sums would be denormal without the smallest ones being 0, and
    /// a C that is denormal; by the instruction where there is one, and by vectors of each width.
    /// </summary>
    [Theory]
    [InlineData(true, 32)]
    [InlineData(false, 32)]
    [InlineData(true, 21)]
    [InlineData(false, 16)]
    [InlineData(true, 7)]
    [InlineData(false, 1)]
    public void Vectors_of_all_widths_have_the_bits_of_the_instruction(bool add, int rows)
    {
        Random random = new(1);
        const int Blocks = 11;
        for (int round = 0; round < 50; round++)
        {
            float[] numbers = new float[2 * TileKernel.Block * TileKernel.Depth * Blocks];
            for (int i = 0; i < numbers.Length; i++)
            {
                int exponent = random.Next(3) == 0 ? random.Next(20, 149) : random.Next(40);
                numbers[i] = (random.NextSingle() - 0.5f) * MathF.Pow(2, -exponent);
            }

            float[] start = new float[TileKernel.Block * TileKernel.Block];
            for (int i = 0; i < start.Length; i++)
            {
                start[i] = (random.NextSingle() - 0.5f) * MathF.Pow(2, -random.Next(2) * random.Next(149));
            }

            ushort[] a = new ushort[2 * Blocks * TileKernel.Tile], b = new ushort[2 * Blocks * TileKernel.Tile];
            fixed (float* p = numbers)
            fixed (ushort* pa = a, pb = b)
            {
                int k = Blocks * TileKernel.Depth;
                TilePacking.PackA(p, k, TileKernel.Block, k, pa);
                for (int i = 0; i < Blocks; i++)
                {
                    float* q = p + (TileKernel.Block * k) + (i * TileKernel.Depth * TileKernel.Block);
                    TilePacking.PackPanels(
                        q, TileKernel.Block, TileKernel.Block, TileKernel.Depth, pb + (i * 2 * TileKernel.Tile), 0);
                }
            }

            TileKernel.Begin();
            uint[] expected = Product(TileKernel.Run);
            TileKernel.End();
            Assert.Equal(expected, Product(TileKernel.RunVectors<Unit128, Vector128<float>>));
            Assert.Equal(expected, Product(TileKernel.RunVectors<Unit256, Vector256<float>>));
            Assert.Equal(expected, Product(TileKernel.RunVectors<Unit512, Vector512<float>>));

            uint[] Product(Tiles run)
            {
                float[] c = [.. start];
                fixed (float* pc = c)
                fixed (ushort* pa = a, pb = b)
                {
                    run(rows, Blocks, pa, Blocks * TileKernel.Tile, pb, pc, TileKernel.Block, add);
                }

                return [.. c.Take(rows * TileKernel.Block).Select(BitConverter.SingleToUInt32Bits)];
            }
        }
    }

    [Theory]
    [InlineData(1f, 0x3f80)]
    [InlineData(1.00390625f, 0x3f80)] // half way: to even
    [InlineData(1.01171875f, 0x3f82)]
    [InlineData(-1.004f, 0xbf81)]
    [InlineData(0f, 0)]
    [InlineData(-0f, 0x8000)]
    [InlineData(3.4028235e38f, 0x7f80)]
    [InlineData(float.PositiveInfinity, 0x7f80)]
    [InlineData(float.NaN, 0x7fc0)]
    [InlineData(TileKernel.Smallest, 0x2400)]
    [InlineData(-2.7e-17f, 0x8000)]
    public void Numbers_round_to_the_nearest(float value, int expected)
    {
        Assert.Equal(expected, TilePacking.Round(value));
        Assert.Equal(0x7fc0, TilePacking.Round(BitConverter.UInt32BitsToSingle(0x7fffffff)));
    }

    private static float[] Numbers(Random random, int count)
    {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++)
        {
            numbers[i] = (random.NextSingle() - 0.5f) * (random.Next(10) == 0 ? 1e-3f : 4);
        }

        return numbers;
    }

    /// <summary>C [rows, columns] = before + A B^T, element by element.</summary>
    private static float[] Reference(float[] a, float[] b, float[]? before, int rows, int columns, int k)
    {
        float[] c = new float[rows * columns];
        for (int i = 0; i < c.Length; i++)
        {
            float sum = before?[i] ?? 0;
            for (int k0 = 0; k0 < k; k0 += 32)
            {
                float even = 0, odd = 0;
                for (int j = k0; j < Math.Min(k, k0 + 32); j += 2)
                {
                    even = MathF.FusedMultiplyAdd(Round(a, i / columns, j), Round(b, i % columns, j), even);
                    if (j + 1 < k)
                    {
                        odd = MathF.FusedMultiplyAdd(Round(a, i / columns, j + 1), Round(b, i % columns, j + 1), odd);
                    }
                }

                sum += even + odd;
            }

            c[i] = sum;
        }

        return c;

        float Round(float[] numbers, int row, int at)
        {
            uint bits = BitConverter.SingleToUInt32Bits(numbers[(row * k) + at]);
            return BitConverter.UInt32BitsToSingle((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000);
        }
    }
}
