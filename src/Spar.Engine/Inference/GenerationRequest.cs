using Spar.Engine.Sampling;

namespace Spar.Engine.Inference;

/// <summary>One prompt to continue.</summary>
internal sealed record GenerationRequest
{
    /// <summary>The prompt, template and special tokens included; at least one id.</summary>
    public required IReadOnlyList<int> PromptIds { get; init; }

    /// <summary>
    /// Most tokens to generate, at least 1; the model's longest sequence and the cache may end the generation before.
    /// </summary>
    public int MaxTokens { get; init; } = int.MaxValue;

    /// <summary>How tokens are drawn.</summary>
    public SamplingOptions Sampling { get; init; } = SamplingOptions.Greedy;

    /// <summary>
    /// Seed of the draws: the same request with the same seed gives the same tokens whatever else the engine is doing.
    /// </summary>
    public ulong Seed { get; init; }

    /// <summary>Ids that end the generation; null takes the model's own, an empty list none.</summary>
    public IReadOnlyList<int>? EndTokenIds { get; init; }

    /// <summary>
    /// Whether log-probabilities of the generated tokens are wanted (not null), and how many of the likeliest others
    /// with each, 0 to 20.
    /// </summary>
    public int? TopLogProbs { get; init; }

    /// <summary>
    /// Told every generated token in order (not the end token); true ends the generation after it. Runs on a thread of
    /// the engine, so it must be quick and must not wait. What it throws fails the request.
    /// </summary>
    public Func<int, bool>? OnToken { get; init; }
}

/// <summary>Why a generation ended.</summary>
internal enum GenerationEnd
{
    /// <summary>The model gave an end token.</summary>
    EndToken,

    /// <summary><see cref="GenerationRequest.OnToken"/> asked for it.</summary>
    Stopped,

    /// <summary>The token limit, the model's longest sequence or the cache's size was reached.</summary>
    Length,
}

/// <summary>What was generated.</summary>
/// <param name="Ids">The generated ids, without the end token.</param>
/// <param name="End">Why it ended.</param>
/// <param name="GeneratedTokens">Tokens drawn, the end token included.</param>
/// <param name="CachedTokens">
/// Prompt tokens whose keys and values were shared with other requests, past or present.
/// </param>
/// <param name="LogProbs">
/// One for each of <paramref name="Ids"/>, if <see cref="GenerationRequest.TopLogProbs"/> asked for them.
/// </param>
internal sealed record GenerationResult(
    IReadOnlyList<int> Ids, GenerationEnd End, int GeneratedTokens, int CachedTokens,
    IReadOnlyList<TokenLogProb>? LogProbs = null);
