using System.Globalization;
using Spar.Recipes;
using Spar.Runtime.Recipes;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runtime.Composition;

/// <summary>What a new run took over from another one.</summary>
/// <param name="Differences">The keys on which their recipes differ.</param>
/// <param name="Stages">The stages that were taken over.</param>
/// <param name="Calls">Kept answers that were, those of stages that are made anew among them.</param>
public sealed record RunFork(
    IReadOnlyList<IdentityDifference> Differences, IReadOnlyList<string> Stages, long Calls);

/// <summary>
/// Begins a run of a changed recipe from another run: it takes over every stage that the change does not concern, and of
/// the others the answers that would be asked for again in the same words of the same models. Which keys concern which
/// stages is said here; a key that is not named concerns what its property says it decides.
/// </summary>
public static class RunForks
{
    // Keys behind which the same model gets the same words or others, and answers by what it gets. Sampling is part of
    // what a call asks.
    private static readonly string[] s_askedAlike =
    [
        "votes", "responses", "search.", "quotas.", "drift.", "dpo.", "rft.", "iteration_sft.", "iterations",
        "iterative_training", "prompts_per_iteration", "refinement", "respond.", "judge.", "refine.", "actor_sft.",
        "refiner_sft.", "backward_sft.", "balance_judgements", "nano.held_out_",
    ];

    /// <summary>Takes over what is still valid.</summary>
    /// <param name="source">The run directory of the other run.</param>
    /// <param name="run">The new run, in which nothing has been asked yet.</param>
    /// <exception cref="SparException">The other run cannot be read.</exception>
    public static RunFork Begin(string source, RunStore run)
    {
        using RunStore other = RunStore.OpenForReading(source);
        IReadOnlyList<IdentityDifference> differences = other.Identity.DifferencesFrom(run.Identity);
        Func<string, bool> concerned = Concerned(other.Identity.Values, run.Identity.Values, differences);
        TrainingMethod method = StageOrder.MethodIn(run.Identity.Values);
        bool alike = differences.All(one => s_askedAlike.Any(
            key => key.EndsWith('.') || key.EndsWith('_')
                ? one.Key.StartsWith(key, StringComparison.Ordinal) : one.Key == key));
        (IReadOnlyList<string> stages, long calls) = StageAdoption.AdoptWhole(
            other, run, stage => !concerned(stage),
            key => StageOrder.OwnerOf(key, method) is { } owner
                && (!concerned(owner) || (alike && HasSameModels(owner, concerned))));
        return new RunFork(differences, stages, calls);
    }

    /// <summary>Which stages a change concerns.</summary>
    /// <param name="was">What decides the other run, by dotted key.</param>
    /// <param name="wanted">What decides the new one.</param>
    /// <param name="differences">The keys on which they differ.</param>
    internal static Func<string, bool> Concerned(
        IReadOnlyDictionary<string, string> was, IReadOnlyDictionary<string, string> wanted,
        IReadOnlyList<IdentityDifference> differences)
    {
        bool iterative = was.GetValueOrDefault("iterative_training") != "false";
        int before = Iterations(was);
        int now = Iterations(wanted);
        List<string> roots = [];
        bool measures = false;
        foreach (string key in differences.Select(one => one.Key))
        {
            (IEnumerable<string> first, bool measured) = First(key, iterative ? 1 : before);
            roots.AddRange(first);
            measures |= measured;
        }

        if (!iterative && before != now)
        {
            roots.AddRange(StageNames.Actor(before), StageNames.Refiner(before));
        }

        return stage =>
            stage is StageNames.Prompts or StageNames.Lessons
            || StageOrder.ProductOf(stage) is null
            || (StageOrder.IterationOf(stage) ?? StageOrder.RowOf(stage)?.IterationNumber ?? 0) > now
            || (measures && StageOrder.RowOf(stage) is not null)
            || roots.Any(root => stage == root || StageOrder.RestsOn(stage, root, iterative));
    }

    // The first stages that a key concerns, and whether it concerns every measurement.
    private static (IEnumerable<string> Stages, bool Measures) First(string key, int trained)
    {
        string group = key.Split('.')[0];
        return group switch
        {
            "iterations" => ([], false),
            "dpo" or "iteration_sft" => ([StageNames.Actor(trained)], false),
            "rft" => ([StageNames.Refiner(trained)], false),
            "quotas" => ([StageNames.Data(1)], false),
            "drift" => ([StageNames.Calibration(1), StageNames.Integrity(1)], false),
            "backward_sft" => ([StageNames.Backward], false),
            "actor_sft" => ([StageNames.Actor(0)], false),
            "refiner_sft" => ([StageNames.Refiner(0)], false),
            "balance_judgements" => ([StageNames.RefinerSftData], false),
            "sft_prompts" => ([StageNames.ActorSftData, .. AfterSplits], false),
            "refiner_prompts" => (AfterSplits, false),
            "votes" or "search" or "judge" or "refine" => (Play, true),
            "respond" => ([StageNames.FixedResponses, StageNames.RefinerSftData], true),
            "nano" when key.StartsWith("nano.held_out_", StringComparison.Ordinal) =>
                ([StageNames.FixedResponses], true),
            _ => Decides(key) == Results.SelfPlay ? (Play, false) : ([StageNames.Prompts], true),
        };
    }

    // Prompts are drawn in this order: held out, of the first lessons, of the refiner's, of play. More of one kind
    // moves those that come later, and none before.
    private static IEnumerable<string> AfterSplits => [StageNames.RefinerSftData, .. Play];

    private static IEnumerable<string> Play => [StageNames.Play(1), StageNames.Data(1)];

    // Whether the models that a stage asks are those of the other run.
    private static bool HasSameModels(string owner, Func<string, bool> concerned)
    {
        bool actor = !concerned(StageNames.Actor(0));
        bool start = actor && !concerned(StageNames.Refiner(0)) && !concerned(StageNames.Joint)
            && !concerned(StageNames.Backward);
        return owner == StageNames.FixedResponses || owner == StageNames.ActorSftData
            || StageOrder.RowOf(owner) == RowName.Base
            || (owner == StageNames.RefinerSftData && actor)
            || ((StageOrder.RowOf(owner) == RowName.Sft || Play.Contains(owner)) && start);
    }

    // What a key's own property says; a key that no recipe has any more decides all.
    private static Results Decides(string key)
    {
        IReadOnlyList<RecipeKey> level = RecipeKey.OfType(typeof(RunRecipe));
        Results decides = Results.All;
        foreach (string part in key.Split('.'))
        {
            if (level.FirstOrDefault(one => one.Name == part) is { } found)
            {
                (decides, level) = (found.Decides, found.Children);
            }
            else if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            {
                return Results.All;
            }
        }

        return decides;
    }

    private static int Iterations(IReadOnlyDictionary<string, string> values) =>
        int.TryParse(values.GetValueOrDefault("iterations"), NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            ? count : 0;
}
