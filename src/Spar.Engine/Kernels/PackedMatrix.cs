using Spar.Engine.Tensors;

namespace Spar.Engine.Kernels;

/// <summary>
/// A linear layer's weight W [outputs, inputs], laid out once for products x W^T: for every stretch of <see cref="MicroKernel.StretchK"/> inputs,
/// panels of <see cref="MicroKernel.Columns"/> outputs, in each the inputs one after another. The last panel is filled up with zeros.
/// The layout depends on the processor and is never written to disk.
/// </summary>
public sealed unsafe class PackedMatrix
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
    /// <param name="weight">W, row-major; at least <paramref name="outputs"/> x <paramref name="inputs"/> elements.</param>
    /// <param name="outputs">Rows of W, at least 1.</param>
    /// <param name="inputs">Columns of W, at least 1.</param>
    public PackedMatrix(ReadOnlySpan<float> weight, int outputs, int inputs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(outputs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(inputs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(weight.Length, checked(outputs * inputs), nameof(weight));
        Outputs = outputs;
        Inputs = inputs;
        int panels = Gemm.Panels(outputs);
        _data = GC.AllocateUninitializedArray<float>(checked((panels * MicroKernel.Columns * inputs) + 16), pinned: true);
        fixed (float* data = _data)
        {
            _start = (int)((64 - ((nuint)data & 63)) & 63) / sizeof(float);
        }

        fixed (float* source = weight)
        {
            for (int k0 = 0; k0 < inputs; k0 += MicroKernel.StretchK)
            {
                int k = Math.Min(MicroKernel.StretchK, inputs - k0);
                for (int panel = 0; panel < panels; panel++)
                {
                    int first = panel * MicroKernel.Columns;
                    Packing.PackBTransposed(
                        source + ((nint)first * inputs) + k0, inputs, Math.Min(MicroKernel.Columns, outputs - first), k, Stretch(k0) + ((nint)panel * MicroKernel.Columns * k));
                }
            }
        }
    }

    /// <summary>Rows of W: elements of y a row.</summary>
    public int Outputs { get; }

    /// <summary>Columns of W: elements of x a row.</summary>
    public int Inputs { get; }

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
        => weight.Shape.Count == 2 ? weight.Shape[0] : throw new ArgumentException($"A matrix is needed, not a tensor of shape [{string.Join(", ", weight.Shape)}].", nameof(weight));
}
