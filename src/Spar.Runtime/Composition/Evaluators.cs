using Spar.Runtime.Nano;
using Spar.Runtime.Recipes;
using Spar.SelfPlay;

namespace Spar.Runtime.Composition;

/// <summary>What measures actor and refiner of a run: the nano world's held-out tasks.</summary>
internal static class Evaluators
{
    /// <summary>The evaluator; null where the recipe measures by yardsticks alone.</summary>
    /// <param name="recipe">A checked recipe.</param>
    public static IRunEvaluator? Create(RunRecipe recipe)
    {
        if (!Yardsticks.MeasuresNano(recipe))
        {
            return null;
        }

        NanoSettings nano = recipe.Nano;
        return new NanoEvaluator(
            nano.HeldOutPrompts, nano.HeldOutRepairs, nano.Stories, nano.HeldOutSearched, nano.HeldOutJudged);
    }
}
