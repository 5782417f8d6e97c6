using Spar.Evaluation.Text;

namespace Spar.Evaluation.Sentences;

/// <summary>
/// Cuts English text into words and punctuation as NLTK 3.9.1 does: Punkt sentences first, then a list of replacements that put spaces
/// around what is to stand alone, in the manner of the Penn Treebank. Straight double quotes come out as two backquotes or two apostrophes.
/// </summary>
public static class WordTokenizer
{
    /// <summary>The replacements that are made first in each sentence, in this order.</summary>
    private static readonly Rule[] Rules =
    [
        // Opening quotes.
        new(@"[«“‘„]|`+", " $0 "),
        new(@"\A""", "``"),
        new("``", " `` "),
        new(@"(?<=[ (\[{<])(?:""|'')", " `` "),
        new(@"'(?!re|ve|ll|m|t|s|d|n)(?=\w\b)", "' ", IgnoreCase: true),

        // Sentence ends and punctuation.
        new(@"(?<=[^.])(\.)([\])}>""'»”’ ]*)\s*\Z", " $1 $2 "),
        new(@"([:,])(\D)", " $1 $2"),
        new(@"[:,]\Z", " $0 "),
        new(@"\.{2,}", " $0 "),
        new("[;@#$%&]", " $0 "),
        new(@"(?<=[^.])(\.)([\])}>""']*)\s*\Z", " $1 $2 "),
        new("[?!]", " $0 "),
        new("(?<=[^'])' ", " ' "),
        new(@"\*", " $0 "),
        new(@"[\]\[(){}<>]", " $0 "),
        new("--", " -- "),

        // Closing quotes.
        new("[»”’]", " $0 "),
        new("''", " '' "),
        new("\"", " '' "),
    ];

    /// <summary>The replacements that are made when every run of white space is one space, and one stands at both ends.</summary>
    private static readonly Rule[] RulesBetweenSpaces =
    [
        // What apostrophes join.
        new("(?<=[^' ])('[sSmMdD]|') ", " $1 "),
        new("(?<=[^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ", " $1 "),

        // Words that are two.
        new(@"\b(can)(not)\b", " $1 $2 ", IgnoreCase: true),
        new(@"\b(d)('ye)\b", " $1 $2 ", IgnoreCase: true),
        new(@"\b(gim|lem)(me)\b", " $1 $2 ", IgnoreCase: true),
        new(@"\b(gon)(na)\b", " $1 $2 ", IgnoreCase: true),
        new(@"\b(got)(ta)\b", " $1 $2 ", IgnoreCase: true),
        new(@"\b(more)('n)\b", " $1 $2 ", IgnoreCase: true),
        new(@"\b(wan)(na)(?=\s)", " $1 $2 ", IgnoreCase: true),
        new(@"(?<= )('t)(is|was)\b", " $1 $2 ", IgnoreCase: true),
    ];

    /// <summary>The tokens of a text.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>The tokens in order, none of them empty; none for blank text.</returns>
    public static List<string> Tokens(string text) => [.. Enumerate(text)];

    /// <summary>The same, each sentence cut up when its first token is asked for.</summary>
    /// <param name="text">Any text.</param>
    public static IEnumerable<string> Enumerate(string text) => PunktSentenceSplitter.Split(text).SelectMany(TokensOfSentence);

    private static List<string> TokensOfSentence(string sentence)
    {
        int[] spaced = PythonText.CodePoints(sentence);
        foreach (Rule rule in Rules)
        {
            spaced = rule.Apply(spaced);
        }

        spaced = Squeeze(spaced);
        foreach (Rule rule in RulesBetweenSpaces)
        {
            spaced = rule.Apply(spaced);
        }

        return PythonText.SplitWhitespace(PythonText.FromCodePoints(spaced));
    }

    private static int[] Squeeze(int[] text)
    {
        List<int> squeezed = new(text.Length + 2) { ' ' };
        foreach (int point in text)
        {
            int shown = PythonText.IsWhitespace(point) ? ' ' : point;
            if (shown != ' ' || squeezed[^1] != ' ')
            {
                squeezed.Add(shown);
            }
        }

        if (squeezed[^1] != ' ')
        {
            squeezed.Add(' ');
        }

        return [.. squeezed];
    }

    /// <summary>One replacement.</summary>
    private sealed record Rule(string Pattern, string Replacement, bool IgnoreCase = false)
    {
        private readonly PythonRegex regex = new(Pattern, IgnoreCase);

        public int[] Apply(int[] text) => regex.Replace(text, Replacement);
    }
}
