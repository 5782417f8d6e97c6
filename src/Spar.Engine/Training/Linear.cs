using Spar.Engine.Kernels;
using Spar.Engine.Tensors;

namespace Spar.Engine.Training;

/// <summary>One weight with its gradient, and its bias with gradient if it has one.</summary>
/// <param name="Weight">[outputs, inputs].</param>
/// <param name="WeightGradient">Same shape.</param>
/// <param name="Bias">[outputs] or null.</param>
/// <param name="BiasGradient">[outputs] or null.</param>
internal sealed record LinearPart(Tensor Weight, Tensor WeightGradient, Tensor? Bias = null, Tensor? BiasGradient = null);

/// <summary>
/// One linear layer y = x W^T + b, or several with the same input side by side (q, k and v; gate and up), so that they run as one product.
/// Packs its weights once for many batches; gradients of several batches add up.
/// </summary>
internal sealed unsafe class Linear : IDisposable
{
    private readonly LinearPart[] _parts;
    private readonly PackedMatrix _forward;
    private readonly PackedMatrix _backward;
    private readonly AlignedBuffer _joined = new();
    private readonly AlignedBuffer _joinedGradient = new();

    public Linear(params LinearPart[] parts)
    {
        _parts = parts;
        Inputs = parts[0].Weight.Shape[1];
        Outputs = parts.Sum(p => p.Weight.Shape[0]);
        _forward = new PackedMatrix(Outputs, Inputs);
        _backward = new PackedMatrix(Inputs, Outputs);
        new Span<float>(_joinedGradient.Reserve((long)Outputs * Inputs), Outputs * Inputs).Clear();
    }

    /// <summary>Elements of a row of x.</summary>
    public int Inputs { get; }

    /// <summary>Elements of a row of y.</summary>
    public int Outputs { get; }

    /// <summary>Takes over the weights as they are now.</summary>
    public void Load()
    {
        float* weight = _joined.Reserve((long)Outputs * Inputs);
        Span<float> target = new(weight, Outputs * Inputs);
        foreach (LinearPart part in _parts)
        {
            part.Weight.Data.CopyTo(target);
            target = target[part.Weight.Count..];
        }

        _forward.Fill(weight, Inputs, inputsOutermost: false);
        _backward.Fill(weight, Inputs, inputsOutermost: true);
    }

    /// <summary>y = or += x W^T + b, on the calling thread.</summary>
    public void Forward(float* x, int ldx, int rows, float* y, int ldy, bool accumulate, float* scratch)
    {
        int column = 0;
        bool bias = false;
        foreach (LinearPart part in _parts)
        {
            if (part.Bias is { } b)
            {
                bias = true;
                fixed (float* values = b.Data)
                {
                    for (int r = 0; r < rows; r++)
                    {
                        float* target = y + ((nint)r * ldy) + column;
                        if (accumulate)
                        {
                            VectorMath.Add(target, values, b.Count);
                        }
                        else
                        {
                            VectorMath.Copy(values, target, b.Count);
                        }
                    }
                }
            }

            column += part.Weight.Shape[0];
        }

        Gemm.MultiplyRows(x, ldx, rows, _forward, y, ldy, accumulate || bias, scratch);
    }

    /// <summary>dx = or += dy W, on the calling thread.</summary>
    public void BackwardInput(float* dy, int ldy, int rows, float* dx, int ldx, bool accumulate, float* scratch)
        => Gemm.MultiplyRows(dy, ldy, rows, _backward, dx, ldx, accumulate, scratch);

    /// <summary>Adds dy^T x to the gradient, on the whole team.</summary>
    public void BackwardWeight(ThreadTeam team, float* dy, int ldy, float* x, int ldx, int rows)
    {
        Gemm.Multiply(team, Outputs, Inputs, rows, dy, ldy, true, x, ldx, false, _joinedGradient.Data, Inputs, accumulate: true);
        int column = 0;
        foreach (LinearPart part in _parts)
        {
            if (part.BiasGradient is { } gradient)
            {
                fixed (float* sum = gradient.Data)
                {
                    for (int r = 0; r < rows; r++)
                    {
                        VectorMath.Add(sum, dy + ((nint)r * ldy) + column, gradient.Count);
                    }
                }
            }

            column += part.Weight.Shape[0];
        }
    }

    /// <summary>Adds the weight gradients of all batches since the last call to the gradient tensors.</summary>
    public void FlushGradients()
    {
        float* source = _joinedGradient.Data;
        foreach (LinearPart part in _parts)
        {
            fixed (float* target = part.WeightGradient.Data)
            {
                VectorMath.Add(target, source, part.WeightGradient.Count);
            }

            source += part.WeightGradient.Count;
        }

        new Span<float>(_joinedGradient.Data, Outputs * Inputs).Clear();
    }

    public void Dispose()
    {
        _joined.Dispose();
        _joinedGradient.Dispose();
    }
}
