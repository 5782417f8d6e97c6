using Spar.Experiments;
using Spar.Methods;
using Spar.Recipes;
using Spar.Runs;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Templates;

namespace Spar.Tests.Fakes;

/// <summary>Runs of the fake world.</summary>
internal static class TestRuns
{
    public static TemplateSet Compact { get; } = TemplateSet.Load("compact");

    public static Recipe Small { get; } = new()
    {
        Seed = 7,
        BaseModel = "base",
        PromptSet = "compact",
        SftPrompts = 4,
        RefinerPrompts = 8,
        PromptsPerIteration = 6,
        Iterations = 2,
        Responses = 3,
        Votes = 3,
        Concurrency = 8,
        ActorSft = new SupervisedSettings { LearningRate = 0.1 },
        RefinerSft = new SupervisedSettings { LearningRate = 0.1 },
    };

    /// <summary>
    /// What decides a fake run's results; names stand for what they name, but folders for their weights.
    /// </summary>
    public static RunIdentity IdentityOf(Recipe recipe) => new(RecipeKeys.Deciding(recipe, (_, text) =>
        Path.Combine(text, FakeTrainer.WeightsFile) is var weights && File.Exists(weights)
            ? RunIdentity.OfFiles(text, File.ReadAllText(weights))
            : text));

    public static async Task<RunResults> RunAsync(
        string directory, Recipe recipe, FakeWorld world, FakeTrainer? trainer = null, IRunObserver? observer = null,
        bool killed = false,
        IConstraintVerifier? verifier = null, IConstraintVerifier? truth = null, string? start = null,
        TemplateSet? prompts = null, double allowFailed = 0, bool retryFailed = false,
        Action<RunStore>? opened = null, Teacher? teacher = null)
    {
        RunStore store = RunStore.Open(directory, IdentityOf(recipe));
        if (start is not null)
        {
            using RunStore begun = RunStore.OpenForReading(start);
            StartStages.Adopt(begun, store);
        }

        try
        {
            opened?.Invoke(store);
            return await new SelfPlayRun
            {
                Recipe = recipe,
                Templates = prompts ?? Compact,
                Host = world,
                Trainer = trainer ?? new FakeTrainer(world),
                Teacher = teacher ?? new Teacher.Program(world),
                Prompts = world,
                Checks = new FakeSources(),
                Texts = new FakeSources(),
                Store = store,
                Evaluator = new FakeEvaluator(),
                Verifier = verifier,
                Truth = truth,
                Observer = observer ?? new SilentObserver(),
                AllowFailed = allowFailed,
                RetryFailed = retryFailed,
            }.RunAsync(TestContext.Current.CancellationToken);
        }
        finally
        {
            if (killed)
            {
                store.Abandon();
            }

            store.Dispose();
        }
    }

    /// <summary>The training data that a play comes to.</summary>
    public static DataProduct DataOf(
        IEnumerable<PlayRecord> play, Recipe recipe, ulong seed, bool unanimous = false, ITripWires? wires = null)
    {
        using TempDirectory directory = new();
        using RunStore store = RunStore.Open(directory.Path, IdentityOf(recipe));
        DataWriter rows = new(store, StageNames.Data(1));
        StageStatistics counted = SparMethod.BuildData(play, recipe, Compact, seed, rows, unanimous, wires);
        DataProduct data = rows.End(counted, hasActorRows: false).Open(store, StageNames.Data(1));
        return data with { Pairs = [.. data.Pairs], RefinerRows = [.. data.RefinerRows] };
    }

    /// <summary>Everything that a run leaves behind, less the times.</summary>
    public static string Dump(string directory)
    {
        using RunStore store = RunStore.OpenForReading(directory);
        IEnumerable<string> lines =
        [
            .. store.Dump("SELECT stage || ' ' || json FROM products ORDER BY stage"),
            .. store.Dump("SELECT stage || ' ' || item || ' ' || json FROM items ORDER BY stage, item"),
            .. store.Dump(
                "SELECT key || ' ' || prompt_hash || ' ' || text || ' ' || output_tokens FROM calls ORDER BY key"),
            .. Directory.EnumerateFiles(Path.Combine(directory, "checkpoints"), "*", SearchOption.AllDirectories)
                .Order(StringComparer.Ordinal)
                .Select(file => $"{Path.GetRelativePath(directory, file)} {File.ReadAllText(file)}"),
        ];
        return string.Join('\n', lines);
    }
}
