using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Training;

/// <summary>One weight with its gradient, its bias and its adapter. A part without gradients is frozen.</summary>
/// <param name="Weight">[outputs, inputs].</param>
/// <param name="WeightGradient">Same shape, or null.</param>
/// <param name="Bias">[outputs] or null.</param>
/// <param name="BiasGradient">[outputs] or null.</param>
/// <param name="Adapter">What is added to the weight, or null.</param>
internal sealed record LinearPart(Tensor Weight, Tensor? WeightGradient, Tensor? Bias, Tensor? BiasGradient, LinearAdapter? Adapter);

/// <summary>An adapter's factors with their gradients.</summary>
/// <param name="Module">A [r, inputs], B [outputs, r] and their scale.</param>
/// <param name="Gradient">Gradients of A and B, and the same scale.</param>
internal sealed record LinearAdapter(LoraModule Module, LoraModule Gradient);

/// <summary>
/// One linear layer y = x W^T + b, or several with the same input side by side (q, k and v; gate and up), so that they run as one product.
/// Packs its weights once for many batches; gradients of several batches add up. An adapter is worked into the packed weights, so it costs the
/// passes nothing; its gradients come from products of rank r (dB = s dy^T (x A^T), dA = s (dy B)^T x), and a frozen weight has none.
/// </summary>
internal sealed unsafe class Linear : IDisposable
{
    private readonly LinearPart[] _parts;
    private readonly PackedMatrix _forward;
    private readonly PackedMatrix _backward;
    private readonly AlignedBuffer _joined = new();
    private readonly AlignedBuffer _joinedGradient = new(); // where there are several parts to train
    private readonly AlignedBuffer _lowRank = new();        // x A^T and dy B, [rows, r] each
    private bool _loaded;

    public Linear(params LinearPart[] parts)
    {
        _parts = parts;
        Inputs = parts[0].Weight.Shape[1];
        Outputs = parts.Sum(p => p.Weight.Shape[0]);
        _forward = new PackedMatrix(Outputs, Inputs);
        _backward = new PackedMatrix(Inputs, Outputs);
        if (Trains && parts.Length > 1)
        {
            new Span<float>(_joinedGradient.Reserve((long)Outputs * Inputs), Outputs * Inputs).Clear();
        }
    }

    /// <summary>Elements of a row of x.</summary>
    public int Inputs { get; }

    /// <summary>Elements of a row of y.</summary>
    public int Outputs { get; }

    private bool Trains => _parts[0].WeightGradient is not null;

    private bool IsAdapted => _parts.Any(part => part.Adapter is not null);

    /// <summary>Takes over the weights as they are now; nothing to do for a frozen layer that was loaded before.</summary>
    public void Load()
    {
        if (_loaded && !Trains && !IsAdapted)
        {
            return;
        }

        _loaded = true;
        if (_parts.Length == 1 && !IsAdapted)
        {
            fixed (float* own = _parts[0].Weight.Data)
            {
                Pack(own);
            }

            return;
        }

        float* weight = _joined.Reserve((long)Outputs * Inputs);
        Span<float> target = new(weight, Outputs * Inputs);
        foreach (LinearPart part in _parts)
        {
            if (part.Adapter is { } adapter)
            {
                adapter.Module.Merge(part.Weight.Data, target[..part.Weight.Count]);
            }
            else
            {
                part.Weight.Data.CopyTo(target);
            }

            target = target[part.Weight.Count..];
        }

        Pack(weight);
        if (!Trains && !IsAdapted)
        {
            _joined.Dispose();
        }
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

    /// <summary>Adds dy^T x to the gradient, or what follows from it to those of the adapters, on the whole team.</summary>
    public void BackwardWeight(ThreadTeam team, float* dy, int ldy, float* x, int ldx, int rows)
    {
        if (Trains && _parts.Length == 1)
        {
            fixed (float* gradient = _parts[0].WeightGradient!.Data)
            {
                Gemm.Multiply(team, Outputs, Inputs, rows, dy, ldy, true, x, ldx, false, gradient, Inputs, accumulate: true);
            }
        }
        else if (Trains)
        {
            Gemm.Multiply(team, Outputs, Inputs, rows, dy, ldy, true, x, ldx, false, _joinedGradient.Data, Inputs, accumulate: true);
        }

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

            if (part.Adapter is { } adapter)
            {
                BackwardAdapter(team, adapter, dy + column, ldy, x, ldx, rows);
            }

            column += part.Weight.Shape[0];
        }
    }

    /// <summary>Adds the weight gradients of all batches since the last call to the gradient tensors.</summary>
    public void FlushGradients()
    {
        if (!Trains || _parts.Length == 1)
        {
            return;
        }

        float* source = _joinedGradient.Data;
        foreach (LinearPart part in _parts)
        {
            fixed (float* target = part.WeightGradient!.Data)
            {
                VectorMath.Add(target, source, part.Weight.Count);
            }

            source += part.Weight.Count;
        }

        new Span<float>(_joinedGradient.Data, Outputs * Inputs).Clear();
    }

    public void Dispose()
    {
        _joined.Dispose();
        _joinedGradient.Dispose();
        _lowRank.Dispose();
    }

    private void Pack(float* weight)
    {
        _forward.Fill(weight, Inputs, inputsOutermost: false);
        _backward.Fill(weight, Inputs, inputsOutermost: true);
    }

    private void BackwardAdapter(ThreadTeam team, LinearAdapter adapter, float* dy, int ldy, float* x, int ldx, int rows)
    {
        int rank = adapter.Module.A.Shape[0], outputs = adapter.Module.B.Shape[0], floats = checked(rows * rank);
        float* down = _lowRank.Reserve(2L * floats), up = down + floats;
        fixed (float* a = adapter.Module.A.Data, b = adapter.Module.B.Data, da = adapter.Gradient.A.Data, db = adapter.Gradient.B.Data)
        {
            Gemm.Multiply(team, rows, rank, Inputs, x, ldx, false, a, Inputs, true, down, rank);
            Gemm.Multiply(team, rows, rank, outputs, dy, ldy, false, b, rank, false, up, rank);
            VectorMath.Scale(down, (float)adapter.Module.Scale, down, floats);
            VectorMath.Scale(up, (float)adapter.Module.Scale, up, floats);
            Gemm.Multiply(team, outputs, rank, rows, dy, ldy, true, down, rank, false, db, rank, accumulate: true);
            Gemm.Multiply(team, rank, Inputs, rows, up, rank, true, x, ldx, false, da, Inputs, accumulate: true);
        }
    }
}
