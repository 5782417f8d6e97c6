using System.Buffers;
using System.Text;
using Spar.Engine.Files;

namespace Spar.Engine.Tokenization;

/// <summary>One entry of <c>added_tokens</c> in a tokenizer.json.</summary>
/// <param name="Id">The token's id.</param>
/// <param name="Content">The text that is recognised.</param>
/// <param name="Special">True when decoding may skip it.</param>
/// <param name="Normalized">True when it is looked for in normalised text, false when in the text as given.</param>
/// <param name="StripLeft">True when white space before it belongs to it.</param>
/// <param name="StripRight">True when white space after it belongs to it.</param>
/// <param name="SingleWord">True when it counts only where no letter or digit touches it.</param>
internal readonly record struct AddedToken(
    int Id, string Content, bool Special, bool Normalized, bool StripLeft, bool StripRight, bool SingleWord)
{
    /// <summary>Reads the section; an absent one is empty.</summary>
    public static AddedToken[] ReadAll(JsonFile json) =>
        json.IsNull ? [] : [.. json.Items().Select(item => new AddedToken(
        item["id"].Int(),
        item["content"].Text() is { Length: > 0 } content ? content : throw item["content"].Fault("must not be empty"),
        Flag(item["special"]),
        Flag(item["normalized"]),
        Flag(item["lstrip"]),
        Flag(item["rstrip"]),
        Flag(item["single_word"])))];

    private static bool Flag(JsonFile json) => !json.IsNull && json.Bool();
}

/// <summary>Finds added tokens in text: leftmost first, and of several at one place the longest.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly AddedToken[] _longestFirst;
    private readonly string[] _patterns;
    private readonly SearchValues<string> _search;

    /// <summary>
    /// Looks for <paramref name="tokens"/>, each by the text that <paramref name="pattern"/> gives for it.
    /// </summary>
    public AddedTokenMatcher(IEnumerable<AddedToken> tokens, Func<AddedToken, string> pattern)
    {
        _longestFirst = [.. tokens.OrderByDescending(token => pattern(token).Length)];
        _patterns = [.. _longestFirst.Select(pattern)];
        _search = SearchValues.Create(_patterns, StringComparison.Ordinal);
    }

    /// <summary>Cuts a piece at the tokens: stretches of text with a null id, and tokens with theirs.</summary>
    public void Split(Piece piece, List<(Piece Piece, int? Id)> output)
    {
        int done = 0;
        int from = 0;
        ReadOnlySpan<char> text = piece.Span;
        while (_longestFirst.Length > 0 && from < text.Length && text[from..].IndexOfAny(_search) is >= 0 and int found)
        {
            int at = from + found;
            int index = MatchAt(text, at);
            if (index < 0)
            {
                from = at + 1;
                continue;
            }

            int end = at + _patterns[index].Length;
            while (_longestFirst[index].StripLeft && at > done && char.IsWhiteSpace(text[at - 1]))
            {
                at--;
            }

            while (_longestFirst[index].StripRight && end < text.Length && char.IsWhiteSpace(text[end]))
            {
                end++;
            }

            if (at > done)
            {
                output.Add((piece.Slice(done, at - done), null));
            }

            output.Add((piece.Slice(at, end - at), _longestFirst[index].Id));
            done = from = end;
        }

        if (done < text.Length)
        {
            output.Add((piece.Slice(done, text.Length - done), null));
        }
    }

    private int MatchAt(ReadOnlySpan<char> text, int at)
    {
        for (int i = 0; i < _patterns.Length; i++)
        {
            if (text[at..].StartsWith(_patterns[i], StringComparison.Ordinal))
            {
                bool alone = (at == 0 || !IsWordPart(text[..at], last: true))
                    && (at + _patterns[i].Length == text.Length || !IsWordPart(
                        text[(at + _patterns[i].Length)..], last: false));
                return alone || !_longestFirst[i].SingleWord ? i : -1;
            }
        }

        return -1;
    }

    private static bool IsWordPart(ReadOnlySpan<char> text, bool last)
    {
        Rune rune;
        _ = last ? Rune.DecodeLastFromUtf16(text, out rune, out _) : Rune.DecodeFromUtf16(text, out rune, out _);
        return Rune.IsLetterOrDigit(rune) || rune.Value == '_';
    }
}
