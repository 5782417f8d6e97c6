namespace Spar.Evaluation.Harness;

/// <summary>What a model answered, as it came.</summary>
/// <param name="Id">The request's id.</param>
/// <param name="Text">The raw text; empty where choices were scored by log-likelihood.</param>
/// <param name="LogLikelihoods">One value a choice, where choices were scored.</param>
/// <param name="FinishReason">Why generation ended, as the backend says ("stop", "length"); null if it does not say.</param>
/// <param name="InputTokens">Tokens of the prompt; null if the backend does not say.</param>
/// <param name="OutputTokens">Tokens of the answer; null if the backend does not say.</param>
public sealed record Answer(
    string Id,
    string Text,
    IReadOnlyList<double>? LogLikelihoods = null,
    string? FinishReason = null,
    long? InputTokens = null,
    long? OutputTokens = null);
