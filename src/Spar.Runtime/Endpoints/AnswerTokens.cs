using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Spar.Calls;
using Spar.Seams;

namespace Spar.Runtime.Endpoints;

/// <summary>A token of an answer, with what was likely in its place.</summary>
/// <param name="Text">The token as the server spells it.</param>
/// <param name="Top">The likeliest tokens there with their natural log-probabilities.</param>
public sealed record AnswerToken(string Text, IReadOnlyList<(string Token, double LogProb)> Top)
{
    /// <summary>The token's UTF-8 bytes, where the server gives them; a token may be a part of a character.</summary>
    public ReadOnlyMemory<byte>? Bytes { get; init; }
}

/// <summary>
/// Weighs words by the likeliest tokens that a server reports. Tokens are laid along the answer by bytes, not
/// characters: a token may hold a part of an emoji or of a letter, which servers spell as bytes (<c>bytes:\xf0\x9f</c>,
/// <c>&lt;0xF0&gt;</c>), as U+FFFD, or in the byte alphabet of GPT-2 (<c>Ġyes</c>).
/// </summary>
public static partial class AnswerTokens
{
    // A token whose bytes are not told is a part of one character.
    private const int MostUnknownBytes = 4;

    private static readonly byte[] s_moved =
    [
        .. Enumerable
            .Range(0, 256)
            .Where(b => b is not (>= 33 and <= 126 or >= 161 and <= 172 or >= 174))
            .Select(b => (byte)b),
    ];

    /// <summary>
    /// Log-probability of each word at a place: of all reported tokens there with which the word begins, whatever their
    /// case and the blanks before them. A token with which several of the words begin counts for none.
    /// </summary>
    /// <param name="tokens">The answer's tokens in order.</param>
    /// <param name="place">The place and the words.</param>
    /// <param name="answer">The answer's text; null where the tokens' texts together are the answer.</param>
    /// <returns>
    /// One value a word; negative infinity where no reported token fits. Null when no token stands at the place, so
    /// that nothing is weighed by mistake.
    /// </returns>
    public static IReadOnlyList<double>? Weigh(
        IReadOnlyList<AnswerToken> tokens,
        Alternatives place,
        string? answer = null
    )
    {
        bool alphabet = tokens.Any(token => token.Text.Contains('Ġ')) && answer?.Contains('Ġ') != true;
        answer ??= TextOf(tokens, alphabet);
        byte[] text = Encoding.UTF8.GetBytes(answer);
        int wanted = Encoding.UTF8.GetByteCount(answer.AsSpan(0, Math.Min(place.Start, answer.Length)));
        int at = 0;
        foreach (AnswerToken token in tokens)
        {
            byte[]? bytes = BytesOf(token, alphabet);
            int start = bytes is null ? at : Find(text, bytes, at);
            if (start < 0)
            {
                // The server's tokens are not the answer's text: weighing would be guessing.
                return null;
            }

            int end = bytes is null ? start : start + bytes.Length;
            if (end > wanted)
            {
                if (start > wanted)
                {
                    return null;
                }

                string before = Encoding.UTF8.GetString(bytes!, 0, wanted - start);
                return
                [
                    .. place.Words.Select(word =>
                        LogSum(
                            token
                                .Top.Where(top => Begins(Plain(top.Token, alphabet), before, word, place.Words))
                                .Select(top => top.LogProb)
                        )
                    ),
                ];
            }

            at = end;
        }

        return null;
    }

    // The answer that the tokens make. Tokens whose bytes are not told are taken for the parts of one emoji.
    private static string TextOf(IReadOnlyList<AnswerToken> tokens, bool alphabet)
    {
        List<byte> text = [];
        bool unknown = false;
        foreach (byte[]? bytes in tokens.Select(token => BytesOf(token, alphabet)))
        {
            text.AddRange(bytes ?? (unknown ? [] : "🙂"u8));
            unknown = bytes is null;
        }

        return Encoding.UTF8.GetString([.. text]);
    }

    // A token's place: where the last one ended, or a few bytes behind it when bytes in between are not told or the
    // answer was trimmed.
    private static int Find(ReadOnlySpan<byte> text, ReadOnlySpan<byte> token, int from)
    {
        if (token.Length == 0)
        {
            return from;
        }

        for (int start = from; start <= Math.Min(text.Length - token.Length, from + (4 * MostUnknownBytes)); start++)
        {
            if (text.Slice(start, token.Length).SequenceEqual(token))
            {
                return start;
            }
        }

        // Blanks that the answer's text lacks, at its beginning or end.
        return token.TrimStart(" \n\r\t"u8).Length == 0 ? from
            : from == 0 && token[0] is (byte)' ' or (byte)'\n' ? Find(text, token[1..], from)
            : -1;
    }

    private static byte[]? BytesOf(AnswerToken token, bool alphabet) =>
        token.Bytes?.ToArray() ?? BytesOf(token.Text, alphabet);

    // Null where the spelling does not tell the bytes.
    private static byte[]? BytesOf(string token, bool alphabet)
    {
        if (
            token.StartsWith("bytes:", StringComparison.Ordinal)
            && Escapes().Match(token, 6) is { Success: true } escapes
            && escapes.Index + escapes.Length == token.Length
        )
        {
            return
            [
                .. Hex()
                    .Matches(token)
                    .Select(match =>
                        byte.Parse(match.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                    ),
            ];
        }

        if (ByteToken().Match(token) is { Success: true } single)
        {
            return [byte.Parse(single.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture)];
        }

        if (
            token.Contains('\uFFFD')
            || token.Length > 0 && (char.IsLowSurrogate(token[0]) || char.IsHighSurrogate(token[^1]))
        )
        {
            return null;
        }

        return alphabet ? FromByteAlphabet(token) : Encoding.UTF8.GetBytes(token);
    }

    private static string Plain(string token, bool alphabet) =>
        BytesOf(token, alphabet) is { } bytes ? Encoding.UTF8.GetString(bytes) : token;

    // GPT-2's alphabet: printable Latin-1 stands for itself, the other bytes for U+0100 and up in their order.
    private static byte[] FromByteAlphabet(string token)
    {
        List<byte> bytes = new(token.Length);
        foreach (char c in token)
        {
            if (c < 0x100)
            {
                bytes.Add((byte)c);
            }
            else if (c - 0x100 < s_moved.Length)
            {
                bytes.Add(s_moved[c - 0x100]);
            }
            else
            {
                return Encoding.UTF8.GetBytes(token);
            }
        }

        return [.. bytes];
    }

    private static bool Begins(string token, string before, string word, IReadOnlyList<string> words)
    {
        string text = token.StartsWith(before, StringComparison.OrdinalIgnoreCase)
            ? token[before.Length..].Trim()
            : token.Trim();
        text = text.TrimStart('▁');
        return text.Length > 0 && words.Count(other => Fits(other)) == 1 && Fits(word);

        bool Fits(string other) => other.StartsWith(text, StringComparison.OrdinalIgnoreCase);
    }

    private static double LogSum(IEnumerable<double> logProbs) => Math.Log(logProbs.Sum(Math.Exp));

    [GeneratedRegex(@"\G(?:\\x[0-9A-Fa-f]{2})+")]
    private static partial Regex Escapes();

    [GeneratedRegex(@"\\x([0-9A-Fa-f]{2})")]
    private static partial Regex Hex();

    [GeneratedRegex(@"^<0x([0-9A-Fa-f]{2})>$")]
    private static partial Regex ByteToken();
}
