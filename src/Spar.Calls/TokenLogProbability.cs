using Microsoft.Extensions.AI;

namespace Spar.Calls;

/// <summary>A token of an answer, and how likely it was.</summary>
/// <param name="Text">The token's text; U+FFFD where it holds a part of a character only.</param>
/// <param name="Bytes">The token's bytes.</param>
/// <param name="LogProbability">Its natural log-probability at temperature 1, without filters; at most 0.</param>
/// <param name="Top">The likeliest tokens at this place, the likeliest first; as many as were asked for.</param>
public sealed record TokenLogProbability(
    string Text, ReadOnlyMemory<byte> Bytes, double LogProbability, IReadOnlyList<TokenLogProbability> Top);

/// <summary>Where responses carry the log-probabilities of their tokens.</summary>
public static class TokenLogProbabilities
{
    private const string Name = "spar.logprobs";

    /// <summary>The log-probabilities that came with a response or its last update; null where none did.</summary>
    /// <param name="properties">The response's additional properties.</param>
    public static IReadOnlyList<TokenLogProbability>? Of(AdditionalPropertiesDictionary? properties) =>
        properties?.GetValueOrDefault(Name) as IReadOnlyList<TokenLogProbability>;

    /// <summary>Puts log-probabilities to a response's additional properties.</summary>
    /// <param name="properties">The response's additional properties.</param>
    /// <param name="tokens">A value a token.</param>
    public static void Set(AdditionalPropertiesDictionary properties, IReadOnlyList<TokenLogProbability> tokens) =>
        properties[Name] = tokens;
}
