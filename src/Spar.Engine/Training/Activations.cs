using Spar.Engine.Kernels;
using Spar.Engine.Models;

namespace Spar.Engine.Training;

/// <summary>
/// What one layer's forward pass leaves for its backward pass, beside the layer's input. T rows each; W = (H + 2 K) d
/// is the width of q, k and v side by side. What follows from these row by row (norms' outputs, silu(gate) up) is
/// computed again: memory is slower than that.
/// </summary>
internal sealed unsafe class LayerActivations : IDisposable
{
    /// <summary>Factors of the first norm, [T].</summary>
    public AlignedBuffer NormFactors { get; } = new();

    /// <summary>Rotated queries and keys, and values, [T, W].</summary>
    public AlignedBuffer QueryKeyValue { get; } = new();

    /// <summary>Queries and keys before the norms of the heads, [T, (H + K) d]; where there are such norms.</summary>
    public AlignedBuffer PlainHeads { get; } = new();

    /// <summary>Factors of these norms, [T, H + K].</summary>
    public AlignedBuffer HeadFactors { get; } = new();

    /// <summary>Log-sums of attention, [T, H].</summary>
    public AlignedBuffer LogSums { get; } = new();

    /// <summary>Attention output before o_proj, [T, H d].</summary>
    public AlignedBuffer Attended { get; } = new();

    /// <summary>Output of o_proj, [T, D]; where it is normed before it is added.</summary>
    public AlignedBuffer Projected { get; } = new();

    /// <summary>Factors of that norm, [T].</summary>
    public AlignedBuffer ProjectedFactors { get; } = new();

    /// <summary>Residual stream between attention and feed-forward, [T, D].</summary>
    public AlignedBuffer Middle { get; } = new();

    /// <summary>Factors of the second norm, [T].</summary>
    public AlignedBuffer MiddleNormFactors { get; } = new();

    /// <summary>Gate and up side by side, [T, 2 F]; the backward pass puts their gradients in their place.</summary>
    public AlignedBuffer GateUp { get; } = new();

    /// <summary>Output of down_proj, [T, D]; where it is normed before it is added.</summary>
    public AlignedBuffer Fed { get; } = new();

    /// <summary>Factors of that norm, [T].</summary>
    public AlignedBuffer FedFactors { get; } = new();

    /// <summary>Bytes that T rows of one layer take.</summary>
    public static long Bytes(ModelConfig config, int rows) => Sizes(config).Sum() * rows * sizeof(float);

    /// <summary>Makes room for T rows.</summary>
    public void Reserve(ModelConfig config, int rows)
    {
        foreach ((AlignedBuffer buffer, long size) in All.Zip(Sizes(config)))
        {
            buffer.Reserve(size * rows);
        }
    }

    public void Dispose()
    {
        foreach (AlignedBuffer buffer in All)
        {
            buffer.Dispose();
        }
    }

    private AlignedBuffer[] All =>
    [
        NormFactors, QueryKeyValue, PlainHeads, HeadFactors, LogSums, Attended, Projected, ProjectedFactors, Middle,
        MiddleNormFactors, GateUp,
        Fed, FedFactors,
    ];

    /// <summary>Floats a row of each buffer, in the order of <see cref="All"/>.</summary>
    private static long[] Sizes(ModelConfig config)
    {
        int hidden = config.HiddenSize, heads = config.HeadCount + config.KvHeadCount, d = config.HeadDim;
        int headNorms = config.QueryKeyNorm ? 1 : 0, sandwich = config.SandwichNorm ? 1 : 0;
        return
        [
            1, (heads + config.KvHeadCount) * d, headNorms * heads * d, headNorms * heads, config.HeadCount,
            config.HeadCount * d, sandwich * hidden, sandwich,
            hidden, 1, 2L * config.IntermediateSize, sandwich * hidden, sandwich,
        ];
    }
}
