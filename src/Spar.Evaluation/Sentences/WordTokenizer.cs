using Spar.Evaluation.Text;

namespace Spar.Evaluation.Sentences;

/// <summary>
/// Cuts English text into words and punctuation as NLTK 3.9.1 does: Punkt sentences first, then a list of replacements that put spaces
/// around what is to stand alone, in the manner of the Penn Treebank. Straight double quotes come out as two backquotes or two apostrophes.
/// </summary>
public static class WordTokenizer
{
    /// <summary>The replacements, in the order in which they are made in each sentence.</summary>
    private static readonly Rule[] Rules =
    [
        // Opening quotes.
        new("«“‘„`", @"[«“‘„]|`+", " $0 "),
        new("\"", @"\A""", "``"),
        new("`", "``", " `` "),
        new("\"'", @"([ (\[{<])(?:""|'')", "$1 `` "),
        new("'", @"'(?!re|ve|ll|m|t|s|d|n)(?=\w\b)", "' ", IgnoreCase: true),

        // Sentence ends and punctuation.
        new(".", @"(?<=[^.])(\.)([\])}>""'»”’ ]*)\s*\Z", " $1 $2 "),
        new(":,", @"([:,])(\D)", " $1 $2"),
        new(":,", @"[:,]\Z", " $0 "),
        new(".", @"\.{2,}", " $0 "),
        new(";@#$%&", "[;@#$%&]", " $0 "),
        new(".", @"(?<=[^.])(\.)([\])}>""']*)\s*\Z", " $1 $2 "),
        new("?!", "[?!]", " $0 "),
        new("'", "([^'])' ", "$1 ' "),
        new("*", @"\*", " $0 "),
        new("[](){}<>", @"[\]\[(){}<>]", " $0 "),
        new("-", "--", " -- "),

        // Closing quotes and what apostrophes join; the text gets a space at both ends here.
        new("", @"\A|\Z", " "),
        new("»”’", "[»”’]", " $0 "),
        new("'", "''", " '' "),
        new("\"", "\"", " '' "),
        new("", @"\s+", " "),
        new("'", "(?<=[^' ])('[sSmMdD]|') ", " $1 "),
        new("'", "(?<=[^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ", " $1 "),

        // Words that are two.
        new("", @"\b(can)(not)\b", " $1 $2 ", IgnoreCase: true),
        new("'", @"\b(d)('ye)\b", " $1 $2 ", IgnoreCase: true),
        new("", @"\b(gim|lem)(me)\b", " $1 $2 ", IgnoreCase: true),
        new("", @"\b(gon)(na)\b", " $1 $2 ", IgnoreCase: true),
        new("", @"\b(got)(ta)\b", " $1 $2 ", IgnoreCase: true),
        new("'", @"\b(more)('n)\b", " $1 $2 ", IgnoreCase: true),
        new("", @"\b(wan)(na)(?=\s)", " $1 $2 ", IgnoreCase: true),
        new("'", @" ('t)(is|was)\b", " $1 $2 ", IgnoreCase: true),
    ];

    /// <summary>The tokens of a text.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>The tokens in order, none of them empty; none for blank text.</returns>
    public static List<string> Tokens(string text)
    {
        List<string> tokens = [];
        foreach (string sentence in PunktSentenceSplitter.Split(text))
        {
            string spaced = sentence;
            foreach (Rule rule in Rules)
            {
                spaced = rule.Apply(spaced);
            }

            tokens.AddRange(PythonText.SplitWhitespace(spaced));
        }

        return tokens;
    }

    /// <summary>One replacement; it is tried only on text that holds one of the characters of <paramref name="Needs"/>, if any are named.</summary>
    private sealed record Rule(string Needs, string Pattern, string Replacement, bool IgnoreCase = false)
    {
        private readonly PythonRegex regex = new(Pattern, IgnoreCase);

        public string Apply(string text) =>
            Needs.Length > 0 && text.AsSpan().IndexOfAny(Needs) < 0 ? text : regex.Replace(text, Replacement);
    }
}
