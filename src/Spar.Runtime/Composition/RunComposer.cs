using Spar.Ground;
using Spar.Recipes;
using Spar.Runs;
using Spar.Runtime.Fleet;
using Spar.Runtime.Prompts;
using Spar.Runtime.Recipes;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Templates;

namespace Spar.Runtime.Composition;

/// <summary>
/// Puts a run together: each kind of part has a file in this folder, which chooses and makes it from the recipe. What
/// the recipe says is known by the recipe; here is known what it takes to do it.
/// </summary>
public static class RunComposer
{
    /// <summary>Reads a recipe and checks it whole.</summary>
    /// <param name="document">The file.</param>
    /// <exception cref="SparException">
    /// The recipe cannot be run; the message names each key and where it stands.
    /// </exception>
    public static RunRecipe Read(RecipeDocument document)
    {
        RunRecipe recipe = document.Bind<RunRecipe>();
        ServedModels.Complete(recipe);
        document.Check(() => Check(recipe));
        return recipe;
    }

    /// <summary>Checks every value, and that what the recipe points to is there.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <exception cref="RecipeException">Something is wrong; the message names the keys.</exception>
    public static void Check(RunRecipe recipe) => Check(recipe, []);

    /// <summary>As <see cref="Check(RunRecipe)"/>, with faults that were found otherwise in the same list.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="found">Faults with the keys that they belong to.</param>
    internal static void Check(RunRecipe recipe, IReadOnlyList<(string Key, UserFaultException Fault)> found)
    {
        RecipeCheck check = new();
        check.Keys(recipe);
        foreach ((string key, UserFaultException fault) in found)
        {
            check.Usable(key, () => throw fault);
        }

        ServedModels.Check(recipe, check);
        ServedCheckpoints.Check(recipe, check);
        ModelHosts.Check(recipe, check);
        ModelFiles.Check(recipe, check);
        ModelTrainers.Check(recipe, check);
        PlayArrays.Check(recipe, check);
        PromptSources.Check(recipe, check);
        Teachers.Check(recipe, check);
        ConstraintVerifiers.Check(recipe, check);
        Yardsticks.Check(recipe, check);
        check.Usable("prompt_set", () => TemplateSet.Load(PromptSets.Of(recipe)));
        check.ThrowIfFaulty();
    }

    /// <summary>The run of a recipe.</summary>
    /// <param name="recipe">A checked recipe.</param>
    /// <param name="store">The run directory.</param>
    /// <param name="threads">Threads to compute with, at least 1.</param>
    /// <param name="observer">Is told how it goes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="allowFailed">Share of a stage's items that may be missing because calls failed, 0..1.</param>
    /// <param name="scope">How far the session goes in a play stage; null plays all and goes on.</param>
    /// <param name="retryFailed">Whether stages that ended without some items ask for those again.</param>
    /// <param name="session">
    /// The command that goes on with the run, for play that is cut into shards; null plays all in this process.
    /// </param>
    /// <param name="watch">Counts what servers do; null counts for the run alone.</param>
    public static SelfPlayRun Compose(
        RunRecipe recipe, RunStore store, int threads, IRunObserver observer, TimeProvider time,
        double allowFailed = 0, PlayScope? scope = null, bool retryFailed = false, SessionCommand? session = null,
        FleetWatch? watch = null)
    {
        recipe = PromptSets.Resolve(recipe);
        watch ??= new FleetWatch();
        store.EndpointsOfSession = watch.Figures;
        TemplateSet templates = TemplateSet.Load(recipe.Method.PromptSet);
        FileLessons? lessons = Teachers.CreateLessons(recipe, store.Identity, () => Yardsticks.Prompts(recipe));
        IPromptSource prompts = PromptSources.Create(
            recipe, store.Identity, () => Yardsticks.Prompts(recipe), lessons);
        FilePrompts? own = prompts as FilePrompts;
        ITrainer trainer = ModelTrainers.Create(threads, recipe, observer.Notice, time);
        return new SelfPlayRun
        {
            Recipe = Teachers.MethodOf(recipe),
            Templates = templates,
            Host = ServedCheckpoints.Around(
                ModelHosts.Create(threads, recipe.Method.Concurrency, recipe, observer.Warn, time, watch),
                recipe, store.Directory, recipe.Method.Concurrency, observer, time, watch),
            Trainer = trainer,
            Elsewhere = PlayArrays.Create(recipe, session, trainer, store.Directory, observer.Notice, time),
            Teacher = Teachers.Create(recipe, templates, lessons, own),
            Prompts = prompts,
            Checks = Teachers.CreateCheckWriter(recipe, templates),
            Texts = PromptSources.CreateTexts(recipe),
            Store = store,
            Evaluator = Evaluators.Create(recipe),
            Yardsticks = Yardsticks.Create(recipe, store.Directory, time, own),
            Verifier = ConstraintVerifiers.Create(recipe.Method.Judging, own),
            Truth = ConstraintVerifiers.CreateTruth(own),
            TripWires = ConstraintVerifiers.CreateTripWires(recipe.Method.Judging, own),
            Observer = observer,
            AllowFailed = allowFailed,
            Scope = scope ?? PlayScope.Whole,
            RetryFailed = retryFailed,
            Time = time,
        };
    }
}
