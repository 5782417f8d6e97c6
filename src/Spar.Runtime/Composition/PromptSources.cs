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
    /// <param name="lessons">Lessons whose prompts the run does not play; null for none.</param>
    public static IPromptSource Create(
        RunRecipe recipe,
        RunIdentity identity,
        Func<IEnumerable<MeasuredPrompt>>? measured = null,
        FileLessons? lessons = null
    ) =>
        recipe.Prompts is { } settings
            ? new FilePrompts(
                settings,
                recipe.Method.Seed,
                measured ?? (() => []),
                () => CheckFiles(RunIdentities.PromptKeys, identity, () => RunIdentities.OfPrompts(settings)),
                lessons is null ? null : () => lessons.Taught
            )
            : new NanoPrompts(
                recipe.Method.Seed,
                recipe.Nano.Stories,
                lessons is null ? null : text => lessons.Taught.Holds(text)
            );

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

    /// <summary>Throws where files of a group are not what the run directory was opened with.</summary>
    /// <param name="keys">The beginning of the group's keys.</param>
    /// <param name="identity">What the run directory began with.</param>
    /// <param name="now">What the group's files are now.</param>
    /// <exception cref="SparException">A file was written to.</exception>
    internal static void CheckFiles(string keys, RunIdentity identity, Func<RunIdentity> now)
    {
        RunIdentity there = new(
            identity.Values.Where(one => one.Key.StartsWith(keys, StringComparison.Ordinal)).ToDictionary()
        );
        if (there.DifferencesFrom(now()) is [{ } first, ..])
        {
            throw new SparException($"{first}. Put it back and run again, or begin a new run in another directory.");
        }
    }
}
