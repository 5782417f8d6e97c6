using Spar.Evaluation.Text;

namespace Spar.Evaluation.Sentences;

/// <summary>
/// Cuts text into the tokens that the Punkt decisions look at. Positions are UTF-16 indices; none falls inside a
/// surrogate pair.
/// </summary>
internal static class PunktScanner
{
    /// <summary>Whether a character can directly follow a sentence mark, and ends a word.</summary>
    public static bool IsNonWord(char c) =>
        c is ')' or '"' or ';' or '}' or ']' or '*' or ':' or '@' or '\'' or '(' or '{' or '[' or '?' or '!';

    /// <summary>The tokens of a text, line by line.</summary>
    public static List<PunktToken> Tokens(string text)
    {
        List<PunktToken> tokens = [];
        foreach (string line in text.Split('\n'))
        {
            int at = 0;
            while (at < line.Length)
            {
                int end = TokenEnd(line, at);
                if (end > at)
                {
                    tokens.Add(new PunktToken(line[at..end]));
                }

                at = Math.Max(end, at + 1);
            }
        }

        return tokens;
    }

    /// <summary>Where the token that starts here ends; the same position when none starts.</summary>
    private static int TokenEnd(string line, int at)
    {
        if (PythonText.IsWhitespace(line[at]))
        {
            return at;
        }

        int punctuation = PunctuationEnd(line, at);
        if (punctuation > at)
        {
            return punctuation;
        }

        int end = CharacterEnd(line, at);
        if (!CanStartWord(line[at]))
        {
            return end;
        }

        while (!EndsWord(line, end))
        {
            end = CharacterEnd(line, end);
        }

        return end;
    }

    private static int CharacterEnd(string line, int at) =>
        at + (char.IsHighSurrogate(line[at]) && at + 1 < line.Length && char.IsLowSurrogate(line[at + 1]) ? 2 : 1);

    private static bool CanStartWord(char c) =>
        c
            is not (
                '('
                or '"'
                or '`'
                or '{'
                or '['
                or ':'
                or ';'
                or '&'
                or '#'
                or '*'
                or '@'
                or ')'
                or '}'
                or ']'
                or '-'
                or ','
            );

    private static bool EndsWord(string line, int at) =>
        EndsWordButComma(line, at) || (line[at] == ',' && EndsWordButComma(line, at + 1));

    private static bool EndsWordButComma(string line, int at) =>
        at == line.Length || PythonText.IsWhitespace(line[at]) || IsNonWord(line[at]) || PunctuationEnd(line, at) > at;

    /// <summary>
    /// Where punctuation of several characters ends: hyphens, dots, or three or more dots with one white space between
    /// each two.
    /// </summary>
    private static int PunctuationEnd(string line, int at)
    {
        char c = line[at];
        if (c is not ('-' or '.'))
        {
            return at;
        }

        int end = at;
        while (end < line.Length && line[end] == c)
        {
            end++;
        }

        if (end - at >= 2)
        {
            return end;
        }

        int dots = 1;
        end = at + 1;
        while (c == '.' && end + 1 < line.Length && PythonText.IsWhitespace(line[end]) && line[end + 1] == '.')
        {
            dots++;
            end += 2;
        }

        return dots >= 3 ? end : at;
    }
}
