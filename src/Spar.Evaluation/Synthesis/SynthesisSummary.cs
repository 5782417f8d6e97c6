using Spar.Evaluation.InstructionFollowing;

namespace Spar.Evaluation.Synthesis;

/// <summary>How many constraints of a family there are, by hardness.</summary>
/// <param name="Easy">Of hardness 1.</param>
/// <param name="Medium">Of hardness 2.</param>
/// <param name="Hard">Of hardness 3.</param>
public sealed record FamilyCount(int Easy, int Medium, int Hard)
{
    /// <summary>All of them.</summary>
    public int All => Easy + Medium + Hard;
}

/// <summary>What a set of prompts consists of.</summary>
/// <param name="Prompts">The number of prompts.</param>
/// <param name="Constraints">The number of their constraints.</param>
/// <param name="Near">Prompts that were dropped because they were near one to be avoided.</param>
/// <param name="Repeated">Prompts that were dropped because an earlier one had the same text.</param>
/// <param name="TooFew">Prompts that were dropped because too few constraints went together.</param>
/// <param name="Families">Constraints by family, in the order of the registry.</param>
/// <param name="Sizes">Prompts by number of constraints, from the least.</param>
public sealed record SynthesisSummary(
    int Prompts,
    int Constraints,
    int Near,
    int Repeated,
    int TooFew,
    IReadOnlyDictionary<string, FamilyCount> Families,
    IReadOnlyDictionary<int, int> Sizes)
{
    /// <summary>Counts.</summary>
    /// <param name="result">The prompts.</param>
    public static SynthesisSummary Of(SynthesisResult result)
    {
        SynthesizedConstraint[] all = [.. result.Prompts.SelectMany(prompt => prompt.Constraints)];
        ILookup<string, SynthesizedConstraint> byFamily =
            all.ToLookup(constraint => InstructionRegistry.FamilyOf(constraint.Id));
        OrderedDictionary<string, FamilyCount> families = [];
        foreach (string family in InstructionRegistry.Families.Where(byFamily.Contains))
        {
            int Count(int hardness) => byFamily[family].Count(constraint => constraint.Hardness == hardness);
            families[family] = new FamilyCount(Count(1), Count(2), Count(3));
        }

        OrderedDictionary<int, int> sizes = new(result.Prompts
            .GroupBy(prompt => prompt.Constraints.Count)
            .OrderBy(group => group.Key)
            .Select(group => KeyValuePair.Create(group.Key, group.Count())));
        return new SynthesisSummary(
            result.Prompts.Count, all.Length, result.Near, result.Repeated, result.TooFew, families, sizes);
    }
}
