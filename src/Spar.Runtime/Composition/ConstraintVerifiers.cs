using Spar.Judging;
using Spar.Recipes;
using Spar.Runtime.Nano;
using Spar.Runtime.Recipes;
using Spar.Runtime.Verifiers;
using Spar.Seams;

namespace Spar.Runtime.Composition;

/// <summary>What checks constraints by rule: before the judge, and to measure it.</summary>
internal static class ConstraintVerifiers
{
    /// <summary>The verifiers that the recipe puts before the judge; null when there are none.</summary>
    /// <param name="judging">Names them.</param>
    /// <exception cref="SparException">One of them cannot be had.</exception>
    public static IConstraintVerifier? Create(JudgingSettings judging)
    {
        List<IConstraintVerifier> verifiers = [];
        if (judging.Verifiers.Count > 0)
        {
            verifiers.Add(new NanoVerifier(judging.Verifiers));
        }

        if (judging.ConstraintFile is string file)
        {
            verifiers.Add(IFEvalVerifier.Load(file));
        }

        return verifiers.Count == 0 ? null : new JointVerifier(verifiers);
    }

    /// <summary>What knows whether a response is right, to measure the run's judge by.</summary>
    public static IConstraintVerifier CreateTruth() => new NanoVerifier(NanoVerifier.All);

    /// <summary>Checks that the verifiers can be had.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="check">Collects what is wrong.</param>
    public static void Check(RunRecipe recipe, RecipeCheck check)
    {
        JudgingSettings judging = recipe.Method.Judging;
        check.Usable("judging.verifiers", () => Create(judging with { ConstraintFile = null }));
        check.Usable("judging.constraint_file", () => Create(judging with { Verifiers = [] }));
    }
}
