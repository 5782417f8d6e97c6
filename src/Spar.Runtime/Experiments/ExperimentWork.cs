using System.Globalization;
using Spar.Experiments;
using Spar.Recipes;
using Spar.Runs;
using Spar.Runtime.Composition;
using Spar.Runtime.Models;
using Spar.Runtime.Recipes;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runtime.Experiments;

/// <summary>
/// The runs of an experiment, each in a directory of its own under the output folder: <c>start/seed-1</c> holds what
/// all variants of a seed begin from, <c>NAME/seed-1</c> a variant. A run that has ended is only read.
/// </summary>
/// <param name="path">The experiment's file.</param>
/// <param name="seeds">The seeds, each once.</param>
/// <param name="directory">The output folder.</param>
/// <param name="threads">Threads to compute with.</param>
/// <param name="observer">Is told how it goes.</param>
/// <param name="time">The clock.</param>
public sealed class ExperimentWork(
    string path, IReadOnlyList<ulong> seeds, string directory, int threads, IExperimentObserver observer,
    TimeProvider time)
{
    private const string StartName = "start";

    private readonly Lazy<ExperimentRecipe> _file = new(() => ExperimentRecipe.Read(path, Check));

    /// <summary>Where the experiment's file lies.</summary>
    public string Path { get; } = path;

    /// <summary>The experiment's file, of experiments that compare variants of a recipe.</summary>
    /// <exception cref="SparException">Something is wrong with it; the message names the key.</exception>
    public ExperimentRecipe File => _file.Value;

    /// <summary>The seeds.</summary>
    public IReadOnlyList<ulong> Seeds { get; } = seeds;

    /// <summary>Threads to compute with.</summary>
    public int Threads { get; } = threads;

    /// <summary>Is told how it goes.</summary>
    public IExperimentObserver Observer { get; } = observer;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; } = time;

    /// <summary>The directory of a run.</summary>
    /// <param name="name">The variant's name.</param>
    /// <param name="seed">The seed.</param>
    public string RunDirectory(string name, ulong seed) =>
        System.IO.Path.Combine(directory, name, string.Create(CultureInfo.InvariantCulture, $"seed-{seed}"));

    /// <summary>Runs every variant with every seed, seed by seed.</summary>
    /// <param name="cancellationToken">Stops; what was done so far is kept.</param>
    public async Task<ExperimentRuns> RunVariantsAsync(CancellationToken cancellationToken)
    {
        Observer.Expect(Seeds.Count * (File.Variants.Count + 1));
        List<ExperimentRun> runs = [];
        foreach (ulong seed in Seeds)
        {
            await RunStartAsync(seed, cancellationToken).ConfigureAwait(false);
            foreach (string variant in File.Variants)
            {
                runs.Add(await RunAsync(variant, File.Variant(variant, seed), cancellationToken).ConfigureAwait(false));
            }
        }

        return new ExperimentRuns(File.Variants, Seeds, runs);
    }

    /// <summary>Runs the start that all variants of a seed share: M_0, R_0 and their evaluation.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="cancellationToken">Stops.</param>
    public Task<ExperimentRun> RunStartAsync(ulong seed, CancellationToken cancellationToken) =>
        RunAsync(StartName, File.Start(seed), cancellationToken);

    /// <summary>A start's model: a checkpoint, or what the part starts from where nothing was trained.</summary>
    /// <param name="role">M_0 or R_0.</param>
    /// <param name="seed">A seed whose start has been run.</param>
    /// <exception cref="SparException">The model is gone.</exception>
    public string StartModel(ModelRole role, ulong seed) =>
        ModelReference.Resolve(RunDirectory(StartName, seed), role).Location;

    // What the reports compare is measured in the built-in world.
    private static void Check(RunRecipe recipe)
    {
        RunComposer.Check(recipe);
        RecipeCheck check = new();
        check.That(
            Yardsticks.MeasuresNano(recipe), "evaluation",
            "must have { name: nano } where prompts are your own: an experiment compares what the built-in world "
            + "measures",
            recipe.Evaluation.Count == 0 ? null : string.Join(", ", recipe.Evaluation.Select(one => one.Name)));
        check.ThrowIfFaulty();
    }

    private async Task<ExperimentRun> RunAsync(string name, RunRecipe recipe, CancellationToken cancellationToken)
    {
        string target = RunDirectory(name, recipe.Method.Seed);
        bool begun = System.IO.File.Exists(System.IO.Path.Combine(target, "run.db"));
        ExperimentRun? ended = begun ? Ended(name, target, recipe) : null;
        return await Observer.ShowAsync(
            string.Create(CultureInfo.InvariantCulture, $"{name}, seed {recipe.Method.Seed}"),
            ended is not null,
            async () => ended ?? await RunAnewAsync(name, target, recipe, cancellationToken).ConfigureAwait(false),
            run => run.Results.Rows is [.., EvaluationRow { HeldOutPrompt: not null } last]
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"{100 * last.HeldOutPrompt:0.0} % of {last.HeldOutCount} held-out prompts satisfied")
                : "").ConfigureAwait(false);
    }

    private async Task<ExperimentRun> RunAnewAsync(
        string name, string target, RunRecipe recipe, CancellationToken cancellationToken)
    {
        using RunStore store = RunStore.Open(target, RunIdentities.Of(recipe), Time);
        if (name == StartName)
        {
            foreach (string warning in Teachers.Warnings(recipe, File.Has))
            {
                Observer.Warn(warning);
            }
        }
        else
        {
            using RunStore start = RunStore.OpenForReading(RunDirectory(StartName, recipe.Method.Seed));
            StartStages.Adopt(start, store);
        }

        SelfPlayRun run = RunComposer.Compose(recipe, store, Threads, Observer, Time);
        RunResults results = await run.RunAsync(cancellationToken).ConfigureAwait(false);
        return new ExperimentRun(name, recipe.Method.Seed, results, RunBudget.Of(store));
    }

    // The run in a directory if it is this recipe's and has its last row.
    private static ExperimentRun? Ended(string name, string target, RunRecipe recipe)
    {
        using RunStore store = RunStore.OpenForReading(target);
        if (store.Identity.DifferencesFrom(RunIdentities.Of(recipe)).Count > 0)
        {
            return null;
        }

        RunResults results = RunResults.Of(store);
        return results.Rows.Any(row => row.Name == recipe.LastRow)
            ? new ExperimentRun(name, recipe.Method.Seed, results, RunBudget.Of(store))
            : null;
    }
}
