using Spar.Evaluation.Instructions;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFEval.Verifiers;

/// <summary>
/// Every keyword is found; keywords are regular expressions, case is ignored, and parts of longer words count.
/// </summary>
internal sealed class KeywordExistence(InstructionArguments arguments) : InstructionVerifier
{
    private readonly List<(string Word, PythonRegex Regex)> keywords = arguments
        .Texts("keywords")
        .ConvertAll(word => (word, new PythonRegex(word, ignoreCase: true)));

    protected override Verdict Check(string response)
    {
        string[] missing = keywords.Where(k => !k.Regex.IsFoundIn(response)).Select(k => $"'{k.Word}'").ToArray();
        return Tell(missing.Length == 0, "has all the keywords", $"lacks {string.Join(", ", missing)}");
    }
}

/// <summary>
/// A keyword occurs so often; it is a regular expression, case is ignored, and parts of longer words count.
/// </summary>
internal sealed class KeywordFrequency : InstructionVerifier
{
    private readonly string keyword;
    private readonly PythonRegex regex;
    private readonly int frequency;
    private readonly Relation relation;

    public KeywordFrequency(InstructionArguments arguments, bool zeroAllowed = false)
    {
        keyword = PythonText.Strip(arguments.Text("keyword"));
        regex = new PythonRegex(keyword, ignoreCase: true);
        frequency = zeroAllowed ? arguments.Integer("frequency") : arguments.Count("frequency");
        relation = arguments.Relation("relation");
    }

    protected override Verdict Check(string response) =>
        Compare(regex.FindIn(response).Count, relation, frequency, $"occurrences of '{keyword}'");
}

/// <summary>
/// No forbidden word stands between word boundaries; words are regular expressions and case is ignored.
/// </summary>
internal sealed class ForbiddenWords(InstructionArguments arguments) : InstructionVerifier
{
    private readonly List<(string Word, PythonRegex Regex)> words = arguments
        .Texts("forbidden_words")
        .ConvertAll(word => (word, new PythonRegex($@"\b{word}\b", ignoreCase: true)));

    protected override Verdict Check(string response)
    {
        string[] found = words.Where(w => w.Regex.IsFoundIn(response)).Select(w => $"'{w.Word}'").ToArray();
        return Tell(
            found.Length == 0,
            "has none of the forbidden words",
            $"has the forbidden {string.Join(", ", found)}"
        );
    }
}

/// <summary>
/// A letter occurs so often, both sides in lower case. For anything but one of the letters a to z the reference draws a
/// letter at random; here the character itself is counted.
/// </summary>
internal sealed class LetterFrequency : InstructionVerifier
{
    private readonly string letter;
    private readonly int frequency;
    private readonly Relation relation;

    public LetterFrequency(InstructionArguments arguments, bool zeroAllowed = false)
    {
        string given = arguments.Text("letter");
        letter =
            PythonText.CodePoints(given).Length == 1
                ? PythonText.Lower(given)
                : throw new EvaluationException($"argument 'letter' is '{given}'; it must be one character");
        frequency = zeroAllowed ? arguments.Integer("let_frequency") : arguments.Count("let_frequency");
        relation = arguments.Relation("let_relation");
    }

    protected override Verdict Check(string response)
    {
        int count = PythonText.Lower(response).AsSpan().Count(letter);
        return Compare(count, relation, frequency, $"occurrences of the letter '{letter}'");
    }
}
