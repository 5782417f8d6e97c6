using System.Buffers;
using System.Text;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.Sentences;

/// <summary>
/// Cuts English text into words and punctuation as NLTK 3.9.1 does: Punkt sentences first, then a list of replacements
/// that put spaces around what is to stand alone, in the manner of the Penn Treebank. Straight double quotes come out
/// as two backquotes or two apostrophes. Takes time in proportion to the text's length, whatever the text.
/// </summary>
public static class WordTokenizer
{
    private const string ClosingMarks = "])}>\"'";

    private static readonly SearchValues<char> s_openingQuotes = SearchValues.Create("«“‘„`");
    private static readonly SearchValues<char> s_closingQuotes = SearchValues.Create("»”’");
    private static readonly SearchValues<char> s_symbols = SearchValues.Create(";@#$%&");
    private static readonly SearchValues<char> s_sentenceMarks = SearchValues.Create("?!");
    private static readonly SearchValues<char> s_brackets = SearchValues.Create("][(){}<>");
    private static readonly SearchValues<char> s_asterisk = SearchValues.Create("*");

    /// <summary>What the words that are two look like, and letters that stand for one of theirs.</summary>
    private static readonly SearchValues<string> s_joined = SearchValues.Create(
        ["cannot", "d'ye", "gimme", "lemme", "gonna", "gotta", "more'n", "wanna", "'tis", "'twas"],
        StringComparison.OrdinalIgnoreCase);

    private static readonly SearchValues<char> s_otherCases = SearchValues.Create("\u0130\u0131\u017F");

    /// <summary>Words that are two, in this order; between single spaces.</summary>
    private static readonly (PythonRegex Joined, string Apart)[] s_joinedWords =
    [
        (new(@"\b(can)(not)\b", ignoreCase: true), " $1 $2 "),
        (new(@"\b(d)('ye)\b", ignoreCase: true), " $1 $2 "),
        (new(@"\b(gim|lem)(me)\b", ignoreCase: true), " $1 $2 "),
        (new(@"\b(gon)(na)\b", ignoreCase: true), " $1 $2 "),
        (new(@"\b(got)(ta)\b", ignoreCase: true), " $1 $2 "),
        (new(@"\b(more)('n)\b", ignoreCase: true), " $1 $2 "),
        (new(@"\b(wan)(na)(?=\s)", ignoreCase: true), " $1 $2 "),
        (new(@"(?<= )('t)(is)\b", ignoreCase: true), " $1 $2 "),
        (new(@"(?<= )('t)(was)\b", ignoreCase: true), " $1 $2 "),
    ];

    /// <summary>The tokens of a text.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>The tokens in order, none of them empty; none for blank text.</returns>
    public static List<string> Tokens(string text) => [.. Enumerate(text)];

    /// <summary>The same, each sentence cut up when its first token is asked for.</summary>
    /// <param name="text">Any text.</param>
    public static IEnumerable<string> Enumerate(string text) =>
        PunktSentenceSplitter.Split(text).SelectMany(TokensOfSentence);

    private static List<string> TokensOfSentence(string sentence)
    {
        // Opening quotes.
        string text = Pad(sentence, s_openingQuotes, joinBackquotes: true);
        text = text.StartsWith('"') ? "``" + text[1..] : text;
        text = text.Replace("``", " `` ", StringComparison.Ordinal);
        text = OpenQuotes(text);
        text = PartApostrophes(text);

        // Sentence ends and punctuation.
        text = PartFinalDot(text, ClosingMarks + "»”’ ", " . ");
        text = PadColons(text);
        text = PadEllipses(text);
        text = Pad(text, s_symbols);
        text = PartFinalDot(text, ClosingMarks, " .");
        text = Pad(text, s_sentenceMarks);
        text = PadFreeApostrophes(text);
        text = Pad(text, s_asterisk);
        text = Pad(text, s_brackets);
        text = text.Replace("--", " -- ", StringComparison.Ordinal);

        // Closing quotes.
        text = Pad(text, s_closingQuotes);
        text = text.Replace("''", " '' ", StringComparison.Ordinal).Replace("\"", " '' ", StringComparison.Ordinal);

        // What apostrophes join, and words that are two.
        text = Squeeze(text);
        text = PartContractions(text, EndsShortContraction);
        text = PartContractions(text, EndsLongContraction);
        if (text.AsSpan().ContainsAny(s_joined) || text.AsSpan().ContainsAny(s_otherCases))
        {
            int[] points = PythonText.CodePoints(text);
            foreach ((PythonRegex joined, string apart) in s_joinedWords)
            {
                points = joined.Replace(points, apart);
            }

            text = PythonText.FromCodePoints(points);
        }

        return PythonText.SplitWhitespace(text);
    }

