namespace Spar.Engine.Models;

/// <summary>
/// The architecture of a Llama-family model, as its checkpoint's <c>config.json</c> states it. Reading and writing the
/// file is <see cref="ModelConfig"/>'s partner in <c>Checkpoints</c>; this type only holds the numbers.
/// </summary>
public sealed record ModelConfig
{
    /// <summary><c>model_type</c>: llama, mistral, qwen2, qwen3, glm or glm4.</summary>
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

    /// <summary>
    /// Number of key/value heads; divides <see cref="HeadCount"/>. Query head h reads key/value head h / (H / KvH).
    /// </summary>
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

    /// <summary>
    /// Divisor of all rotary frequencies, at least 1 (rope type <c>linear</c>); unused with <see cref="RopeScaling"/>.
    /// </summary>
    public double RopeLinearFactor { get; init; } = 1;

    /// <summary>
    /// True when the output head is the token embedding (no <c>lm_head.weight</c> in the checkpoint).
    /// </summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>
    /// Number of positions that attention sees, the current one included (query i reads keys j with i - window &lt; j
    /// &lt;= i), or null for all.
    /// </summary>
    public int? SlidingWindow { get; init; }

    /// <summary>
    /// Layers, from the first, that see all positions although there is a <see cref="SlidingWindow"/> (Qwen's
    /// <c>max_window_layers</c>).
    /// </summary>
    public int FullAttentionLayers { get; init; }

    /// <summary>True when the query, key and value projections have a bias (Qwen2, GLM-4).</summary>
    public bool QkvBias { get; init; }

    /// <summary>
    /// True when attention's output projection has a bias too (<c>attention_bias</c> of Llama and Qwen3).
    /// </summary>
    public bool OutputBias { get; init; }

    /// <summary>
    /// True when every query and key head goes through an RMSNorm of its own before it is rotated (Qwen3).
    /// </summary>
    public bool QueryKeyNorm { get; init; }

    /// <summary>
    /// True when the outputs of attention and feed-forward are normed before they are added to the residual stream
    /// (<c>glm4</c>).
    /// </summary>
    public bool SandwichNorm { get; init; }

    /// <summary>
    /// Share of each head's dimensions that rotate, in (0, 1]; the first <see cref="RotaryDim"/> of them, the rest pass
    /// unchanged.
    /// </summary>
    public double PartialRotaryFactor { get; init; } = 1;

    /// <summary>
    /// True when rotary pairs are neighbours (2i, 2i+1), as in GLM-4; false when they are half a head apart (i, i +
    /// RotaryDim/2).
    /// </summary>
    public bool InterleavedRotary { get; init; }

    /// <summary>
    /// True when gate and up projections are stored as one tensor <c>gate_up_proj</c> [2F, D], gate first (GLM-4).
    /// </summary>
    public bool FusedGateUp { get; init; }

    /// <summary>Id of the begin-of-sequence token, or null.</summary>
    public int? BosTokenId { get; init; }

    /// <summary>Id of the padding token, or null.</summary>
    public int? PadTokenId { get; init; }

    /// <summary>
    /// Ids that end a generation according to <c>config.json</c> (or a GGUF file); may be empty. Two configs with the
    /// same ids in the same order are equal.
    /// </summary>
    public IReadOnlyList<int> EosTokenIds { get => _eosTokenIds.Ids ?? []; init => _eosTokenIds = new TokenIds(value); }

    /// <summary>Further ids that end a generation according to <c>generation_config.json</c>; may be empty.</summary>
    public IReadOnlyList<int> GenerationEosTokenIds
    {
        get => _generationEosTokenIds.Ids ?? [];
        init => _generationEosTokenIds = new TokenIds(value);
    }

    /// <summary>All ids that end a generation, each once.</summary>
    public IReadOnlyList<int> EndTokenIds => [.. EosTokenIds.Union(GenerationEosTokenIds)];

    /// <summary>Number of a head's dimensions that rotate: d * <see cref="PartialRotaryFactor"/>, even.</summary>
    public int RotaryDim => (int)(HeadDim * PartialRotaryFactor);

    /// <summary>Positions that a layer's attention sees, the current one included; int.MaxValue for all.</summary>
    /// <param name="layer">The layer, from 0.</param>
    public int WindowOf(int layer) => layer < FullAttentionLayers ? int.MaxValue : SlidingWindow ?? int.MaxValue;

    private readonly TokenIds _eosTokenIds;

    private readonly TokenIds _generationEosTokenIds;

    /// <summary>A list that is compared by its elements, so that the record's equality is too.</summary>
    private readonly struct TokenIds(IReadOnlyList<int> ids) : IEquatable<TokenIds>
    {
        public IReadOnlyList<int>? Ids { get; } = [.. ids];

        public bool Equals(TokenIds other) => (Ids ?? []).SequenceEqual(other.Ids ?? []);

        public override bool Equals(object? obj) => obj is TokenIds other && Equals(other);

        public override int GetHashCode() => (Ids ?? []).Aggregate(0, HashCode.Combine);
    }
}

/// <summary>
/// Llama 3 rotary scaling: per frequency with wavelength w and n = OriginalMaxPositions, w &lt; n/High keeps it, w &gt;
/// n/Low divides it by Factor, and between it is interpolated.
/// </summary>
/// <param name="Factor">Divisor of low frequencies.</param>
/// <param name="LowFrequencyFactor"><c>low_freq_factor</c>.</param>
/// <param name="HighFrequencyFactor"><c>high_freq_factor</c>.</param>
/// <param name="OriginalMaxPositions"><c>original_max_position_embeddings</c>.</param>
public sealed record Llama3RopeScaling(
    double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalMaxPositions);
