using System.Text.RegularExpressions;
using Spar.Calls;
using Spar.Templates;

namespace Spar.Evolution;

/// <summary>A constraint that a teacher says it added.</summary>
/// <param name="Family">A family of the taxonomy.</param>
/// <param name="Text">The constraint.</param>
public sealed record AddedConstraint(string Family, string Text);

/// <summary>What a teacher made of a seed, as far as it could be read.</summary>
/// <param name="Prompt">The evolved prompt; null where the seed was declined or the output could not be read.</param>
/// <param name="Constraints">What was added, in the teacher's order.</param>
/// <param name="Declined">The teacher said that constraints make no sense here.</param>
/// <param name="Unparsed">Why the output could not be read; null when it could.</param>
public sealed record Evolved(
    string? Prompt,
    IReadOnlyList<AddedConstraint> Constraints,
    bool Declined,
    string? Unparsed
)
{
    /// <summary>
    /// What the teacher wrote beside the mark when it declined, at most 300 characters; null where it wrote nothing.
    /// </summary>
    public string? Reason { get; init; }
}

/// <summary>
/// Reads a teacher's output in the format that <c>evolve.txt</c> asks for. Case of marks and family names is
/// overlooked.
/// </summary>
/// <param name="taxonomy">Gives the families' names.</param>
public sealed partial class EvolutionParser(ConstraintTaxonomy taxonomy)
{
    /// <summary>Stands alone where the seed is declined.</summary>
    public const string DeclinedMark = "[[declined]]";

    /// <summary>Stands before the list of constraints.</summary>
    public const string ConstraintsMark = "[[constraints]]";

    /// <summary>Stands before the evolved prompt.</summary>
    public const string PromptMark = "[[evolved prompt]]";

    /// <summary>Stands behind the evolved prompt.</summary>
    public const string EndMark = "[[end of prompt]]";

    /// <summary>The output in this format.</summary>
    /// <param name="constraints">What was added.</param>
    /// <param name="prompt">The evolved prompt.</param>
    public static string Format(IEnumerable<AddedConstraint> constraints, string prompt)
    {
        string lines = string.Concat(constraints.Select(added => $"{added.Family}: {added.Text}\n"));
        return $"{ConstraintsMark}\n{lines}{PromptMark}\n{prompt}\n{EndMark}";
    }

    /// <summary>Reads one answer.</summary>
    /// <param name="answer">What the teacher answered.</param>
    public Evolved Parse(Answer answer)
    {
        AnswerReading reading = answer.Read();
        if (reading.Status is AnswerStatus.Refused or AnswerStatus.Empty)
        {
            return Unread(reading.Incomplete!);
        }

        Evolved evolved = Parse(answer.Text);
        return evolved.Unparsed is not null && reading.Incomplete is { } why ? Unread(why) : evolved;
    }

    /// <summary>
    /// Reads one output: the last block between the marks of the prompt counts, thoughts are no part of it.
    /// </summary>
    /// <param name="output">What the teacher wrote.</param>
    public Evolved Parse(string output)
    {
        ThoughtSplit split = Thoughts.Split(output);
        string text = split.Text.Trim();
        if (split.Unfinished)
        {
            return Unread("unfinished thought");
        }

        if (MarkedBlock.FindLast(text, PromptMark, EndMark) is not { } block)
        {
            return Declines(text) ? Decline(text) : Unread("no prompt mark");
        }

        string prompt = block.Text.Trim();
        if (!block.Ended || prompt.Length == 0)
        {
            return Unread(block.Ended ? "empty prompt" : "no end mark");
        }

        if (prompt.Trim('.', '…', ' ').Length == 0)
        {
            return Unread("the template's placeholder");
        }

        if (MarkedBlock.FindLast(text[..block.Start], ConstraintsMark, null) is not { } list)
        {
            return Unread("no constraints mark");
        }

        AddedConstraint[] constraints = [.. list.Text.Split('\n').Select(Read).OfType<AddedConstraint>()];
        return constraints.Length == 0
            ? Unread("no constraint of a known family")
            : new Evolved(prompt, constraints, false, null);
    }

    // A line "family: constraint" with list marks, numbers and emphasis around the family; null for any other line,
    // which is a remark.
    private AddedConstraint? Read(string line)
    {
        Match match = ConstraintLine().Match(line);
        ConstraintFamily? family = match.Success
            ? taxonomy.Families.FirstOrDefault(known =>
                Letters(known.Name).Equals(Letters(match.Groups["family"].Value), StringComparison.OrdinalIgnoreCase)
            )
            : null;
        string text = match.Groups["text"].Value.Trim(' ', '\t', '\r', '*', '_', '`');
        return family is null || text.Length == 0 ? null : new AddedConstraint(family.Name, text);
    }

    private static bool Declines(string text) =>
        MarkedBlock.StandsAlone(text, DeclinedMark)
        || text.TrimEnd(' ', '*', '_', '`', '.').EndsWith(DeclinedMark, StringComparison.OrdinalIgnoreCase);

    private static Evolved Decline(string text)
    {
        string reason = text.Replace(DeclinedMark, "", StringComparison.OrdinalIgnoreCase)
            .Trim(' ', '\n', '\r', '*', '_', '`');
        return new Evolved(null, [], true, null)
        {
            Reason = reason.Length == 0 ? null : reason[..Math.Min(reason.Length, 300)],
        };
    }

    private static string Letters(string name) => string.Concat(name.Where(char.IsLetterOrDigit));

    private static Evolved Unread(string why) => new(null, [], false, why);

    [GeneratedRegex(
        @"^[\s\-*•+>#_`]*(?:\(?\d{1,3}[.):]\s*)?[\s*_`\[""]*(?<family>[^:：*`\[\]()]{1,60}?)[\s*_`\]""]*(?:\([^()]{0,40}\)[\s*_`]*)?(?:[:：]|\s[-–—]\s)(?<text>.*)$"
    )]
    private static partial Regex ConstraintLine();
}
