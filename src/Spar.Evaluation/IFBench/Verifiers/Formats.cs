using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>
/// The whole response is one of several options. Options a, b, c are matched exactly; others whatever the case and
/// without the punctuation around them.
/// </summary>
internal sealed class OneOption : InstructionVerifier
{
    private readonly string _options;
    private readonly bool _exact;
    private readonly List<string> _accepted;

    public OneOption(InstructionArguments arguments)
    {
        _options = arguments.TextOrEmpty("options");
        _exact = IsLettered(_options);
        string separator = _options.Contains('/') ? "/"
            : _options.Contains("or", StringComparison.Ordinal) ? "or"
            : ",";
        _accepted = [.. _options.Split(separator).Select(PythonText.Strip)];
        if (!_exact)
        {
            _accepted = _accepted.ConvertAll(Normalize);
        }
    }

    protected override Verdict Check(string response) => Tell(
        _accepted.Contains(_exact ? response : Normalize(response)),
        $"is one of the options {TextParts.QuoteArgument(_options)}",
        $"is {TextParts.Quote(response)}, to be {(_exact ? "exactly " : "")}one of the options "
        + TextParts.QuoteArgument(_options));

    private static string Normalize(string text) => PythonText.Lower(TextParts.StripPunctuation(text));

    /// <summary>
    /// Whether the options begin with the letters a, b and c with nothing but non-word characters around them.
    /// </summary>
    private static bool IsLettered(string options)
    {
        int[] points = PythonText.CodePoints(options);
        int at = 0;
        foreach (char letter in "abc")
        {
            while (at < points.Length && !PythonText.IsWord(points[at]))
            {
                at++;
            }

            if (at == points.Length || (points[at] != letter && points[at] != char.ToUpperInvariant(letter)))
            {
                return false;
            }

            at++;
        }

        return true;
    }
}

/// <summary>A separator occurs at least twice, anywhere.</summary>
internal sealed class SeparatedList(InstructionArguments arguments) : InstructionVerifier
{
    private readonly string _separator = arguments.TextOrEmpty("sep");

    private string Things => "list separators " + TextParts.QuoteArgument(_separator);

    protected override Verdict Check(string response) =>
        Compare(TextParts.Count(response, _separator), Relation.AtLeast, 2, Things);
}

/// <summary>
/// Text in HTML italics with text behind it. As in the reference, the sign that ends an <c>em</c> tag is text itself.
/// </summary>
internal sealed class Thesis : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        int start = Find(response, "<i>", "<em>", 0);
        if (start < 0)
        {
            return new Verdict(false, "has no <i> or <em> that begins a thesis in italics");
        }

        int end = Find(response, "</i>", "</em>", start);
        if (end < 0)
        {
            return new Verdict(false, "has no </i> or </em> that ends the thesis in italics");
        }

        if (PythonText.IsBlank(response.AsSpan((start + 3)..end)))
        {
            return new Verdict(false, "has an empty thesis in italics");
        }

        return Tell(
            !PythonText.IsBlank(response.AsSpan(end + 4)),
            "has a thesis in italics with text after it",
            "has no text after the thesis in italics");
    }

    private static int Find(string text, string mark, string otherwise, int from)
    {
        int at = text.IndexOf(mark, from, StringComparison.Ordinal);
        return at >= 0 ? at : text.IndexOf(otherwise, from, StringComparison.Ordinal);
    }
}

/// <summary>
/// Every token that begins with a letter begins with a capital, and the rest is in lower case or mixed; the tokenizer
/// splits <c>Don't</c> and <c>Cannot</c>, whose second half then fails.
/// </summary>
internal sealed class TitleCase : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        foreach (string token in WordTokenizer.Enumerate(response))
        {
            if (Fails(token))
            {
                return new Verdict(false, $"has the word {TextParts.Quote(token)}, to be in title case");
            }
        }

        return new Verdict(true, "is in title case");
    }

    private static bool Fails(string token)
    {
        int first = PythonText.PointAt(token, 0);
        if (!PythonText.IsLetter(first))
        {
            return false;
        }

        int size = first > 0xFFFF ? 2 : 1;
        string rest = token[size..];
        return PythonText.IsLower(token[..size])
            && (rest.Length == 0 || PythonText.IsUpper(rest) || PythonText.IsLower(rest));
    }
}

/// <summary>Three fixed headings are contained, in any order; case matters.</summary>
internal sealed class OutputTemplate : InstructionVerifier
{
    private static readonly string[] s_headings = ["My Answer:", "My Conclusion:", "Future Outlook:"];

    protected override Verdict Check(string response)
    {
        string[] missing = [.. s_headings.Where(heading => !response.Contains(heading, StringComparison.Ordinal))];
        return Tell(
            missing.Length == 0,
            "has 'My Answer:', 'My Conclusion:' and 'Future Outlook:'",
            $"lacks {string.Join(", ", missing.Select(heading => $"'{heading}'"))}");
    }
}

/// <summary>No white space at all, not even at the end.</summary>
internal sealed class NoWhitespace : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        int count = response.Count(c => PythonText.IsWhitespace(c));
        return Tell(count == 0, "has no white space", $"has {count} white-space characters, to have none");
    }
}
