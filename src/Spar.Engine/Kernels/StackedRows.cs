using Spar.Engine.Tensors;

namespace Spar.Engine.Kernels;

/// <summary>
/// A matrix B [k, n] whose rows lie in one or several tensors, one below the other, for products A B that lay out what
/// they need of it on the way: no copy of it is kept, and none has to follow when the tensors change.
/// </summary>
internal sealed unsafe class StackedRows
{
    private readonly Tensor[] _parts;

    /// <summary>Stacks tensors.</summary>
    /// <param name="parts">Matrices with n columns each, at least one.</param>
    public StackedRows(params IEnumerable<Tensor> parts)
    {
        _parts = [.. parts];
        Rows = _parts.Sum(part => part.Shape[0]);
        Columns = _parts[0].Shape[1];
    }

    /// <summary>k.</summary>
    public int Rows { get; }

    /// <summary>n.</summary>
    public int Columns { get; }

    /// <summary>
    /// Packs some columns of some rows: panels of <see cref="MicroKernel.Columns"/> columns, in each the rows one after
    /// another. The last panel is filled up with zeros.
    /// </summary>
    /// <param name="first">First row.</param>
    /// <param name="rows">How many.</param>
    /// <param name="column">First column.</param>
    /// <param name="columns">How many.</param>
    /// <param name="panels">Receives the panels.</param>
    public void Pack(int first, int rows, int column, int columns, float* panels)
    {
        int start = 0;
        foreach (Tensor part in _parts)
        {
            int from = Math.Max(first, start), end = Math.Min(first + rows, start + part.Shape[0]);
            fixed (float* data = part.Data)
            {
                Packing.PackBPanels(
                    data + ((nint)(from - start) * Columns) + column, Columns, columns, end - from,
                    panels + ((nint)(from - first) * MicroKernel.Columns), rows);
            }

            start += part.Shape[0];
        }
    }
}
