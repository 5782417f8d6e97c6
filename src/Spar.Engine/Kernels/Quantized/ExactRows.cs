using System.Runtime.Intrinsics;

namespace Spar.Engine.Kernels.Quantized;

/// <summary>
/// Activations as float32, in tiles of some rows; a tile has for each block of 32 elements the elements one after
/// another, each for all rows, and then the sum of each row's 32.
/// </summary>
internal static unsafe class ExactRows
{
    /// <summary>Bytes of a block in a tile.</summary>
    public static int BlockBytes(int rows) => rows * (QuantizedLayout.Block + 1) * sizeof(float);

    /// <summary>Lays out a tile.</summary>
    /// <param name="x">First row.</param>
    /// <param name="ldx">Floats from one row to the next.</param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="inputs">Elements of a row, a multiple of 32.</param>
    /// <param name="tile">Receives the tile.</param>
    public static void Pack(float* x, int ldx, int rows, int inputs, float* tile)
    {
        for (int first = 0; first < inputs; first += QuantizedLayout.Block, tile += rows * (QuantizedLayout.Block + 1))
        {
            for (int row = 0; row < rows; row++)
            {
                float* source = x + ((nint)row * ldx) + first;
                for (int i = 0; i < QuantizedLayout.Block; i++)
                {
                    tile[(i * rows) + row] = source[i];
                }

                tile[(QuantizedLayout.Block * rows) + row] = VectorMath.Sum(
                    Vector512.Load(source) + Vector512.Load(source + 16));
            }
        }
    }
}
