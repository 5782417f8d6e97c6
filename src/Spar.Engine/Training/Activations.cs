using Spar.Engine.Kernels;
using Spar.Engine.Models;

namespace Spar.Engine.Training;

/// <summary>
/// What one layer's forward pass leaves for its backward pass, beside the layer's input. T rows each; W = (H + 2 K) d
/// is the width of q, k and v side by side. What follows from these row by row (norms' outputs, silu(gate) up) is
/// computed again: memory is slower than that.
/// </summary>
internal sealed unsafe class LayerActivations
{
    /// <summary>Factors of the first norm, [T].</summary>
    public float* NormFactors { get; private set; }

    /// <summary>Rotated queries and keys, and values, [T, W].</summary>
    public float* QueryKeyValue { get; private set; }

    /// <summary>Queries and keys before the norms of the heads, [T, (H + K) d]; where there are such norms.</summary>
    public float* PlainHeads { get; private set; }

    /// <summary>Factors of these norms, [T, H + K].</summary>
    public float* HeadFactors { get; private set; }

    /// <summary>Log-sums of attention, [T, H].</summary>
    public float* LogSums { get; private set; }

    /// <summary>Attention output before o_proj, [T, H d].</summary>
    public float* Attended { get; private set; }

    /// <summary>Output of o_proj, [T, D]; where it is normed before it is added.</summary>
    public float* Projected { get; private set; }

    /// <summary>Factors of that norm, [T].</summary>
    public float* ProjectedFactors { get; private set; }

    /// <summary>Residual stream between attention and feed-forward, [T, D].</summary>
    public float* Middle { get; private set; }

    /// <summary>Factors of the second norm, [T].</summary>
    public float* MiddleNormFactors { get; private set; }

    /// <summary>Gate and up side by side, [T, 2 F]; the backward pass puts their gradients in their place.</summary>
    public float* GateUp { get; private set; }

    /// <summary>Output of down_proj, [T, D]; where it is normed before it is added.</summary>
    public float* Fed { get; private set; }

    /// <summary>Factors of that norm, [T].</summary>
    public float* FedFactors { get; private set; }

    /// <summary>Floats that T rows of one layer take.</summary>
    public static long Floats(ModelConfig config, int rows) => Sizes(config).Sum(size => AlignedBuffer.Whole(size * rows));

    /// <summary>Says where T rows are kept.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="rows">T.</param>
    /// <param name="memory"><see cref="Floats"/> floats.</param>
    public void Place(ModelConfig config, int rows, float* memory)
    {
        long[] sizes = Sizes(config);
        int next = 0;
        NormFactors = Take();
        QueryKeyValue = Take();
        PlainHeads = Take();
        HeadFactors = Take();
        LogSums = Take();
        Attended = Take();
        Projected = Take();
        ProjectedFactors = Take();
        Middle = Take();
        MiddleNormFactors = Take();
        GateUp = Take();
        Fed = Take();
        FedFactors = Take();

        float* Take()
        {
            float* first = memory;
            memory += AlignedBuffer.Whole(sizes[next++] * rows);
            return first;
        }
    }

    /// <summary>Floats a row of each buffer, in the order of their declaration.</summary>
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
