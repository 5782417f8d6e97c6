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
    private const int LoadRows = MicroKernel.StretchK; // rows of the weight that are packed together

    private readonly LinearPart[] _parts;
    private readonly DType _dtype;
    private readonly PackedWeight _forward;
    private readonly StackedRows _rows; // the weights where they lie
    private PackedWeight? _backward;    // laid out for dx = dy W
    private readonly (AdapterGradient Adapter, int Column)[] _adapters; // with the first output of their parts

    /// <summary>Makes a layer; <see cref="Load"/> has to follow.</summary>
    /// <param name="dtype">The numbers that products multiply: float32, or bfloat16 with float32 sums.</param>
    /// <param name="parts">What lies side by side.</param>
    public Linear(DType dtype, params LinearPart[] parts)
    {
        _dtype = dtype;
        _parts = parts;
        Inputs = parts[0].Weight.Shape[1];
        Outputs = parts.Sum(p => p.Weight.Shape[0]);
        _forward = PackedWeight.Create(dtype, Outputs, Inputs);
        int column = 0;
        List<(AdapterGradient, int)> adapters = [];
        foreach (LinearPart part in parts)
        {
            if (part.Adapter is { } adapter)
            {
                adapters.Add((new AdapterGradient(dtype, adapter.Module, adapter.Gradient), column));
            }

            column += part.Weight.Shape[0];
        }

        _adapters = [.. adapters];
        _rows = new StackedRows(parts.Select(part => part.Weight));
        _backward = _adapters.Length > 0 ? PackedWeight.Create(dtype, Inputs, Outputs) : null;
    }

    /// <summary>
    /// Floats that the weight laid out for dx = dy W takes, where that can be given up: else the products lay it out on
    /// their way, which is slower by a tenth. 0 where the weight is adapted and nowhere else as it is.
    /// </summary>
    public long LayoutFloats =>
        _adapters.Length > 0 ? 0 : AlignedBuffer.Whole(PackedWeight.Floats(_dtype, Inputs, Outputs));

    /// <summary>Begins to keep that layout, from the next <see cref="Load"/> on, or gives it up.</summary>
    /// <param name="memory"><see cref="LayoutFloats"/> floats, 64-byte aligned, or null.</param>
    public void KeepLayout(float* memory)
    {
        if (LayoutFloats > 0)
        {
            _backward = memory == null ? null : PackedWeight.Create(_dtype, Inputs, Outputs, memory);
        }
    }

    /// <summary>Floats of scratch memory that the products of a number of rows need; the same of every layer.</summary>
    public long RowsScratch(int rows) => _forward.RowsScratch(rows);

    /// <summary>Elements of a row of x.</summary>
    public int Inputs { get; }

    /// <summary>Elements of a row of y.</summary>
    public int Outputs { get; }

    /// <summary>Whether the weight is trained, not an adapter alone.</summary>
    public bool Trains => _parts[0].WeightGradient is not null;

    /// <summary>Whether the weight or an adapter of it is trained; else it is loaded once and stays as it is.</summary>
    public bool HasGradient => Trains || _adapters.Length > 0;

    /// <summary>Where the sums of the weight's gradient are.</summary>
    public IEnumerable<GradientPart> WeightSums => _parts.SelectMany(part => GradientPart.Of(part.WeightGradient));

    /// <summary>Where the sums of the gradients of biases and adapters are.</summary>
    public IEnumerable<GradientPart> OtherSums => _parts.SelectMany(part => GradientPart.Of(part.BiasGradient)
        .Concat(GradientPart.Of(part.Adapter?.Gradient.A)).Concat(GradientPart.Of(part.Adapter?.Gradient.B)));

    /// <summary>Tasks of <see cref="Load"/>, which do not wait for each other.</summary>
    public int LoadTasks => (Outputs + LoadRows - 1) / LoadRows;

    /// <summary>Floats of scratch memory that a task needs.</summary>
    public long LoadScratch => (long)Math.Min(LoadRows, Outputs) * Inputs;

    /// <summary>Takes over some rows of the weights as they are now, on the calling thread.</summary>
    /// <param name="task">Which, 0 .. <see cref="LoadTasks"/> - 1.</param>
    /// <param name="scratch"><see cref="LoadScratch"/> floats.</param>
    public void Load(int task, float* scratch)
    {
        if (task == 0)
        {
            foreach ((AdapterGradient adapter, _) in _adapters)
            {
                adapter.Load();
            }
        }

        int first = task * LoadRows, count = Math.Min(LoadRows, Outputs - first), start = 0;
        foreach (LinearPart part in _parts)
        {
            int outputs = part.Weight.Shape[0];
            int from = Math.Max(first, start), end = Math.Min(first + count, start + outputs), rows = end - from;
            if (rows == count && part.Adapter is null)
            {
                fixed (float* own = part.Weight.Data)
                {
                    Pack(first, count, own + ((nint)(from - start) * Inputs));
                }

                return;
            }

            if (rows > 0)
            {
                Span<float> target = new(scratch + ((nint)(from - first) * Inputs), rows * Inputs);
                if (part.Adapter is { } adapter)
                {
                    adapter.Module.Merge(part.Weight.Data, from - start, rows, target);
                }
                else
                {
                    part.Weight.Data.AsSpan((from - start) * Inputs, rows * Inputs).CopyTo(target);
                }
            }

            start += outputs;
        }

        Pack(first, count, scratch);
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

        _forward.MultiplyRows(
            x, ldx, rows, y, ldy, _parts.Any(part => part.Bias is not null) ? y : addend, scratch);
    }

    /// <summary>dx = dy W, on the calling thread.</summary>
    public void BackwardInput(float* dy, int ldy, int rows, float* dx, int ldx, float* scratch)
    {
        if (_backward is not null)
        {
            _backward.MultiplyRows(dy, ldy, rows, dx, ldx, null, scratch);
        }
        else if (_dtype == DType.BFloat16)
        {
            TileGemm.MultiplyRows(dy, ldy, rows, _rows, dx, ldx, scratch);
        }
        else
        {
            Gemm.MultiplyRows(dy, ldy, rows, _rows, dx, ldx, scratch);
        }
    }

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
        AddWeightProducts(products, inputs, dy, ldy, 0, Outputs);
        AddOthers(products, inputs, dy, ldy, rows);
    }

    /// <summary>The products that add some rows of dy^T x to the gradient of the weight.</summary>
    public void AddWeightProducts(
        List<TransposedProduct> products, PackedRows inputs, float* dy, int ldy, int firstOutput, int outputs)
    {
        int start = 0;
        foreach (LinearPart part in _parts)
        {
            int from = Math.Max(firstOutput, start);
            int end = Math.Min(firstOutput + outputs, start + part.Weight.Shape[0]);
            if (part.WeightGradient is { } gradient && from < end)
            {
                // Gradients of tensors are pinned, so the pointer outlives the statement.
                fixed (float* sum = gradient.Data)
                {
                    products.Add(new TransposedProduct(
                        dy + from, ldy, end - from, inputs, sum + ((nint)(from - start) * Inputs), Inputs));
                }
            }

            start += part.Weight.Shape[0];
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

    public void Dispose()
    {
        foreach ((AdapterGradient adapter, _) in _adapters)
        {
            adapter.Dispose();
        }
    }

    private void Pack(int first, int count, float* rows)
    {
        _forward.FillOutputs(first, count, rows, Inputs);
        _backward?.FillInputs(first, count, rows, Inputs);
    }
}