    /// <summary>Spaces around each of the marks; a run of backquotes is one mark where they are to be joined.</summary>
    private static string Pad(string text, SearchValues<char> marks, bool joinBackquotes = false)
    {
        int at = text.AsSpan().IndexOfAny(marks);
        if (at < 0)
        {
            return text;
        }

        StringBuilder padded = new(text.Length + 16);
        int start = 0;
        while (at >= 0)
        {
            int end = at + 1;
            while (joinBackquotes && text[at] == '`' && end < text.Length && text[end] == '`')
            {
                end++;
            }

            padded.Append(text, start, at - start).Append(' ').Append(text, at, end - at).Append(' ');
            start = end;
            int next = text.AsSpan(start).IndexOfAny(marks);
            at = next < 0 ? -1 : start + next;
        }

        return padded.Append(text, start, text.Length - start).ToString();
    }

    /// <summary>A double quote, or two apostrophes, after a space or an opening bracket opens a quotation.</summary>
    private static string OpenQuotes(string text)
    {
        StringBuilder? opened = null;
        int start = 0;
        for (int i = 1; i < text.Length; i++)
        {
            int size = text[i] == '"' ? 1 : text[i] == '\'' && i + 1 < text.Length && text[i + 1] == '\'' ? 2 : 0;
            if (size > 0 && text[i - 1] is ' ' or '(' or '[' or '{' or '<')
            {
                (opened ??= new(text.Length + 16)).Append(text, start, i - start).Append(" `` ");
                start = i + size;
                i = start - 1;
            }
        }

        return opened is null ? text : opened.Append(text, start, text.Length - start).ToString();
    }

    /// <summary>A space after an apostrophe before a single word character, unless it is m, t, s, d or n.</summary>
    private static string PartApostrophes(string text) => Insert(text, '\'', " ", static (text, at) =>
    {
        int next = at + 1;
        if (next >= text.Length || "mtsdnMTSDN\u017F".Contains(text[next]))
        {
            return -1;
        }

        int point = PythonText.PointAt(text, next);
        int end = next + (point > 0xFFFF ? 2 : 1);
        bool ends = end == text.Length || !PythonText.IsWord(PythonText.PointAt(text, end));
        return PythonText.IsWord(point) && ends ? next : -1;
    });

    /// <summary>Parts a single dot at the end, behind which only closing marks and white space may stand.</summary>
    private static string PartFinalDot(string text, string closing, string dot)
    {
        int end = PythonText.StripEnd(text).Length;
        int start = text.AsSpan(0, end).LastIndexOfAnyExcept(closing) + 1;
        if (start < 2 || text[start - 1] != '.' || text[start - 2] == '.')
        {
            return text;
        }

        return string.Concat(text.AsSpan(0, start - 1), dot, text.AsSpan(start, end - start), " ");
    }

    /// <summary>
    /// Spaces around a colon or comma before anything but a digit, and at the end. The character behind one is not
    /// looked at again.
    /// </summary>
    private static string PadColons(string text)
    {
        StringBuilder? padded = null;
        int start = 0;
        int at = text.AsSpan().IndexOfAny(':', ',');
        while (at >= 0)
        {
            int next = at + 1;
            int point = next < text.Length ? PythonText.PointAt(text, next) : -1;
            if (point < 0 || !PythonText.IsDigit(point))
            {
                padded ??= new(text.Length + 16);
                padded.Append(text, start, at - start).Append(' ').Append(text[at]).Append(' ');
                start = next;
                next += point > 0xFFFF ? 2 : 1;

                // A mark at the end stands alone even where the one before it has been treated.
                if (next == text.Length && point is ':' or ',')
                {
                    padded.Append(' ').Append((char)point).Append(' ');
                    start = next;
                }
            }

            int found = next < text.Length ? text.AsSpan(next).IndexOfAny(':', ',') : -1;
            at = found < 0 ? -1 : next + found;
        }

        return padded is null ? text : padded.Append(text, start, text.Length - start).ToString();
    }

