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
    private readonly float[]? _data; // where the memory is its own
    private readonly float* _first;

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
        _data = GC.AllocateUninitializedArray<float>(checked((int)Floats(outputs, inputs) + 16), pinned: true);
        // The array is pinned for its life, so the pointer outlives the statement.
        fixed (float* data = _data)
        {
            _first = data + ((int)((64 - ((nuint)data & 63)) & 63) / sizeof(float));
        }
    }

    /// <summary>Takes memory for a matrix that <see cref="Fill"/> writes.</summary>
    /// <param name="outputs">Rows of W.</param>
    /// <param name="inputs">Columns of W.</param>
    /// <param name="memory"><see cref="Floats"/> floats, 64-byte aligned, for as long as the matrix is used.</param>
    internal PackedMatrix(int outputs, int inputs, float* memory)
    {
        (Outputs, Inputs) = (outputs, inputs);
        _first = memory;
    }

    /// <summary>Floats that a matrix takes.</summary>
    internal static long Floats(int outputs, int inputs) => (long)Gemm.Panels(outputs) * MicroKernel.Columns * inputs;

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
        if (inputsOutermost)
        {
            FillInputs(0, Inputs, source, ld);
        }
        else
        {
            FillOutputs(0, Outputs, source, ld);
        }
    }

    /// <summary>Packs some rows of W.</summary>
    /// <param name="first">The first, a multiple of <see cref="MicroKernel.StretchK"/>.</param>
    /// <param name="count">How many; a multiple of that too, or all that are left.</param>
    /// <param name="source">The first row.</param>
    /// <param name="ld">Floats from one row to the next.</param>
    internal void FillOutputs(int first, int count, float* source, nint ld)
    {
        for (int k0 = 0; k0 < Inputs; k0 += MicroKernel.StretchK)
        {
            int k = Math.Min(MicroKernel.StretchK, Inputs - k0);
            float* panel = Stretch(k0) + ((nint)first * k);
            for (int row = 0; row < count; row += MicroKernel.Columns, panel += MicroKernel.Columns * k)
            {
                Packing.PackBTransposed(
                    source + (row * ld) + k0, ld, Math.Min(MicroKernel.Columns, count - row), k, panel);
            }
        }
    }

    /// <summary>Packs some rows of W^T.</summary>
    /// <param name="first">The first, a multiple of <see cref="MicroKernel.StretchK"/>.</param>
    /// <param name="count">How many; a multiple of that too, or all that are left.</param>
    /// <param name="source">The first row.</param>
    /// <param name="ld">Floats from one row to the next.</param>
    internal void FillInputs(int first, int count, float* source, nint ld)
    {
        for (int k0 = first; k0 < first + count; k0 += MicroKernel.StretchK)
        {
            int k = Math.Min(MicroKernel.StretchK, first + count - k0);
            float* panel = Stretch(k0);
            for (int column = 0; column < Outputs; column += MicroKernel.Columns, panel += MicroKernel.Columns * k)
            {
                Packing.PackBRows(
                    source + ((k0 - first) * ld) + column, ld, Math.Min(MicroKernel.Columns, Outputs - column), k,
                    panel);
            }
        }
    }

    /// <summary>The panels of the stretch that begins at input <paramref name="k0"/>.</summary>
    internal float* Stretch(int k0) => _first + ((nint)Gemm.Panels(Outputs) * MicroKernel.Columns * k0);

    private static int Rows(Tensor weight)
        => weight.Shape.Count == 2
            ? weight.Shape[0]
            : throw new ArgumentException(
                $"A matrix is needed, not a tensor of shape [{string.Join(", ", weight.Shape)}].", nameof(weight));
}
