using Spar.Runtime.Nano;
using Spar.Runtime.Recipes;
using Spar.Seams;

namespace Spar.Runtime.Composition;

/// <summary>Where a run's prompts, and texts without prompts, come from: the nano world.</summary>
internal static class PromptSources
{
    /// <summary>The source of the run's prompts.</summary>
    /// <param name="recipe">A checked recipe.</param>
    public static IPromptSource Create(RunRecipe recipe) => new NanoPrompts(recipe.Method.Seed, recipe.Nano.Stories);

    /// <summary>The source of the unlabelled texts that method humpback needs.</summary>
    /// <param name="recipe">A checked recipe.</param>
    public static ITextSource CreateTexts(RunRecipe recipe) => new NanoTexts(recipe.Method.Seed, recipe.Nano.Stories);
}
