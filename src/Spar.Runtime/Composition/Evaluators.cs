using Spar.Runtime.Nano;
using Spar.Runtime.Recipes;
using Spar.SelfPlay;

namespace Spar.Runtime.Composition;

/// <summary>What a run's models are measured by: the nano world's held-out tasks.</summary>
internal static class Evaluators
{
    /// <summary>The evaluator.</summary>
    /// <param name="recipe">A checked recipe.</param>
    public static IRunEvaluator Create(RunRecipe recipe)
    {
        NanoSettings nano = recipe.Nano;
        return new NanoEvaluator(
            nano.HeldOutPrompts, nano.HeldOutRepairs, nano.Stories, nano.HeldOutSearched, nano.HeldOutJudged);
    }
}
