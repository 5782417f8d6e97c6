using Spar.Engine.Kernels;
using Spar.Engine.Kernels.Quantized;
using Spar.Engine.Tensors;

namespace Spar.Engine.Inference;

/// <summary>
/// A linear layer's weight W [outputs, inputs] in a layout made for y = x W^T. An element of y depends on its row of x
/// and of W alone: not on the other rows, nor on which method computes it or with how many threads.
/// </summary>
internal abstract unsafe class LinearWeight(int outputs, int inputs)
{
    /// <summary>Elements of y a row.</summary>
    public int Outputs { get; } = outputs;

    /// <summary>Elements of x a row.</summary>
    public int Inputs { get; } = inputs;

    /// <summary>Floats of scratch memory that <see cref="MultiplyRows"/> needs for a number of rows.</summary>
    public abstract long RowsScratch(int rows);

    /// <summary>y [rows, outputs] = or += x [rows, inputs] W^T, on all threads.</summary>
    /// <param name="team">Threads to use; its shared scratch memory is overwritten.</param>
    /// <param name="x">Inputs.</param>
    /// <param name="ldx">Floats from one row of x to the next.</param>
    /// <param name="rows">Rows of x.</param>
    /// <param name="y">Receives the outputs; must not overlap x.</param>
    /// <param name="ldy">Floats from one row of y to the next.</param>
    /// <param name="accumulate">Adds to y instead of overwriting it.</param>
    public abstract void Multiply(ThreadTeam team, float* x, int ldx, int rows, float* y, int ldy, bool accumulate);

    /// <summary>The same product on the calling thread alone.</summary>
    /// <param name="x">Inputs.</param>
    /// <param name="ldx">Floats from one row of x to the next.</param>
    /// <param name="rows">Rows of x; some dozens are best.</param>
    /// <param name="y">Receives the outputs.</param>
    /// <param name="ldy">Floats from one row of y to the next.</param>
    /// <param name="accumulate">Adds to y instead of overwriting it.</param>
    /// <param name="scratch"><see cref="RowsScratch"/> floats, 64-byte aligned.</param>
    public abstract void MultiplyRows(float* x, int ldx, int rows, float* y, int ldy, bool accumulate, float* scratch);
}

/// <summary>A weight in float32 or bfloat16.</summary>
internal sealed unsafe class PackedLinear(PackedWeight weight) : LinearWeight(weight.Outputs, weight.Inputs)
{
    /// <summary>Lays out one weight from the rows of several, one after another.</summary>
    /// <param name="arithmetic">How products are to be computed.</param>
    /// <param name="parts">Matrices with the same inputs, at least one.</param>
    public static PackedLinear Of(Arithmetic arithmetic, params IReadOnlyList<Tensor> parts)
    {
        DType dtype = arithmetic == Arithmetic.BFloat16 ? DType.BFloat16 : DType.Float32;
        PackedWeight weight = PackedWeight.Create(dtype, parts.Sum(part => part.Shape[0]), parts[0].Shape[1]);
        weight.Fill(parts is [Tensor only] ? only.Data : Joined(parts));
        return new PackedLinear(weight);
    }

    public override long RowsScratch(int rows) => weight.RowsScratch(rows);

    public override void Multiply(ThreadTeam team, float* x, int ldx, int rows, float* y, int ldy, bool accumulate) =>
        weight.Multiply(team, x, ldx, rows, y, ldy, accumulate);

    public override void MultiplyRows(
        float* x, int ldx, int rows, float* y, int ldy, bool accumulate, float* scratch) =>
        weight.MultiplyRows(x, ldx, rows, y, ldy, accumulate ? y : null, scratch);

    // By whole blocks, not number by number.
    private static float[] Joined(IReadOnlyList<Tensor> parts)
    {
        float[] rows = new float[parts.Sum(part => part.Count)];
        int at = 0;
        foreach (Tensor part in parts)
        {
            part.Data.CopyTo(rows, at);
            at += part.Count;
        }

        return rows;
    }
}

/// <summary>A quantised weight.</summary>
/// <param name="matrix">The weight.</param>
/// <param name="exact">Whether activations stay float32, rather than being rounded to 8 bits.</param>
internal sealed unsafe class QuantizedLinear(
    QuantizedMatrix matrix, bool exact) : LinearWeight(matrix.Outputs, matrix.Inputs)
{
    public override long RowsScratch(int rows) => QuantizedGemm.Scratch(matrix, rows, exact);

    public override void Multiply(ThreadTeam team, float* x, int ldx, int rows, float* y, int ldy, bool accumulate) =>
        QuantizedGemm.Multiply(team, x, ldx, rows, matrix, exact, y, ldy, accumulate);

    public override void MultiplyRows(
        float* x, int ldx, int rows, float* y, int ldy, bool accumulate, float* scratch) =>
        QuantizedGemm.MultiplyRows(x, ldx, rows, matrix, exact, y, ldy, accumulate, scratch);
}

/// <summary>The rows of several weights with the same inputs, one after another.</summary>
internal sealed unsafe class JoinedLinear(LinearWeight[] parts) : LinearWeight(
    parts.Sum(part => part.Outputs), parts[0].Inputs)
{
    public override long RowsScratch(int rows) => parts.Max(part => part.RowsScratch(rows));

    public override void Multiply(ThreadTeam team, float* x, int ldx, int rows, float* y, int ldy, bool accumulate)
    {
        foreach (LinearWeight part in parts)
        {
            part.Multiply(team, x, ldx, rows, y, ldy, accumulate);
            y += part.Outputs;
        }
    }

    public override void MultiplyRows(float* x, int ldx, int rows, float* y, int ldy, bool accumulate, float* scratch)
    {
        foreach (LinearWeight part in parts)
        {
            part.MultiplyRows(x, ldx, rows, y, ldy, accumulate, scratch);
            y += part.Outputs;
        }
    }
}