    /// <summary>Spaces around two dots or more.</summary>
    private static string PadEllipses(string text)
    {
        StringBuilder? padded = null;
        int start = 0;
        int at = text.IndexOf("..", StringComparison.Ordinal);
        while (at >= 0)
        {
            int end = at;
            while (end < text.Length && text[end] == '.')
            {
                end++;
            }

            (padded ??= new(text.Length + 16)).Append(text, start, at - start);
            padded.Append(' ').Append('.', end - at).Append(' ');
            start = end;
            at = text.IndexOf("..", start, StringComparison.Ordinal);
        }

        return padded is null ? text : padded.Append(text, start, text.Length - start).ToString();
    }

    /// <summary>Spaces around an apostrophe between another character and a space.</summary>
    private static string PadFreeApostrophes(string text) => Insert(text, '\'', " ", static (text, at) =>
        at > 0 && text[at - 1] != '\'' && at + 1 < text.Length && text[at + 1] == ' ' ? at : -1);

    /// <summary>One space for each run of white space, and one at both ends.</summary>
    private static string Squeeze(string text)
    {
        char[] squeezed = new char[text.Length + 2];
        squeezed[0] = ' ';
        int length = 1;
        foreach (char c in text)
        {
            char shown = PythonText.IsWhitespace(c) ? ' ' : c;
            if (shown != ' ' || squeezed[length - 1] != ' ')
            {
                squeezed[length++] = shown;
            }
        }

        if (squeezed[length - 1] != ' ')
        {
            squeezed[length++] = ' ';
        }

        return new string(squeezed, 0, length);
    }

    /// <summary>
    /// A space before an ending with an apostrophe, if a space follows it and a character other than an apostrophe or a
    /// space stands before it.
    /// </summary>
    private static string PartContractions(string text, Func<string, int, int> endingAt) =>
        Insert(text, '\'', " ", (text, at) =>
        {
            int start = endingAt(text, at);
            return start > 0 && text[start - 1] is not ('\'' or ' ') ? start : -1;
        });

    /// <summary>Where an ending <c>'s</c>, <c>'m</c>, <c>'d</c> or an apostrophe alone starts; -1 for none.</summary>
    private static int EndsShortContraction(string text, int at)
    {
        int next = at + 1 < text.Length && text[at + 1] is 's' or 'S' or 'm' or 'M' or 'd' or 'D' ? at + 2 : at + 1;
        return next < text.Length && text[next] == ' ' ? at : -1;
    }

    /// <summary>
    /// Where an ending <c>'ll</c>, <c>'re</c>, <c>'ve</c> or <c>n't</c>, all in one case, starts; -1 for none.
    /// </summary>
    private static int EndsLongContraction(string text, int at)
    {
        ReadOnlySpan<char> rest = text.AsSpan(at + 1);
        if (rest is ['l', 'l', ' ', ..] or ['L', 'L', ' ', ..] or ['r', 'e', ' ', ..] or ['R', 'E', ' ', ..]
            or ['v', 'e', ' ', ..] or ['V', 'E', ' ', ..])
        {
            return at;
        }

        char before = at > 0 ? text[at - 1] : ' ';
        return (before == 'n' && rest is ['t', ' ', ..]) || (before == 'N' && rest is ['T', ' ', ..]) ? at - 1 : -1;
    }

    /// <summary>Text put in at each place that a mark gives; a place of -1 gives none.</summary>
    private static string Insert(string text, char mark, string inserted, Func<string, int, int> place)
    {
        StringBuilder? built = null;
        int start = 0;
        for (int at = text.IndexOf(mark, StringComparison.Ordinal); at >= 0; at = text.IndexOf(mark, at + 1))
        {
            int where = place(text, at);
            if (where >= start)
            {
                (built ??= new(text.Length + 16)).Append(text, start, where - start).Append(inserted);
                start = where;
            }
        }

        return built is null ? text : built.Append(text, start, text.Length - start).ToString();
    }
}
