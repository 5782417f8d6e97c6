using Spar.Recipes;
using Spar.Runtime.Nano;
using Spar.Runtime.Prompts;
using Spar.Runtime.Recipes;
using Spar.Seams;
using Spar.Store;

namespace Spar.Runtime.Composition;

/// <summary>
/// Where a run's prompts come from: files where the recipe names some, else the nano world; and where texts without
/// prompts come from: the nano world.
/// </summary>
internal static class PromptSources
{
    /// <summary>The source of the run's prompts.</summary>
    /// <param name="recipe">A checked recipe.</param>
    /// <param name="identity">What the run directory began with.</param>
    /// <param name="measured">
    /// The prompts that the run's models are measured by, which the run's own are kept away from; null for none.
    /// </param>
    public static IPromptSource Create(
        RunRecipe recipe,
        RunIdentity identity,
        Func<IEnumerable<MeasuredPrompt>>? measured = null
    ) =>
        recipe.Prompts is { } settings
            ? new FilePrompts(
                settings,
                recipe.Method.Seed,
                measured ?? (() => []),
                () => CheckFiles(settings, identity)
            )
            : new NanoPrompts(recipe.Method.Seed, recipe.Nano.Stories);

    /// <summary>The source of the unlabelled texts that method humpback needs.</summary>
    /// <param name="recipe">A checked recipe.</param>
    public static ITextSource CreateTexts(RunRecipe recipe) => new NanoTexts(recipe.Method.Seed, recipe.Nano.Stories);

    /// <summary>Checks that the files are there and begin with a prompt.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="check">Collects what is wrong.</param>
    public static void Check(RunRecipe recipe, RecipeCheck check)
    {
        if (recipe.Prompts is { } settings)
        {
            Each("prompts.files", settings.Files);
            Each("prompts.keep_away_from", settings.KeepAwayFrom);
        }

        void Each(string key, IReadOnlyList<string> files)
        {
            foreach ((int i, string file) in files.Index().Where(one => !string.IsNullOrWhiteSpace(one.Item)))
            {
                check.Usable(FormattableString.Invariant($"{key}.{i}"), () => PromptRows.CheckFirst(file));
            }
        }
    }

    // The files may have been written to since the run directory was opened.
    private static void CheckFiles(PromptSettings settings, RunIdentity identity)
    {
        RunIdentity there = new(
            identity
                .Values.Where(one => one.Key.StartsWith(RunIdentities.PromptKeys, StringComparison.Ordinal))
                .ToDictionary()
        );
        if (there.DifferencesFrom(RunIdentities.OfPrompts(settings)) is [{ } first, ..])
        {
            throw new SparException($"{first}. Put it back and run again, or begin a new run in another directory.");
        }
    }
}
