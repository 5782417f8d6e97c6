namespace Spar.Engine.Sampling;

/// <summary>How likely a token was, by the model alone: natural logarithms at temperature 1 without filters.</summary>
/// <param name="Id">The token.</param>
/// <param name="LogProb">Its log-probability, at most 0.</param>
/// <param name="Top">
/// The likeliest tokens at its place, most likely first, lowest id first on ties; as many as were asked for.
/// </param>
internal sealed record TokenLogProb(int Id, double LogProb, IReadOnlyList<(int Id, double LogProb)> Top);
