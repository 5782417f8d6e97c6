using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Spar.Engine.Kernels.Quantized;

/// <summary>
/// Activations rounded to 8 bits: 32 elements of a row share the scale s = max |x| / 127, and an element becomes the
/// integer nearest to x / s. Rows are kept in tiles of some rows; a tile has for each block of 32 elements
/// <list type="bullet">
/// <item>the integers: for 4-bit weights (and <see cref="QuantizedLayout.Fours"/>) as bytes, four of a row side by
/// side, then four of the next row; for 8-bit weights as 16-bit numbers, two by two;</item>
/// <item>for each row s; for each row s times the sum of its integers; for each row -zero times that sum, as an
/// integer.</item>
/// </list>
/// </summary>
internal static unsafe class RoundedRows
{
    // Below it a block counts as 0, as its inverse would not be finite.
    private const float Least = 1e-30f;

    /// <summary>Bytes of a block in a tile.</summary>
    public static int BlockBytes(QuantizedLayout layout, int rows) => rows * ((layout.TakesBytes ? 32 : 64) + 12);

    /// <summary>Rounds a tile.</summary>
    /// <param name="layout">The weight's form.</param>
    /// <param name="x">First row.</param>
    /// <param name="ldx">Floats from one row to the next.</param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="inputs">Elements of a row, a multiple of 32.</param>
    /// <param name="tile">Receives the tile.</param>
    public static void Pack(QuantizedLayout layout, float* x, int ldx, int rows, int inputs, byte* tile)
    {
        int codeBytes = layout.TakesBytes ? 32 : 64, blockBytes = BlockBytes(layout, rows);
        for (int row = 0; row < rows; row++)
        {
            float* source = x + ((nint)row * ldx);
            byte* block = tile;
            for (int i = 0; i < inputs; i += QuantizedLayout.Block, block += blockBytes)
            {
                Vector512<float> left = Vector512.Load(source + i), right = Vector512.Load(source + i + 16);

                // As integers the magnitudes have the order of the numbers, and what is not finite is the largest, so
                // that it shows in the result.
                Vector512<int> magnitude = Vector512.Create(int.MaxValue);
                float most = BitConverter.Int32BitsToSingle(
                    Max(Vector512.Max(left.AsInt32() & magnitude, right.AsInt32() & magnitude)));
                bool isZero = most <= Least;
                float scale = isZero ? 0 : most / 127f;
                Vector512<float> inverse = Vector512.Create(isZero ? 0 : 127f / most);
                Vector512<int> a = Round(left * inverse), b = Round(right * inverse);
                int sum = Vector512.Sum(a + b);
                int* target = (int*)block + row;
                if (layout.TakesBytes)
                {
                    Vector128<int> first = Bytes(a).AsInt32(), second = Bytes(b).AsInt32();
                    for (int j = 0; j < 4; j++)
                    {
                        target[j * rows] = first.GetElement(j);
                        target[(4 + j) * rows] = second.GetElement(j);
                    }
                }
                else
                {
                    Vector256<int> first = Shorts(a).AsInt32(), second = Shorts(b).AsInt32();
                    for (int j = 0; j < 8; j++)
                    {
                        target[j * rows] = first.GetElement(j);
                        target[(8 + j) * rows] = second.GetElement(j);
                    }
                }

                float* scales = (float*)(block + (rows * codeBytes)) + row;
                scales[0] = scale;
                scales[rows] = scale * sum;
                ((int*)scales)[2 * rows] = -layout.Zero * sum;
            }
        }
    }
    // To the nearest integer, ties to even: the sum with 1.5 * 2^23 has it in its low bits.
    private static Vector512<int> Round(Vector512<float> x) =>
        (x + Vector512.Create(12582912f)).AsInt32() - Vector512.Create(12582912f).AsInt32();

    private static int Max(Vector512<int> x)
    {
        Vector256<int> y = Vector256.Max(x.GetLower(), x.GetUpper());
        Vector128<int> z = Vector128.Max(y.GetLower(), y.GetUpper());
        z = Vector128.Max(z, Vector128.Shuffle(z, Vector128.Create(2, 3, 0, 1)));
        return Math.Max(z.GetElement(0), z.GetElement(1));
    }

    private static Vector256<short> Shorts(Vector512<int> x) =>
        KernelPath.HasMasks ? Avx512F.ConvertToVector256Int16(x) : Vector256.Narrow(x.GetLower(), x.GetUpper());

    private static Vector128<sbyte> Bytes(Vector512<int> x)
    {
        if (KernelPath.HasMasks)
        {
            return Avx512F.ConvertToVector128SByte(x);
        }

        Vector256<short> shorts = Shorts(x);
        return Vector128.Narrow(shorts.GetLower(), shorts.GetUpper());
    }
}
