using System.Text.RegularExpressions;

namespace Spar.Prompts;

/// <summary>One sampled judgement, as far as it could be read.</summary>
/// <param name="Critique">The whole output, verdict included, trimmed.</param>
/// <param name="Verdict">True: every requirement is met. Null when the output could not be read.</param>
/// <param name="Unparsed">Why it could not be read; null when it could.</param>
public sealed record Judgement(string Critique, bool? Verdict, string? Unparsed);

/// <summary>
/// Reads the verdict from a judgement: the yes or no after the last verdict mark. Case, markdown emphasis, quotes and the spelling
/// "judgment" are overlooked.
/// </summary>
public sealed partial class JudgementParser
{
    /// <summary>Reason: the output is empty.</summary>
    public const string Empty = "empty output";

    /// <summary>Reason: the verdict mark does not occur.</summary>
    public const string NoMark = "no verdict mark";

    /// <summary>Reason: neither yes nor no follows the last verdict mark.</summary>
    public const string NoVerdict = "no yes or no after the verdict mark";

    /// <summary>Reason: the last mark offers both ("yes or no").</summary>
    public const string BothVerdicts = "both yes and no after the verdict mark";

    private readonly Regex _mark;

    /// <summary>A parser for one output format.</summary>
    /// <param name="format">Gives the verdict mark.</param>
    public JudgementParser(OutputFormat format)
    {
        IEnumerable<string> words = WordOrSign().Matches(format.Verdict).Select(match =>
            match.Value.Equals("judgement", StringComparison.OrdinalIgnoreCase) ? "judge?ment" : Regex.Escape(match.Value));
        _mark = new Regex(string.Join(@"[\s*_`]*", words), RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.RightToLeft);
    }

    /// <summary>Reads one output.</summary>
    /// <param name="output">What the judge wrote.</param>
    public Judgement Parse(string output)
    {
        string critique = output.Trim();
        if (critique.Length == 0)
        {
            return new Judgement(critique, null, Empty);
        }

        Match mark = _mark.Match(critique);
        if (!mark.Success)
        {
            return new Judgement(critique, null, NoMark);
        }

        Match verdict = YesOrNo().Match(critique, mark.Index + mark.Length);
        if (!verdict.Success)
        {
            return new Judgement(critique, null, NoVerdict);
        }

        return verdict.Groups["other"].Success
            ? new Judgement(critique, null, BothVerdicts)
            : new Judgement(critique, verdict.Groups["verdict"].Value.Equals("yes", StringComparison.OrdinalIgnoreCase), null);
    }

    [GeneratedRegex(@"\w+|[^\w\s]+")]
    private static partial Regex WordOrSign();

    [GeneratedRegex(
        @"\G[\s*_`""'“‘(\[:]*(?<verdict>yes|no)\b(?<other>[\s*_`""']*(?:\||/|or\b)[\s*_`""']*(?:yes|no)\b)?",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex YesOrNo();
}
