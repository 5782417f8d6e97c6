using System.Text.RegularExpressions;

namespace Spar.Templates;

/// <summary>Words and signs of a line, as verdict lines are read from them.</summary>
internal static partial class LineText
{
    public static bool StartsWithAny(string text, int at, ReadOnlySpan<string> words)
    {
        foreach (string word in words)
        {
            if (MatchesWord(text, at, word))
            {
                return true;
            }
        }

        return false;
    }

    public static int SkipWord(string text, int at, params ReadOnlySpan<string> words)
    {
        foreach (string word in words)
        {
            if (MatchesWord(text, at, word))
            {
                return at + word.Length;
            }
        }

        return at;
    }

    // A whole word: no letter or digit behind it, no apostrophe or hyphen that a letter follows.
    public static bool MatchesWord(string text, int at, string word)
    {
        int end = at + word.Length;
        if (
            end > text.Length
            || string.Compare(text, at, word, 0, word.Length, StringComparison.OrdinalIgnoreCase) != 0
        )
        {
            return false;
        }

        return end == text.Length
            || !char.IsLetterOrDigit(word[^1])
            || !(
                char.IsLetterOrDigit(text[end])
                || text[end] is '\'' or '-' && end + 1 < text.Length && char.IsLetter(text[end + 1])
            );
    }

    public static int Skip(string text, int at)
    {
        while (at < text.Length && !char.IsLetterOrDigit(text[at]))
        {
            at++;
        }

        return at;
    }

    public static int SkipLetters(string text, int at)
    {
        while (at < text.Length && char.IsLetterOrDigit(text[at]))
        {
            at++;
        }

        return at;
    }

    // As long as the line: full-width forms become ASCII, dashes, quotes and blanks of any kind the plain ones, tags
    // and LaTeX commands blanks.
    public static string Plain(string line)
    {
        string text = string.Create(
            line.Length,
            line,
            (span, from) =>
            {
                for (int i = 0; i < span.Length; i++)
                {
                    span[i] = from[i] switch
                    {
                        >= '\uFF01' and <= '\uFF5E' => (char)(from[i] - 0xFEE0),
                        '\u2010' or '\u2011' or '\u2012' or '\u2013' or '\u2014' or '\u2015' or '\u2212' or '\uFE58' =>
                            '-',
                        '\u2018' or '\u2019' or '\u02BC' => '\'',
                        '\u3002' => '.',
                        '\uFE55' or '\u2236' or '\uA789' => ':',
                        '\u3001' => ',',
                        '\u3010' or '\u3014' => '[',
                        '\u3011' or '\u3015' => ']',
                        '\u200B' or '\u200C' or '\u200D' or '\u2060' or '\uFEFF' => ' ',
                        char c when char.IsWhiteSpace(c) => ' ',
                        char c => c,
                    };
                }
            }
        );
        return Tag().Replace(Latex().Replace(text, Blanks), Blanks);
    }

    private static string Blanks(Match match) => new(' ', match.Length);

    [GeneratedRegex(@"\\(?:boxed|fbox|text(?:bf|it|rm)?|math(?:bf|rm|it)|bm?f?)\b")]
    private static partial Regex Latex();

    [GeneratedRegex(
        @"</?(?:b|i|u|s|p|em|strong|span|div|br|hr|h[1-6]|code|mark|font|li|ul|ol|td|tr|th|table|center|answer|verdict|judge?ment|final_judge?ment)\b[^<>]{0,80}>",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant
    )]
    private static partial Regex Tag();
}
