using Spar.Engine.Kernels;

namespace Spar.Engine.Training;

/// <summary>
/// Some layers' weights laid out for the backward pass: as large as the weights, and kept only where there is memory
/// for it.
/// </summary>
/// <param name="linears">The layers.</param>
internal sealed unsafe class BackwardLayouts(params Linear[] linears) : IDisposable
{
    private readonly AlignedBuffer _memory = new(huge: false);

    /// <summary>Floats that they take.</summary>
    public long Floats { get; } = linears.Sum(linear => linear.LayoutFloats);

    /// <summary>Whether they are kept.</summary>
    public bool IsKept { get; private set; }

    /// <summary>Makes room for them; the layers have to be loaded then.</summary>
    public void Keep()
    {
        float* next = _memory.Reserve(Floats);
        foreach (Linear linear in linears)
        {
            linear.KeepLayout(next);
            next += linear.LayoutFloats;
        }

        IsKept = true;
    }

    /// <summary>Gives them up and frees their memory.</summary>
    public void Drop()
    {
        foreach (Linear linear in linears)
        {
            linear.KeepLayout(null);
        }

        _memory.Dispose();
        IsKept = false;
    }

    /// <inheritdoc/>
    public void Dispose() => Drop();
}
