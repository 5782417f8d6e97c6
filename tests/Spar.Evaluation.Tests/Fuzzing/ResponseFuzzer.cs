using System.Text;

namespace Spar.Evaluation.Tests.Fuzzing;

/// <summary>
/// Makes responses that no model would give, for checks that must not fail on any: natural words mixed with marks,
/// white space of all kinds, other scripts, emoji sequences, combining marks, broken surrogates and control characters;
/// and floods, long texts made of few pieces, on which a scan that goes back and forth shows. The same seed gives the
/// same responses.
/// </summary>
/// <param name="seed">Picks the responses.</param>
internal sealed class ResponseFuzzer(int seed)
{
    private static readonly string[] s_words =
    [
        "the", "and", "it", "level", "Write", "Emma", "noon", "Do", "cannot", "gonna", "don't", "'tis", "Mr.",
        "e.g.", "U.S.A.", "3.14", "1,000", "Question 1.", "A) yes", "Zimbabwe", "Reykjavik,", "2024-01-02", "P.S.",
        "[x]", "<<a>>", "<i>a</i>", "SECTION 1", "My Answer:", "ID,Country,City,Year,Count", "\"StudentID\"\t",
        "{\"a\": [1]}", "```json", "bald eagle", "elgae dlab", "calm-down", "a_b", "http://x.y/z?q=1",
    ];

    private static readonly string[] s_marks =
    [
        ".", "!", "?", ",", ";", ":", "...", ". . .", "!?", "?!", "‽", "\"", "'", "''", "`", "``", "“", "”", "‘",
        "’", "«", "»", "…", "—", "--", "-", "*", "**", "***", "******", "(", ")", "[", "]", "{", "}", "<", ">",
        "<<", ">>", "</i>", "<em>", "#", "/", "\\", "|", "_", "~", "^", "+", "=", "@", "&", "%", "$",
    ];

    private static readonly string[] s_spaces =
    [
        " ", " ", " ", "\n", "\n\n", "\t", "\r\n", "\r", "\v", "\f", "\u001C", "\u001F", "\u0085", "\u00A0",
        "\u2003", "\u2028", "\u3000", "    ", "",
    ];

    private static readonly string[] s_strange =
    [
        "é", "e\u0301", "ñ", "ß", "ẞ", "ſ", "K", "İ", "ı", "ΟΔΟΣ", "Σ", "ǅ", "ﬁ", "½", "²", "Ⅷ", "①", "٣", "५", "७",
        "𝟗", "Ａｂ", "𝐀", "𐐀", "ª", "日本", "カナ", "한국", "नमस्ते", "Привет", "שלום", "مرحبا", "ไทย", "🙂", "👍🏽", "👨‍👩‍👧",
        "🇩🇪", "❤️", "1️⃣", "★", "✅", "\0", "\u0001", "\u200B", "\uFEFF", "\uFFFD", "\uD83D", "\uDE42",
        "\uD800\uD800", "\U0010FFFF", "\u0345", "a\u0300\u0301\u0302\u0303", "㎏", "℃", "\u1E9E", "\u0130stanbul",
    ];

    /// <summary>Pieces that floods are made of, one alone or two in turn.</summary>
    private static readonly string[] s_floods =
    [
        "a", "A", "1", " ", "\n", "\t", ".", "!", "?", ",", ";", ":", "'", "\"", "`", "-", "_", "*", "(", ")", "[",
        "{", "<", ">", "/", "\\", "|", "\0", "\r", "\r\n", "\n\n", " \n", ". ", ".\n", "a.", "a. ", "A. ", "1. ",
        "Mr. ", "e.g. ", "a-b.", "...", ". . ", ".)", ".\" ", "' ", "'s ", "``", "''", "--", "<<", "<i>", "</i>",
        "**", "* ", "- ", "* a\n", "a, ", "a b ", "aa ", "Question 1 ", "A) a\n", "14, ", "P.P.S", "p. ",
        "SECTION 1 ", "[x]", "Σ", "Σ'", "\u0301", "é", "日", "日 ", "🙂", "🙂. ", "\uD83D", "\uDE42", "½", "İ", "ſ ",
        "the ", "Emma ", "word word ", "abc,\"d\"\"e\"\n", "{\"a\":", "[[", "cannot ", "'tis ", "a\u001C",
        "Zimbabwe\n", "1769-01-01,",
    ];

    private readonly Random _random = new(seed);

    /// <summary>The number of different floods.</summary>
    public static int FloodCount => 3 * s_floods.Length;

    /// <summary>The next response; of a few characters mostly, at times of thousands, seldom blank.</summary>
    public string Next()
    {
        int pieces = _random.Next(10) switch
        {
            0 => _random.Next(3),
            < 7 => _random.Next(1, 40),
            < 9 => _random.Next(40, 200),
            _ => _random.Next(200, 1000),
        };
        int[] shares = [_random.Next(1, 10), _random.Next(10), _random.Next(4)];
        StringBuilder text = new();
        for (int i = 0; i < pieces; i++)
        {
            int kind = _random.Next(shares.Sum());
            string[] source = kind < shares[0] ? s_words : kind < shares[0] + shares[1] ? s_marks : s_strange;
            text.Append(Pick(source)).Append(Pick(s_spaces));
        }

        return text.ToString();
    }

    /// <summary>A flood: one piece over and over, two in turn, or one with a rest of another at the end.</summary>
    /// <param name="index">Which, from 0 to less than <see cref="FloodCount"/>.</param>
    /// <param name="length">At least so many UTF-16 units.</param>
    public string Flood(int index, int length)
    {
        string piece = s_floods[index / 3];
        string other = Pick(s_floods);
        string unit = index % 3 == 1 ? piece + other : piece;
        StringBuilder text = new(length + unit.Length);
        while (text.Length < length)
        {
            text.Append(unit);
        }

        return text.Append(index % 3 == 2 ? other + "x" : "").ToString();
    }

    private string Pick(string[] pieces) => pieces[_random.Next(pieces.Length)];
}
