using System.Text.RegularExpressions;
using Spar.Seams;

namespace Spar.Templates;

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

        return FindVerdict(critique, out string? unparsed) is { } verdict
            ? new Judgement(critique, IsYes(verdict.Value), null)
            : new Judgement(critique, null, unparsed);
    }

    /// <summary>Where the verdict stands, and what could stand there: yes and no, in this order, in capitals where the verdict has them.</summary>
    /// <param name="output">What the judge wrote, not trimmed.</param>
    /// <returns>Null when the verdict cannot be read.</returns>
    public Alternatives? VerdictWords(string output) =>
        FindVerdict(output, out _) is not { } verdict ? null : new Alternatives(verdict.Index, verdict.Value switch
        {
            "YES" or "NO" => ["YES", "NO"],
            "Yes" or "No" => ["Yes", "No"],
            _ => ["yes", "no"],
        });

    private static bool IsYes(string verdict) => verdict.Equals("yes", StringComparison.OrdinalIgnoreCase);

    private Group? FindVerdict(string text, out string? unparsed)
    {
        Match mark = _mark.Match(text);
        Match verdict = mark.Success ? YesOrNo().Match(text, mark.Index + mark.Length) : Match.Empty;
        unparsed = !mark.Success ? NoMark : !verdict.Success ? NoVerdict : verdict.Groups["other"].Success ? BothVerdicts : null;
        return unparsed is null ? verdict.Groups["verdict"] : null;
    }

    [GeneratedRegex(@"\w+|[^\w\s]+")]
    private static partial Regex WordOrSign();

    [GeneratedRegex(
        @"\G[\s*_`""'“‘(\[:]*(?<verdict>yes|no)\b(?<other>[\s*_`""']*(?:\||/|or\b)[\s*_`""']*(?:yes|no)\b)?",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex YesOrNo();
}
