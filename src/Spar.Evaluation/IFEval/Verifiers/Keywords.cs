using Spar.Evaluation.Instructions;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFEval.Verifiers;

/// <summary>
/// Every keyword is found; keywords are regular expressions, case is ignored, and parts of longer words count.
/// </summary>
internal sealed class KeywordExistence(InstructionArguments arguments) : InstructionVerifier
{
    private readonly List<(string Word, PythonRegex Regex)> _keywords = arguments
        .Texts("keywords")
        .ConvertAll(word => (word, new PythonRegex(word, ignoreCase: true)));

    protected override Verdict Check(string response)
    {
        string[] missing = _keywords.Where(k => !k.Regex.IsFoundIn(response)).Select(k => $"'{k.Word}'").ToArray();
        return Tell(missing.Length == 0, "has all the keywords", $"lacks {string.Join(", ", missing)}");
    }
}

/// <summary>
/// A keyword occurs so often; it is a regular expression, case is ignored, and parts of longer words count.
/// </summary>
internal sealed class KeywordFrequency : InstructionVerifier
{
    private readonly string _keyword;
    private readonly PythonRegex _regex;
    private readonly int _frequency;
    private readonly Relation _relation;

    public KeywordFrequency(InstructionArguments arguments, bool zeroAllowed = false)
    {
        _keyword = PythonText.Strip(arguments.Text("keyword"));
        _regex = new PythonRegex(_keyword, ignoreCase: true);
        _frequency = zeroAllowed ? arguments.Integer("frequency") : arguments.Count("frequency");
        _relation = arguments.Relation("relation");
    }

    protected override Verdict Check(string response) =>
        Compare(_regex.FindIn(response).Count, _relation, _frequency, $"occurrences of '{_keyword}'");
}

/// <summary>
/// No forbidden word stands between word boundaries; words are regular expressions and case is ignored.
/// </summary>
internal sealed class ForbiddenWords(InstructionArguments arguments) : InstructionVerifier
{
    private readonly List<(string Word, PythonRegex Regex)> _words = arguments
        .Texts("forbidden_words")
        .ConvertAll(word => (word, new PythonRegex($@"\b{word}\b", ignoreCase: true)));

    protected override Verdict Check(string response)
    {
        string[] found = _words.Where(w => w.Regex.IsFoundIn(response)).Select(w => $"'{w.Word}'").ToArray();
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
    private readonly string _letter;
    private readonly int _frequency;
    private readonly Relation _relation;

    public LetterFrequency(InstructionArguments arguments, bool zeroAllowed = false)
    {
        string given = arguments.Text("letter");
        _letter =
            PythonText.CodePoints(given).Length == 1
                ? PythonText.Lower(given)
                : throw new EvaluationException($"argument 'letter' is '{given}'; it must be one character");
        _frequency = zeroAllowed ? arguments.Integer("let_frequency") : arguments.Count("let_frequency");
        _relation = arguments.Relation("let_relation");
    }

    protected override Verdict Check(string response)
    {
        int count = PythonText.Lower(response).AsSpan().Count(_letter);
        return Compare(count, _relation, _frequency, $"occurrences of the letter '{_letter}'");
    }
}
