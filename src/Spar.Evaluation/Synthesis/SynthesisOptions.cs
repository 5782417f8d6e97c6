using Spar.Evaluation.InstructionFollowing;

namespace Spar.Evaluation.Synthesis;

/// <summary>What prompts are to be made.</summary>
public sealed record SynthesisOptions
{
    /// <summary>How many; at least 1.</summary>
    public int Count { get; init; } = 2000;

    /// <summary>Fewest constraints of a prompt, 1 to 15.</summary>
    public int LeastConstraints { get; init; } = 1;

    /// <summary>Most constraints of a prompt, not below the fewest and at most 15.</summary>
    public int MostConstraints { get; init; } = 5;

    /// <summary>Least hardness of a constraint, 1 to 3.</summary>
    public int LeastHardness { get; init; } = 1;

    /// <summary>Greatest hardness of a constraint, not below the least and at most 3.</summary>
    public int MostHardness { get; init; } = 3;

    /// <summary>
    /// Sets, families and ids that are used; when empty all but those of IFBench, which nobody trains on so that it
    /// stays a measure. IFBench's are used where the set, an id or a family that it alone has is named.
    /// </summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>Sets, families and ids that are held out.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Decides every choice.</summary>
    public ulong Seed { get; init; }

    /// <summary>The forms that these options admit.</summary>
    /// <exception cref="EvaluationException">A number is out of range, a name is unknown, or nothing is
    /// left.</exception>
    internal IReadOnlyList<ConstraintForm> Admitted()
    {
        Require(Count >= 1, $"the number of prompts is {Count}; it must be at least 1");
        Require(
            LeastConstraints >= 1 && MostConstraints <= 15 && LeastConstraints <= MostConstraints,
            $"the number of constraints is {LeastConstraints}-{MostConstraints}; it must be a range within 1-15");
        Require(
            LeastHardness >= 1 && MostHardness <= 3 && LeastHardness <= MostHardness,
            $"the hardness is {LeastHardness}-{MostHardness}; it must be a range within 1-3");
        foreach (string name in Include.Concat(Exclude))
        {
            Require(ConstraintForms.All.Any(form => Matches(form, name)), $"'{name}' names no constraint; {Known()}");
        }

        ConstraintForm[] forms = [.. ConstraintForms.All.Where(form =>
            (Include.Count == 0 ? SetOf(form) != InstructionSet.IFBench : Include.Any(name => Asks(form, name)))
            && !Exclude.Any(name => Matches(form, name))
            && form.Hardness >= LeastHardness && form.Hardness <= MostHardness)];
        Require(
            forms.Length > 0,
            "no constraint is left by the families, exclusions and hardness given; allow more of them");
        return forms;
    }

    private static void Require(bool holds, string message)
    {
        if (!holds)
        {
            throw new EvaluationException(message);
        }
    }

    private static InstructionSet SetOf(ConstraintForm form) => InstructionRegistry.SetOf(form.Id);

    private static bool Matches(ConstraintForm form, string name) =>
        form.Id == name || form.Family == name
        || string.Equals(SetOf(form).ToString(), name, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a name asks for a form; one of a shared family does not ask for IFBench's members.</summary>
    private static bool Asks(ConstraintForm form, string name) => Matches(form, name)
        && (form.Family != name || SetOf(form) != InstructionSet.IFBench
            || ConstraintForms.All.All(f => f.Family != name || SetOf(f) == InstructionSet.IFBench));

    private static string Known()
    {
        string sets = string.Join(", ", ConstraintForms.All
            .Select(form => SetOf(form).ToString().ToLowerInvariant()).Distinct());
        string families = string.Join(", ", ConstraintForms.All.Select(form => form.Family).Distinct());
        return $"give a set ({sets}), a family ({families}) or an instruction id";
    }
}
