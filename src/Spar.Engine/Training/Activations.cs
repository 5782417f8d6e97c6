using Spar.Engine.Kernels;
using Spar.Engine.Models;

namespace Spar.Engine.Training;

/// <summary>What one layer's forward pass leaves for its backward pass. T rows each; W = (H + 2 K) d is the width of q, k and v side by side.</summary>
internal sealed unsafe class LayerActivations : IDisposable
{
    /// <summary>Residual stream into the layer, [T, D].</summary>
    public AlignedBuffer Input { get; } = new();

    /// <summary>Input after its norm, [T, D], and the norm's factors, [T].</summary>
    public AlignedBuffer Normed { get; } = new();

    /// <summary>Factors of the first norm, [T].</summary>
    public AlignedBuffer NormFactors { get; } = new();

    /// <summary>Rotated queries and keys, and values, [T, W].</summary>
    public AlignedBuffer QueryKeyValue { get; } = new();

    /// <summary>Log-sums of attention, [T, H].</summary>
    public AlignedBuffer LogSums { get; } = new();

    /// <summary>Attention output before o_proj, [T, H d].</summary>
    public AlignedBuffer Attended { get; } = new();

    /// <summary>Residual stream between attention and feed-forward, [T, D].</summary>
    public AlignedBuffer Middle { get; } = new();

    /// <summary>Middle after its norm, [T, D].</summary>
    public AlignedBuffer MiddleNormed { get; } = new();

    /// <summary>Factors of the second norm, [T].</summary>
    public AlignedBuffer MiddleNormFactors { get; } = new();

    /// <summary>Gate and up side by side, [T, 2 F].</summary>
    public AlignedBuffer GateUp { get; } = new();

    /// <summary>silu(gate) up, [T, F].</summary>
    public AlignedBuffer Hidden { get; } = new();

    /// <summary>Makes room for T rows.</summary>
    public void Reserve(ModelConfig config, int rows)
    {
        long t = rows, hidden = t * config.HiddenSize, queries = t * config.HeadCount * config.HeadDim;
        Input.Reserve(hidden);
        Normed.Reserve(hidden);
        NormFactors.Reserve(t);
        QueryKeyValue.Reserve(queries + (2 * t * config.KvHeadCount * config.HeadDim));
        LogSums.Reserve(t * config.HeadCount);
        Attended.Reserve(queries);
        Middle.Reserve(hidden);
        MiddleNormed.Reserve(hidden);
        MiddleNormFactors.Reserve(t);
        GateUp.Reserve(2 * t * config.IntermediateSize);
        Hidden.Reserve(t * config.IntermediateSize);
    }

    public void Dispose()
    {
        foreach (AlignedBuffer buffer in (AlignedBuffer[])[Input, Normed, NormFactors, QueryKeyValue, LogSums, Attended, Middle, MiddleNormed, MiddleNormFactors, GateUp, Hidden])
        {
            buffer.Dispose();
        }
    }
}
