using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFTrain;

/// <summary>
/// No two neighbouring words begin with characters that follow each other in the alphabet, or in Unicode if they are no
/// letters; both in lower case. A first character whose lower case is two characters fails.
/// </summary>
internal sealed class NoAdjacentConsecutive : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        List<string> words = PythonText.SplitWhitespace(response);
        for (int i = 0; i + 1 < words.Count; i++)
        {
            if (FirstLower(words[i]) is not int first || FirstLower(words[i + 1]) is not int second)
            {
                return new Verdict(
                    false, $"has a first letter in '{words[i]} {words[i + 1]}' that has no single lower-case form");
            }

            if (second - first == 1)
            {
                return new Verdict(false, $"has '{words[i]} {words[i + 1]}', whose first letters follow each other");
            }
        }

        return new Verdict(true, "has no neighbouring words whose first letters follow each other");
    }

    private static int? FirstLower(string word)
    {
        int length = char.IsSurrogatePair(word, 0) ? 2 : 1;
        int[] lower = PythonText.CodePoints(PythonText.Lower(word[..length]));
        return lower.Length == 1 ? lower[0] : null;
    }
}

/// <summary>
/// A keyword occurs exactly once; it is a regular expression, case is ignored, and parts of longer words count.
/// </summary>
internal sealed class KeywordOnce(InstructionArguments arguments) : InstructionVerifier
{
    private readonly Keyword _keyword = new(arguments.Text("keyword"));

    protected override Verdict Check(string response) =>
        CompareExactly(_keyword.CountIn(response), 1, $"occurrences of '{_keyword.Word}'");
}

/// <summary>One keyword occurs once and another twice, both counted as in <see cref="KeywordOnce"/>.</summary>
internal sealed class IncrementedKeywords(InstructionArguments arguments) : InstructionVerifier
{
    private readonly Keyword _once = new(arguments.Text("keyword1"));
    private readonly Keyword _twice = new(arguments.Text("keyword2"));

    protected override Verdict Check(string response)
    {
        (int once, int twice) = (_once.CountIn(response), _twice.CountIn(response));
        return new Verdict(
            once == 1 && twice == 2,
            $"has {once} of exactly 1 occurrences of '{_once.Word}' and {twice} of exactly 2 of '{_twice.Word}'");
    }
}

/// <summary>
/// A word does not stand between two spaces; beside other white space, marks and the ends of the text it is not seen.
/// </summary>
internal sealed class ExcludedWord(InstructionArguments arguments) : InstructionVerifier
{
    private readonly string _word = PythonText.Strip(arguments.Text("keyword"));

    protected override Verdict Check(string response) => Tell(
        !response.Contains($" {_word} ", StringComparison.Ordinal),
        $"does not have the word '{_word}'",
        $"has the word '{_word}'");
}

/// <summary>Some word reads the same backwards, case included; a single character does.</summary>
internal sealed class PalindromeWord : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        string? found = PythonText.SplitWhitespace(response).Find(IsPalindrome);
        return Tell(found is not null, $"has the palindrome '{found}'", "has no palindrome");
    }

    private static bool IsPalindrome(string word)
    {
        int[] points = PythonText.CodePoints(word);
        return points.AsSpan().SequenceEqual(points.Reverse().ToArray());
    }
}

/// <summary>A given word of a given sentence is the keyword, case included; marks count as words.</summary>
internal sealed class KeywordAtPosition(InstructionArguments arguments) : InstructionVerifier
{
    private readonly string _keyword = PythonText.Strip(arguments.TextOrFirst("keyword"));
    private readonly int _sentence = arguments.Count("n");
    private readonly int _word = arguments.Count("m");

    protected override Verdict Check(string response)
    {
        List<string> sentences = RegexSentenceSplitter.Split(response);
        if (sentences.Count < _sentence)
        {
            return new Verdict(false, $"has {sentences.Count} sentences, and no sentence {_sentence}");
        }

        List<string> words = WordTokenizer.Tokens(sentences[_sentence - 1]);
        return words.Count < _word
            ? new Verdict(false, $"has {words.Count} words in sentence {_sentence}, and no word {_word}")
            : new Verdict(
                words[_word - 1] == _keyword,
                $"has '{words[_word - 1]}' as word {_word} of sentence {_sentence}, asked for '{_keyword}'");
    }
}

/// <summary>
/// The first and the last word are the same, whatever the case; marks count as words, and one word alone fails.
/// </summary>
internal sealed class SameStartAndEnd : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        List<string> words = WordTokenizer.Tokens(response);
        return words.Count < 2
            ? new Verdict(false, "has fewer than two words")
            : new Verdict(
                PythonText.Lower(words[0]) == PythonText.Lower(words[^1]),
                $"starts with '{words[0]}' and ends with '{words[^1]}'");
    }
}

/// <summary>A keyword that is counted: a regular expression, stripped; case is ignored.</summary>
internal sealed class Keyword
{
    private readonly PythonRegex _regex;

    /// <summary>Reads the expression.</summary>
    /// <exception cref="EvaluationException">It is malformed.</exception>
    public Keyword(string word)
    {
        Word = PythonText.Strip(word);
        _regex = new PythonRegex(Word, ignoreCase: true);
    }

    /// <summary>The keyword, stripped.</summary>
    public string Word { get; }

    /// <summary>How often it matches, without overlap.</summary>
    public int CountIn(string response) => _regex.FindIn(response).Count;
}
