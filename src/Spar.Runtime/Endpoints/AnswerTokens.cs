using Spar.Seams;

namespace Spar.Runtime.Endpoints;

/// <summary>A token of an answer, with what was likely in its place.</summary>
/// <param name="Text">The token.</param>
/// <param name="Top">The likeliest tokens there with their natural log-probabilities.</param>
public sealed record AnswerToken(string Text, IReadOnlyList<(string Token, double LogProb)> Top);

/// <summary>Weighs words by the likeliest tokens that a server reports.</summary>
public static class AnswerTokens
{
    /// <summary>
    /// Log-probability of each word at a place: of all reported tokens there with which the word begins, whatever their case and the blanks before them.
    /// A token with which several of the words begin counts for none.
    /// </summary>
    /// <param name="tokens">The answer's tokens in order; their texts together are the answer.</param>
    /// <param name="place">The place and the words.</param>
    /// <returns>One value a word; negative infinity where no reported token fits. Null when the place is beyond the tokens.</returns>
    public static IReadOnlyList<double>? Weigh(IReadOnlyList<AnswerToken> tokens, Alternatives place)
    {
        int start = 0;
        foreach (AnswerToken token in tokens)
        {
            if (start + token.Text.Length > place.Start)
            {
                string before = token.Text[..Math.Max(0, place.Start - start)];
                return [.. place.Words.Select(word => LogSum(token.Top.Where(top => Begins(top.Token, before, word, place.Words)).Select(top => top.LogProb)))];
            }

            start += token.Text.Length;
        }

        return null;
    }

    private static bool Begins(string token, string before, string word, IReadOnlyList<string> words)
    {
        string text = token.StartsWith(before, StringComparison.OrdinalIgnoreCase) ? token[before.Length..].Trim() : token.Trim();
        return text.Length > 0 && words.Count(other => Fits(other)) == 1 && Fits(word);

        bool Fits(string other) => other.StartsWith(text, StringComparison.OrdinalIgnoreCase);
    }

    private static double LogSum(IEnumerable<double> logProbs) => Math.Log(logProbs.Sum(Math.Exp));
}
