using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Training;

/// <summary>
/// From a layer's inputs x and output gradients dy to the gradients of its adapter s B A: dB = s dy^T (x A^T) and dA =
/// s (dy B)^T x. The products of rank r in brackets are taken block of rows by block of rows; those over all rows come
/// after.
/// </summary>
internal sealed unsafe class AdapterGradient(DType dtype, LoraModule module, LoraModule gradient) : IDisposable
{
    private readonly PackedWeight _a = PackedWeight.Create(dtype, module.A.Shape[0], module.A.Shape[1]);
    private readonly PackedWeight _b = PackedWeight.Create(dtype, module.A.Shape[0], module.B.Shape[0]);
    private readonly PackedRows _down = PackedRows.Create(dtype);    // s x A^T [T, r]
    private readonly AlignedBuffer _up = new();   // s dy B [T, r]

    private int Rank => module.A.Shape[0];

    /// <summary>Takes over the factors as they are now.</summary>
    public void Load()
    {
        fixed (float* a = module.A.Data, b = module.B.Data)
        {
            _a.Fill(a, module.A.Shape[1], inputsOutermost: false);
            _b.Fill(b, Rank, inputsOutermost: true);
        }
    }

    /// <summary>Makes room for T rows.</summary>
    public void Reserve(int rows)
    {
        _down.Reserve(rows, Rank);
        _up.Reserve((long)rows * Rank);
    }

    /// <summary>The products of some rows, on the calling thread.</summary>
    public void PutRows(int first, int rows, float* dy, int ldy, float* x, int ldx, float* scratch)
    {
        float* own = _up.Data + ((nint)first * Rank);
        _a.MultiplyRows(x, ldx, rows, own, Rank, null, scratch);
        VectorMath.Scale(own, (float)module.Scale, own, rows * Rank);
        _down.Put(first, rows, own, Rank);
        _b.MultiplyRows(dy, ldy, rows, own, Rank, null, scratch);
        VectorMath.Scale(own, (float)module.Scale, own, rows * Rank);
    }

    /// <summary>Some rows whose dy is 0.</summary>
    public void ClearRows(int first, int rows)
    {
        _down.Clear(first, rows);
        new Span<float>(_up.Data + ((nint)first * Rank), rows * Rank).Clear();
    }

    /// <summary>The products over all rows, which add to the gradients.</summary>
    public void AddProducts(List<TransposedProduct> products, float* dy, int ldy, PackedRows x)
    {
        // The gradients' arrays are pinned, so the pointers outlive the statement.
        fixed (float* a = gradient.A.Data, b = gradient.B.Data)
        {
            products.Add(new TransposedProduct(dy, ldy, module.B.Shape[0], _down, b, Rank));
            products.Add(new TransposedProduct(_up.Data, Rank, Rank, x, a, module.A.Shape[1]));
        }
    }

    public void Dispose()
    {
        _down.Dispose();
        _up.Dispose();
    }
}
