using Spar.Evaluation.IFBench.Verifiers;
using Spar.Evaluation.IFEval;
using Spar.Evaluation.IFTrain;
using Spar.Evaluation.Instructions;

namespace Spar.Evaluation.InstructionFollowing;

/// <summary>
/// All instructions that can be checked, by id: those of IFEval, IFTrain and IFBench, in that order; an id is
/// <c>family:name</c>, and a family may have members in several sets.
/// </summary>
public static class InstructionRegistry
{
    private static readonly OrderedDictionary<string, Func<InstructionArguments, InstructionVerifier>> s_makers =
        new(IFEvalInstructions.Makers.Concat(IFTrainInstructions.Makers).Concat(IFBenchInstructions.Makers));

    /// <summary>All ids, family by family.</summary>
    public static IReadOnlyList<string> Ids => s_makers.Keys;

    /// <summary>The families in the order of <see cref="Ids"/>.</summary>
    public static IReadOnlyList<string> Families { get; } = s_makers.Keys.Select(FamilyOf).Distinct().ToList();

    /// <summary>The family of an instruction: the part of its id before the colon.</summary>
    /// <param name="id">An instruction id.</param>
    public static string FamilyOf(string id) => id.Split(':')[0];

    /// <summary>The set that an instruction comes from.</summary>
    /// <param name="id">A known instruction id.</param>
    public static InstructionSet SetOf(string id) =>
        IFEvalInstructions.Makers.ContainsKey(id) ? InstructionSet.IFEval
            : IFTrainInstructions.Makers.ContainsKey(id) ? InstructionSet.IFTrain
            : InstructionSet.IFBench;

    /// <summary>Whether an instruction id is known.</summary>
    /// <param name="id">An instruction id, without any prefix before the family.</param>
    public static bool Contains(string id) => s_makers.ContainsKey(id);

    /// <summary>Makes the verifier of an instruction.</summary>
    /// <param name="id">An instruction id.</param>
    /// <param name="arguments">
    /// Its arguments. Those that it does not know are ignored by the instructions of IFEval and are a fault for the
    /// others.
    /// </param>
    /// <exception cref="EvaluationException">
    /// The id is unknown, an argument is missing, unknown or out of range, or a keyword is no regular expression.
    /// </exception>
    public static InstructionVerifier Create(string id, InstructionArguments arguments)
    {
        if (!s_makers.TryGetValue(id, out Func<InstructionArguments, InstructionVerifier>? make))
        {
            string similar = string.Join(", ", Similar(id));
            throw new EvaluationException($"unknown instruction id '{id}'; the known ones of its kind are {similar}");
        }

        try
        {
            return make(arguments);
        }
        catch (EvaluationException fault)
        {
            throw new EvaluationException($"{id}: {fault.Message}", fault);
        }
    }

    /// <summary>The ids of the same family, or all of them when the family is unknown.</summary>
    private static IEnumerable<string> Similar(string id) =>
        Families.Contains(FamilyOf(id)) ? Ids.Where(known => FamilyOf(known) == FamilyOf(id)) : Ids;
}
