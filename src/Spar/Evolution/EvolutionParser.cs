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
public sealed record Evolved(string? Prompt, IReadOnlyList<AddedConstraint> Constraints, bool Declined, string? Unparsed);

/// <summary>Reads a teacher's output in the format that <c>evolve.txt</c> asks for. Case of marks and family names is overlooked.</summary>
/// <param name="taxonomy">Gives the families' names.</param>
public sealed class EvolutionParser(ConstraintTaxonomy taxonomy)
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
    public static string Format(IEnumerable<AddedConstraint> constraints, string prompt) =>
        $"{ConstraintsMark}\n{string.Concat(constraints.Select(added => $"{added.Family}: {added.Text}\n"))}{PromptMark}\n{prompt}\n{EndMark}";

    /// <summary>Reads one output: the last complete prompt counts.</summary>
    /// <param name="output">What the teacher wrote.</param>
    public Evolved Parse(string output)
    {
        int end = output.LastIndexOf(EndMark, StringComparison.OrdinalIgnoreCase);
        int start = output[..Math.Max(end, 0)].LastIndexOf(PromptMark, StringComparison.OrdinalIgnoreCase);
        if (start < 0)
        {
            return output.Contains(DeclinedMark, StringComparison.OrdinalIgnoreCase) ? new Evolved(null, [], true, null)
                : Unread(output.Contains(PromptMark, StringComparison.OrdinalIgnoreCase) ? "no end mark" : "no prompt mark");
        }

        string prompt = output[(start + PromptMark.Length)..end].Trim();
        if (prompt.Length == 0)
        {
            return Unread("empty prompt");
        }

        int list = output[..start].LastIndexOf(ConstraintsMark, StringComparison.OrdinalIgnoreCase);
        if (list < 0)
        {
            return Unread("no constraints mark");
        }

        List<AddedConstraint> constraints = [];
        foreach (string line in output[(list + ConstraintsMark.Length)..start].Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] parts = line.TrimStart('-', '*', ' ').Split(':', 2, StringSplitOptions.TrimEntries);
            ConstraintFamily? family = taxonomy.Families.FirstOrDefault(known => known.Name.Equals(parts[0], StringComparison.OrdinalIgnoreCase));
            if (family is null || parts.Length < 2 || parts[1].Length == 0)
            {
                return Unread("a constraint without a known family");
            }

            constraints.Add(new AddedConstraint(family.Name, parts[1]));
        }

        return constraints.Count == 0 ? Unread("no constraints") : new Evolved(prompt, constraints, false, null);
    }

    private static Evolved Unread(string why) => new(null, [], false, why);
}
