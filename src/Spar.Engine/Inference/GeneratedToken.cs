using System.Text;
using Spar.Engine.Sampling;
using Spar.Engine.Tokenization;

namespace Spar.Engine.Inference;

/// <summary>A token of an answer, and how likely it was.</summary>
/// <param name="Id">The token's id.</param>
/// <param name="Text">Its text; U+FFFD where it holds a part of a character only.</param>
/// <param name="Bytes">Its bytes in UTF-8.</param>
/// <param name="LogProb">Its natural log-probability at temperature 1, without filters; at most 0.</param>
/// <param name="Top">The likeliest tokens at this place, the likeliest first; as many as were asked for.</param>
public sealed record GeneratedToken(
    int Id, string Text, ReadOnlyMemory<byte> Bytes, double LogProb, IReadOnlyList<GeneratedToken> Top)
{
    internal static GeneratedToken Of(TokenLogProb token, Tokenizer tokenizer) =>
        Of(token.Id, token.LogProb, [.. token.Top.Select(top => Of(top.Id, top.LogProb, [], tokenizer))], tokenizer);

    private static GeneratedToken Of(
        int id, double logProb, IReadOnlyList<GeneratedToken> top, Tokenizer tokenizer)
    {
        tokenizer.TryGetDecoded(id, out byte[] bytes, out _, out _);
        return new GeneratedToken(id, Encoding.UTF8.GetString(bytes), bytes, logProb, top);
    }
}
