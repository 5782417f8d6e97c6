namespace Spar.Engine.Models;

/// <summary>
/// The architecture of a Llama-family model, as its checkpoint's <c>config.json</c> states it.
/// Reading and writing the file is <see cref="ModelConfig"/>'s partner in <c>Checkpoints</c>; this type only holds the numbers.
/// </summary>
public sealed record ModelConfig
{
    /// <summary><c>model_type</c>: llama, mistral, qwen2, ...</summary>
    public required string ModelType { get; init; }

    /// <summary>Number of token ids, V.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Width of the residual stream, D.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width of the gated feed-forward layer, F.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of transformer layers, L.</summary>
    public required int LayerCount { get; init; }

    /// <summary>Number of query heads, H.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Number of key/value heads; divides <see cref="HeadCount"/>. Query head h reads key/value head h / (H / KvH).</summary>
    public required int KvHeadCount { get; init; }

    /// <summary>Elements a head, d.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Longest sequence in tokens that the model was made for (<c>max_position_embeddings</c>).</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Epsilon inside the root of RMSNorm.</summary>
    public double RmsNormEps { get; init; } = 1e-6;

    /// <summary>Base of the rotary frequencies.</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>Llama 3 frequency scaling, or null for plain rotary embeddings.</summary>
    public Llama3RopeScaling? RopeScaling { get; init; }

    /// <summary>True when the output head is the token embedding (no <c>lm_head.weight</c> in the checkpoint).</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>Id of the begin-of-sequence token, or null.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>Ids that end a generation; may be empty.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];
}

/// <summary>
/// Llama 3 rotary scaling: per frequency with wavelength w and n = OriginalMaxPositions, w &lt; n/High keeps it, w &gt; n/Low divides it by Factor,
/// and between it is interpolated.
/// </summary>
/// <param name="Factor">Divisor of low frequencies.</param>
/// <param name="LowFrequencyFactor"><c>low_freq_factor</c>.</param>
/// <param name="HighFrequencyFactor"><c>high_freq_factor</c>.</param>
/// <param name="OriginalMaxPositions"><c>original_max_position_embeddings</c>.</param>
public sealed record Llama3RopeScaling(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalMaxPositions);
