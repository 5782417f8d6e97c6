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
internal sealed record LinearPart(
    Tensor Weight, Tensor? WeightGradient, Tensor? Bias, Tensor? BiasGradient, LinearAdapter? Adapter);

/// <summary>An adapter's factors with their gradients.</summary>
/// <param name="Module">A [r, inputs], B [outputs, r] and their scale.</param>
/// <param name="Gradient">Gradients of A and B, and the same scale.</param>
internal sealed record LinearAdapter(LoraModule Module, LoraModule Gradient);

/// <summary>
/// One linear layer y = x W^T + b, or several with the same input side by side (q, k and v; gate and up), so that they
/// run as one product. Packs its weights once for many batches; gradients of several batches add up. An adapter is
/// worked into the packed weights, so it costs the passes nothing (<see cref="AdapterGradient"/> has its gradients),
/// and a frozen weight has no gradient.
/// </summary>
internal sealed unsafe class Linear : IDisposable
{
    private readonly LinearPart[] _parts;
    private readonly PackedMatrix _forward;
    private readonly PackedMatrix _backward;
    private readonly AlignedBuffer _joined = new();
    private readonly AlignedBuffer _joinedGradient = new(); // where there are several parts to train
    private readonly (AdapterGradient Adapter, int Column)[] _adapters; // with the first output of their parts
    private bool _loaded;

    public Linear(params LinearPart[] parts)
    {
        _parts = parts;
        Inputs = parts[0].Weight.Shape[1];
        Outputs = parts.Sum(p => p.Weight.Shape[0]);
        _forward = new PackedMatrix(Outputs, Inputs);
        _backward = new PackedMatrix(Inputs, Outputs);
        int column = 0;
        List<(AdapterGradient, int)> adapters = [];
        foreach (LinearPart part in parts)
        {
            if (part.Adapter is { } adapter)
            {
                adapters.Add((new AdapterGradient(adapter.Module, adapter.Gradient), column));
            }

            column += part.Weight.Shape[0];
        }

        _adapters = [.. adapters];
        if (Trains && parts.Length > 1)
        {
            new Span<float>(_joinedGradient.Reserve((long)Outputs * Inputs), Outputs * Inputs).Clear();
        }
    }

    /// <summary>Elements of a row of x.</summary>
    public int Inputs { get; }

    /// <summary>Elements of a row of y.</summary>
    public int Outputs { get; }

    /// <summary>Whether the weight is trained, not an adapter alone.</summary>
    public bool Trains => _parts[0].WeightGradient is not null;

    /// <summary>Where the sums of the weight's gradient are.</summary>
    public IEnumerable<GradientPart> WeightSums =>
        !Trains ? []
        : _parts.Length == 1 ? GradientPart.Of(_parts[0].WeightGradient)
        : [new GradientPart((nint)_joinedGradient.Data, Outputs * Inputs)];

    /// <summary>Where the sums of the gradients of biases and adapters are.</summary>
    public IEnumerable<GradientPart> OtherSums => _parts.SelectMany(part => GradientPart.Of(part.BiasGradient)
        .Concat(GradientPart.Of(part.Adapter?.Gradient.A)).Concat(GradientPart.Of(part.Adapter?.Gradient.B)));

    private bool IsAdapted => _adapters.Length > 0;

    private bool HasGradient => Trains || IsAdapted;

    /// <summary>
    /// Takes over the weights as they are now; nothing to do for a frozen layer that was loaded before.
    /// </summary>
    public void Load()
    {
        if (_loaded && !HasGradient)
        {
            return;
        }

        _loaded = true;
        foreach ((AdapterGradient adapter, _) in _adapters)
        {
            adapter.Load();
        }

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
        if (!HasGradient)
        {
            _joined.Dispose();
        }
    }

    /// <summary>
    /// y = x W^T + b, on the calling thread, added to something with y's leading dimension where that is not null.
    /// </summary>
    public void Forward(float* x, int ldx, int rows, float* y, int ldy, float* addend, float* scratch)
    {
        float* first = y;
        foreach (LinearPart part in _parts)
        {
            int outputs = part.Weight.Shape[0];
            if (part.Bias is { } bias)
            {
                fixed (float* values = bias.Data)
                {
                    for (int r = 0; r < rows; r++)
                    {
                        VectorMath.Copy(values, first + ((nint)r * ldy), outputs);
                        if (addend != null)
                        {
                            VectorMath.Add(first + ((nint)r * ldy), addend + ((nint)r * ldy) + (first - y), outputs);
                        }
                    }
                }
            }

            first += outputs;
        }

        Gemm.MultiplyRows(
            x, ldx, rows, _forward, y, ldy, _parts.Any(part => part.Bias is not null) ? y : addend, scratch);
    }

