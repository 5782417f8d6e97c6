namespace Spar.Calls;

/// <summary>What a model gave for one call.</summary>
/// <param name="Text">The answer's text; empty where choices were scored instead.</param>
/// <param name="InputTokens">Tokens of the prompt; null where the model does not say.</param>
/// <param name="OutputTokens">Tokens generated; null where the model does not say.</param>
/// <param name="Finish">Why it ended: "stop", "length" or what else the model says; null where it does not say.</param>
/// <param name="Probability">
/// How likely the first of the words that were weighed is against all of them, 0..1; null where none were.
/// </param>
/// <param name="LogLikelihoods">One value a choice, where choices were scored; otherwise null.</param>
public sealed record Answer(
    string Text,
    long? InputTokens = null,
    long? OutputTokens = null,
    string? Finish = null,
    double? Probability = null,
    IReadOnlyList<double>? LogLikelihoods = null)
{
    /// <summary>True when the answer ended because its token limit was reached.</summary>
    public bool CutOff => Finish == "length";
}
