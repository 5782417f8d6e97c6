using Spar.Evaluation.InstructionFollowing;
using Spar.Ground;
using Spar.Judging;
using Spar.Recipes;
using Spar.Runtime.Nano;
using Spar.Runtime.Prompts;
using Spar.Runtime.Recipes;
using Spar.Runtime.Verifiers;
using Spar.Seams;

namespace Spar.Runtime.Composition;

/// <summary>What checks constraints by rule: before the judge, and to measure it.</summary>
internal static class ConstraintVerifiers
{
    /// <summary>The verifiers that the recipe puts before the judge; null when there are none.</summary>
    /// <param name="judging">Names them.</param>
    /// <param name="prompts">The run's own prompts, whose rows may bring constraints; null for the nano world's.</param>
    /// <exception cref="SparException">One of them cannot be had.</exception>
    public static IConstraintVerifier? Create(JudgingSettings judging, FilePrompts? prompts = null)
    {
        List<IConstraintVerifier> verifiers = [];
        string[] own = prompts is null ? [] : [.. judging.Verifiers.Where(IFEvalVerifier.Knows)];
        string[] nano = [.. judging.Verifiers.Where(name => name == NanoVerifier.All || !own.Contains(name))];
        if (nano.Length > 0)
        {
            verifiers.Add(new NanoVerifier(nano));
        }

        if (own.Length > 0)
        {
            verifiers.Add(new IFEvalVerifier(prompts!.Constraints, own, whole: judging.ConstraintsSuffice == true));
        }

        if (judging.ConstraintFile is string file)
        {
            verifiers.Add(IFEvalVerifier.Load(file));
        }

        return verifiers.Count == 0 ? null : new JointVerifier(verifiers);
    }

    /// <summary>What knows whether a response is right, to measure the run's judge by.</summary>
    /// <param name="prompts">The run's own prompts; null for the nano world's.</param>
    public static IConstraintVerifier CreateTruth(FilePrompts? prompts = null) =>
        prompts is null
            ? new NanoVerifier(NanoVerifier.All)
            : new JointVerifier(
                [new NanoVerifier(NanoVerifier.All), new IFEvalVerifier(prompts.Constraints, [IFEvalVerifier.All], whole: true)]
            );

    /// <summary>
    /// What tells rewarded responses that satisfy checks by tricks; null for the nano world's prompts, unless a file
    /// names constraints.
    /// </summary>
    /// <param name="judging">Names the file.</param>
    /// <param name="prompts">The run's own prompts; null for the nano world's.</param>
    /// <exception cref="SparException">The file cannot be had.</exception>
    public static ITripWires? CreateTripWires(JudgingSettings judging, FilePrompts? prompts = null) =>
        judging.ConstraintFile is string file ? InstructionTripWires.Load(file, prompts?.Constraints)
        : prompts is not null ? new InstructionTripWires(prompts.Constraints)
        : null;

    /// <summary>Checks that the verifiers can be had.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="check">Collects what is wrong.</param>
    public static void Check(RunRecipe recipe, RecipeCheck check)
    {
        JudgingSettings judging = recipe.Method.Judging;
        if (recipe.Prompts is null)
        {
            check.Usable("judging.verifiers", () => Create(judging with { ConstraintFile = null }));
        }
        else
        {
            foreach ((int i, string name) in judging.Verifiers.Index().Where(one => !IsKnown(one.Item)))
            {
                check.Usable(
                    FormattableString.Invariant($"judging.verifiers.{i}"),
                    () => throw new SparException(
                        $"there is no constraint '{HarmlessText.Quote(name)}'. {Suggest(name)} Give all, a family, or an id as "
                            + "prompts list it in instruction_id_list."
                    )
                );
            }
        }

        check.Usable("judging.constraint_file", () => Create(judging with { Verifiers = [] }));
    }

    // Of a run on prompts of one's own: their constraints, and those of the nano world where some are its.
    private static bool IsKnown(string name) =>
        IFEvalVerifier.Knows(name)
        || NanoVerifier.Kinds.ContainsKey(name)
        || NanoVerifier.Kinds.Values.Contains(name, StringComparer.Ordinal);

    private static string Suggest(string name) =>
        NearestName.To(name, InstructionRegistry.Families) is { } family
            ? $"Did you mean '{family}'?"
            : PromptConstraints.Suggest(name);
}
