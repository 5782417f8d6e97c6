namespace Spar.Calls;

/// <summary>What a model gave for one call.</summary>
/// <param name="Text">
/// The answer's raw text, thoughts included (those that a server gives apart stand before it in marks of thinking);
/// empty where choices were scored instead. What it says is for <see cref="Read"/> to tell.
/// </param>
/// <param name="InputTokens">Tokens of the prompt; null where the model does not say.</param>
/// <param name="OutputTokens">Tokens generated; null where the model does not say.</param>
/// <param name="Finish">Why it ended, in the model's own word (<see cref="FinishReasons"/> reads it); may be null.</param>
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
    /// <summary>What can be made of the answer: text and thoughts apart, and whether it is complete.</summary>
    public AnswerReading Read() => AnswerReading.Of(this);
}
