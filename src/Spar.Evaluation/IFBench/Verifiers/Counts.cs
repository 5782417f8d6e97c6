using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>The number of words, maximal runs of word characters, is within two limits, both included.</summary>
internal sealed class WordCountRange(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int _least = arguments.Integer("min_words");
    private readonly int _most = arguments.Integer("max_words");

    protected override Verdict Check(string response)
    {
        int count = PythonText.CountWordRuns(response);
        return new Verdict(count >= _least && count <= _most, $"has {count} words, to be {_least} to {_most}");
    }
}

/// <summary>
/// At least so many different words: fields in lower case without punctuation at their ends. As in the reference, all
/// fields of punctuation alone count as one word.
/// </summary>
internal sealed class UniqueWordCount(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int _wanted = arguments.Integer("N");

    protected override Verdict Check(string response)
    {
        List<string> fields = PythonText.SplitWhitespace(PythonText.Lower(response));
        HashSet<string> words = [.. fields.Select(TextParts.StripPunctuation)];
        return Compare(words.Count, Relation.AtLeast, _wanted, "different words");
    }
}

/// <summary>
/// At least so many different coordinating conjunctions. As in the reference, what is compared is the field as it
/// stands, so that another case or a comma makes another conjunction.
/// </summary>
internal sealed class Conjunctions(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int _wanted = arguments.Integer("small_n");

    protected override Verdict Check(string response)
    {
        HashSet<string> found =
        [
            .. PythonText.SplitWhitespace(response).Where(
                field => WordLists.Conjunctions.Contains(PythonText.Lower(TextParts.StripPunctuation(field)))),
        ];
        const string things = "different coordinating conjunctions (and, but, for, nor, or, so, yet)";
        return Compare(found.Count, Relation.AtLeast, _wanted, things);
    }
}

/// <summary>At least so many of 50 first names occur as whole words; case matters, and a name counts once.</summary>
internal sealed class PersonNames(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int _wanted = arguments.Integer("N");

    protected override Verdict Check(string response)
    {
        int count = TextParts.WordRuns(response).Where(WordLists.Names.Contains).Distinct().Count();
        return Compare(count, Relation.AtLeast, _wanted, "different names of the list");
    }
}

/// <summary>
/// Exactly so many numbers, runs of decimal digits once punctuation is deleted, so that <c>1,000</c> and <c>3.14</c>
/// are one each.
/// </summary>
internal sealed class Numbers(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int _wanted = arguments.Integer("N");

    protected override Verdict Check(string response) =>
        CompareExactly(TextParts.DigitRuns(TextParts.DeletePunctuation(response)).Count, _wanted, "numbers");
}

/// <summary>At least so many pronouns among the tokens, repeated ones included; a slash separates.</summary>
internal sealed class Pronouns(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int _wanted = arguments.Integer("N");

    protected override Verdict Check(string response)
    {
        List<string> tokens = WordTokenizer.Tokens(PythonText.Lower(response.Replace('/', ' ')));
        return Compare(tokens.Count(WordLists.Pronouns.Contains), Relation.AtLeast, _wanted, "pronouns");
    }
}

/// <summary>
/// Every standard punctuation mark and an interrobang, which is taken out before the others are looked for.
/// </summary>
internal sealed class EveryPunctuationMark : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        bool questionFirst = response.Contains("?!", StringComparison.Ordinal);
        string interrobang = questionFirst ? "?!" : "!?";
        int at = response.IndexOf(interrobang, StringComparison.Ordinal);
        if (at < 0 && !response.Contains('‽'))
        {
            return new Verdict(false, "has no interrobang (!?, ?! or ‽), which is wanted besides . , ! ? ; :");
        }

        string rest = at < 0 ? response : response.Remove(at, 2);
        char[] missing = [.. ".,!?;:".Where(mark => !rest.Contains(mark))];
        return Tell(
            missing.Length == 0,
            "has an interrobang and each of . , ! ? ; :",
            $"has an interrobang but lacks {string.Join(' ', missing)} besides");
    }
}

/// <summary>
/// Every n-th field has a Japanese character (kana or ideograph), unless it is punctuation or digits alone.
/// </summary>
internal sealed class EveryNthWordJapanese(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int _step = arguments.Integer("N", least: 1);

    protected override Verdict Check(string response)
    {
        List<string> fields = PythonText.SplitWhitespace(response);
        for (long i = _step; i <= fields.Count; i += _step)
        {
            string word = TextParts.StripPunctuation(fields[(int)i - 1]);
            if (!word.Any(IsJapanese) && !Array.TrueForAll(PythonText.CodePoints(word), PythonText.IsNumeral))
            {
                return new Verdict(
                    false, $"has {TextParts.Quote(word)} as word {i}, where every word {_step} is to be Japanese");
            }
        }

        return new Verdict(true, $"has {fields.Count} words, and every word {_step} is Japanese");
    }

    private static bool IsJapanese(char c) => c is (>= '\u3040' and <= '\u30FF') or (>= '\u4E00' and <= '\u9FFF');
}

/// <summary>Five keywords occur exactly 1, 2, 3, 5 and 7 times, whatever the case, inside longer words too.</summary>
internal sealed class KeywordsMultiple(InstructionArguments arguments) : InstructionVerifier
{
    private static readonly int[] s_counts = [1, 2, 3, 5, 7];

    private readonly string[] _keywords =
        [.. s_counts.Select((_, i) => PythonText.Lower(PythonText.Strip(arguments.TextOrEmpty($"keyword{i + 1}"))))];

    protected override Verdict Check(string response)
    {
        string text = PythonText.Lower(response);
        int[] found = [.. _keywords.Select(keyword => TextParts.Count(text, keyword))];
        IEnumerable<string> counts = _keywords.Select(
            (keyword, i) => $"{TextParts.QuoteArgument(keyword)} {found[i]} of exactly {s_counts[i]} times");
        return new Verdict(found.SequenceEqual(s_counts), "has " + string.Join(", ", counts));
    }
}
