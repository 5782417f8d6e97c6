namespace Spar.Engine.Kernels;

/// <summary>
/// A weight in float32, for <see cref="Gemm"/>: for every stretch of <see cref="MicroKernel.StretchK"/> inputs, panels
/// of <see cref="MicroKernel.Columns"/> outputs, in each the inputs one after another. The last panel is filled up with
/// zeros.
/// </summary>
internal sealed unsafe class PackedMatrix : PackedWeight
{
    /// <summary>Packs a weight given as rows.</summary>
    /// <param name="weight">
    /// W, row-major; at least <paramref name="outputs"/> x <paramref name="inputs"/> elements.
    /// </param>
    /// <param name="outputs">Rows of W, at least 1.</param>
    /// <param name="inputs">Columns of W, at least 1.</param>
    public PackedMatrix(ReadOnlySpan<float> weight, int outputs, int inputs)
        : this(outputs, inputs, null)
    {
        Fill(weight);
    }

    /// <summary>Makes room for a matrix, or takes memory for it.</summary>
    /// <param name="outputs">Rows of W, at least 1.</param>
    /// <param name="inputs">Columns of W, at least 1.</param>
    /// <param name="memory">
    /// <see cref="Floats"/> floats, 64-byte aligned, for as long as the matrix is used; or null.
    /// </param>
    public PackedMatrix(int outputs, int inputs, float* memory)
        : base(outputs, inputs, Floats(outputs, inputs), memory)
    {
    }

    /// <summary>Floats that a matrix takes.</summary>
    public static long Floats(int outputs, int inputs) => (long)Gemm.Panels(outputs) * MicroKernel.Columns * inputs;

    public override long RowsScratch(int rows) => Gemm.RowsScratch(rows);

    public override void Multiply(ThreadTeam team, float* x, int ldx, int rows, float* y, int ldy, bool accumulate) =>
        Gemm.Multiply(team, x, ldx, rows, this, y, ldy, accumulate);

    public override void MultiplyRows(
        float* x, int ldx, int rows, float* y, int ldy, float* addend, float* scratch) =>
        Gemm.MultiplyRows(x, ldx, rows, this, y, ldy, addend, scratch);

    public override void FillOutputs(int first, int count, float* source, nint ld)
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

    public override void FillInputs(int first, int count, float* source, nint ld)
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
    internal float* Stretch(int k0) => Memory + ((nint)Gemm.Panels(Outputs) * MicroKernel.Columns * k0);
}
