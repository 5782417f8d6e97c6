using Spar.Engine.Tensors;

namespace Spar.Engine.Kernels;

/// <summary>
/// A linear layer's weight W [outputs, inputs], laid out once for products x W^T: for every stretch of
/// <see cref="MicroKernel.StretchK"/> inputs, panels of <see cref="MicroKernel.Columns"/> outputs, in each the inputs
/// one after another. The last panel is filled up with zeros. The layout depends on the processor and is never written
/// to disk.
/// </summary>
internal sealed unsafe class PackedMatrix
{
    private readonly float[] _data;
    private readonly int _start;

    /// <summary>Packs a weight.</summary>
    /// <param name="weight">W, shape [outputs, inputs].</param>
    public PackedMatrix(Tensor weight)
        : this(weight.Data, Rows(weight), weight.Shape[1])
    {
    }

    /// <summary>Packs a weight given as rows.</summary>
    /// <param name="weight">
    /// W, row-major; at least <paramref name="outputs"/> x <paramref name="inputs"/> elements.
    /// </param>
    /// <param name="outputs">Rows of W, at least 1.</param>
    /// <param name="inputs">Columns of W, at least 1.</param>
    public PackedMatrix(ReadOnlySpan<float> weight, int outputs, int inputs)
        : this(outputs, inputs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(weight.Length, checked(outputs * inputs), nameof(weight));
        fixed (float* source = weight)
        {
            Fill(source, inputs, inputsOutermost: false);
        }
    }

    /// <summary>Makes room for a matrix that <see cref="Fill"/> writes.</summary>
    internal PackedMatrix(int outputs, int inputs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(outputs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(inputs, 1);
        Outputs = outputs;
        Inputs = inputs;
        _data = GC.AllocateUninitializedArray<float>(
            checked((Gemm.Panels(outputs) * MicroKernel.Columns * inputs) + 16), pinned: true);
        fixed (float* data = _data)
        {
            _start = (int)((64 - ((nuint)data & 63)) & 63) / sizeof(float);
        }
    }

    /// <summary>Rows of W: elements of y a row.</summary>
    public int Outputs { get; }

    /// <summary>Columns of W: elements of x a row.</summary>
    public int Inputs { get; }

    /// <summary>Packs a matrix over the present one.</summary>
    /// <param name="source">The elements.</param>
    /// <param name="ld">Floats from one row of the source to the next.</param>
    /// <param name="inputsOutermost">
    /// False: the source is W [outputs, inputs]. True: it is W^T [inputs, outputs].
    /// </param>
    internal void Fill(float* source, nint ld, bool inputsOutermost)
    {
        for (int k0 = 0; k0 < Inputs; k0 += MicroKernel.StretchK)
        {
            int k = Math.Min(MicroKernel.StretchK, Inputs - k0);
            float* panel = Stretch(k0);
            for (int first = 0; first < Outputs; first += MicroKernel.Columns, panel += MicroKernel.Columns * k)
            {
                int columns = Math.Min(MicroKernel.Columns, Outputs - first);
                if (inputsOutermost)
                {
                    Packing.PackBRows(source + (k0 * ld) + first, ld, columns, k, panel);
                }
                else
                {
                    Packing.PackBTransposed(source + (first * ld) + k0, ld, columns, k, panel);
                }
            }
        }
    }

    /// <summary>The panels of the stretch that begins at input <paramref name="k0"/>.</summary>
    internal float* Stretch(int k0)
    {
        // The array is pinned for its life, so the pointer outlives the statement.
        fixed (float* data = _data)
        {
            return data + _start + ((nint)Gemm.Panels(Outputs) * MicroKernel.Columns * k0);
        }
    }

    private static int Rows(Tensor weight)
        => weight.Shape.Count == 2
            ? weight.Shape[0]
            : throw new ArgumentException(
                $"A matrix is needed, not a tensor of shape [{string.Join(", ", weight.Shape)}].", nameof(weight));
}
