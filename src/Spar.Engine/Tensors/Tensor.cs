namespace Spar.Engine.Tensors;

/// <summary>
/// A dense float32 tensor, row-major, outermost dimension first, in one pinned array
/// (pinned so that kernels may hold pointers into it for as long as the tensor lives).
/// </summary>
public sealed class Tensor
{
    /// <summary>Allocates a tensor of zeros.</summary>
    /// <param name="shape">Sizes, outermost first; each at least 0. An empty list is a scalar.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// A size is negative, or the tensor would hold more than 2^31-1 elements.
    /// </exception>
    public Tensor(params ReadOnlySpan<int> shape)
    {
        long count = 1;
        foreach (int size in shape)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(size, nameof(shape));
            count = checked(count * size);
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Array.MaxLength, nameof(shape));
        Shape = shape.ToArray();
        Data = GC.AllocateArray<float>((int)count, pinned: true);
    }

    /// <summary>Sizes, outermost first.</summary>
    public IReadOnlyList<int> Shape { get; }

    /// <summary>The elements, row-major; its length is the product of <see cref="Shape"/>.</summary>
    public float[] Data { get; }

    /// <summary>Number of elements.</summary>
    public int Count => Data.Length;
}