    /// <summary>dx = dy W, on the calling thread.</summary>
    public void BackwardInput(float* dy, int ldy, int rows, float* dx, int ldx, float* scratch)
        => Gemm.MultiplyRows(dy, ldy, rows, _backward, dx, ldx, null, scratch);

    /// <summary>Makes room for what the gradients need of T rows.</summary>
    /// <param name="inputs">Will hold x.</param>
    /// <param name="rows">T.</param>
    public void Reserve(PackedRows inputs, int rows)
    {
        if (HasGradient)
        {
            inputs.Reserve(rows, Inputs);
        }

        foreach ((AdapterGradient adapter, _) in _adapters)
        {
            adapter.Reserve(rows);
        }
    }

    /// <summary>Keeps what the gradients need of some rows; dy itself has to stay where it is.</summary>
    public void PutRows(PackedRows inputs, int first, int rows, float* dy, int ldy, float* x, int ldx, float* scratch)
    {
        if (HasGradient)
        {
            inputs.Put(first, rows, x, ldx);
        }

        foreach ((AdapterGradient adapter, int column) in _adapters)
        {
            adapter.PutRows(first, rows, dy + column, ldy, x, ldx, scratch);
        }
    }

    /// <summary>Some rows whose dy is 0.</summary>
    public void ClearRows(PackedRows inputs, int first, int rows)
    {
        if (HasGradient)
        {
            inputs.Clear(first, rows);
        }

        foreach ((AdapterGradient adapter, _) in _adapters)
        {
            adapter.ClearRows(first, rows);
        }
    }

    /// <summary>
    /// What is left to do for the gradients when all rows have been put: products that add dy^T x to that of the
    /// weight, or what follows from it to those of the adapters. A bias' gradient is added to at once.
    /// </summary>
    public void AddProducts(List<TransposedProduct> products, PackedRows inputs, float* dy, int ldy, int rows)
    {
        if (Trains)
        {
            products.Add(WeightProduct(inputs, dy, ldy, 0, Outputs));
        }

        AddOthers(products, inputs, dy, ldy, rows);
    }

    /// <summary>The product that adds some rows of dy^T x to the gradient of the weight.</summary>
    public TransposedProduct WeightProduct(PackedRows inputs, float* dy, int ldy, int firstOutput, int outputs)
    {
        // Gradients of tensors are pinned, so the pointer outlives the statement.
        fixed (float* own = _parts[0].WeightGradient!.Data)
        {
            float* sum = _parts.Length == 1 ? own : _joinedGradient.Data;
            return new TransposedProduct(
                dy + firstOutput, ldy, outputs, inputs, sum + ((nint)firstOutput * Inputs), Inputs);
        }
    }

    /// <summary>What <see cref="AddProducts"/> does for adapters and biases.</summary>
    public void AddOthers(List<TransposedProduct> products, PackedRows inputs, float* dy, int ldy, int rows)
    {
        foreach ((AdapterGradient adapter, int column) in _adapters)
        {
            adapter.AddProducts(products, dy + column, ldy, inputs);
        }

        float* first = dy;
        foreach (LinearPart part in _parts)
        {
            if (part.BiasGradient is { } gradient)
            {
                fixed (float* sum = gradient.Data)
                {
                    for (int r = 0; r < rows; r++)
                    {
                        VectorMath.Add(sum, first + ((nint)r * ldy), gradient.Count);
                    }
                }
            }

            first += part.Weight.Shape[0];
        }
    }

    /// <summary>Forgets what <see cref="FlushGradients"/> would add.</summary>
    public void ClearGradients()
    {
        if (Trains && _parts.Length > 1)
        {
            new Span<float>(_joinedGradient.Data, Outputs * Inputs).Clear();
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

        ClearGradients();
    }

    public void Dispose()
    {
        _joined.Dispose();
        _joinedGradient.Dispose();
        foreach ((AdapterGradient adapter, _) in _adapters)
        {
            adapter.Dispose();
        }
    }

    private void Pack(float* weight)
    {
        _forward.Fill(weight, Inputs, inputsOutermost: false);
        _backward.Fill(weight, Inputs, inputsOutermost: true);
    }
}
