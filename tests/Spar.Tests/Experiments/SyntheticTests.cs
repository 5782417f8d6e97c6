using System.Globalization;
using Spar.Experiments;
using Spar.Experiments.Synthetic;
using Spar.Recipes;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.Experiments;

public sealed class SyntheticTests : IDisposable
{
    private static readonly PairSettings s_settings = new() { Examples = 4, Pairs = 4, HeldOut = 6 };

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private Task<PairCurves> RunAsync(string name, FakeWorld world, FakeTrainer? trainer = null) =>
        RunAsync(name, world, trainer ?? new FakeTrainer(world), 7);

    private async Task<PairCurves> RunAsync(string name, FakeWorld world, FakeTrainer trainer, ulong seed)
    {
        WordProblem problem = new();
        using RunStore store = RunStore.Open(_directory.File(name), s_settings.Identity(problem, "base", seed));
        return await new PairComparison
        {
            Problem = problem,
            Settings = s_settings,
            BaseModel = "base",
            Seed = seed,
            Host = world,
            Trainer = trainer,
            Store = store,
            Observer = new SilentObserver(),
            Time = TimeProvider.System,
        }.RunAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Both_kinds_are_trained_from_one_start_in_the_same_way()
    {
        FakeWorld world = new();
        FakeTrainer trainer = new(world);
        PairCurves curves = await RunAsync("run", world, trainer);
        Assert.Equal([0, 1], curves.Refined.Select(point => point.Step));
        Assert.Equal(curves.Refined[0], curves.Interfering[0]);
        Assert.Equal(3, trainer.Jobs.Count);
        Assert.IsType<TrainingData.Supervised>(trainer.Jobs[0].Data);
        Assert.Equal(trainer.Jobs[0].OutputModel, trainer.Jobs[1].StartModel);
        Assert.Equal(trainer.Jobs[1].StartModel, trainer.Jobs[2].StartModel);
        Assert.Equal(
            (trainer.Jobs[1].Data.Common, trainer.Jobs[1].Seed, s_settings.MeasureEvery),
            (trainer.Jobs[2].Data.Common, trainer.Jobs[2].Seed, trainer.Jobs[2].SaveEvery));
        IReadOnlyList<PreferencePair> refined = ((TrainingData.Preference)trainer.Jobs[1].Data).Pairs;
        IReadOnlyList<PreferencePair> interfering = ((TrainingData.Preference)trainer.Jobs[2].Data).Pairs;
        Assert.Equal(refined.Select(pair => pair.Prompt), interfering.Select(pair => pair.Prompt));
        Assert.NotEqual(refined, interfering);

        int before = world.Calls;
        PairCurves again = await RunAsync("run", world, trainer);
        Assert.Equal(before, world.Calls);
        Assert.Equal(curves.Refined, again.Refined);
        Assert.Equal(curves.Interfering, again.Interfering);
    }

    [Fact]
    public async Task A_comparison_that_was_killed_goes_on_and_ends_the_same()
    {
        FakeWorld undisturbed = new();
        PairCurves expected = await RunAsync("whole", undisturbed);
        for (int kill = 1; kill < undisturbed.Calls; kill += 3)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"killed-{kill}");
            FakeWorld world = new();
            world.KillAt(kill);
            await Assert.ThrowsAsync<SparException>(() => RunAsync(name, world));
            FakeWorld second = new();
            PairCurves resumed = await RunAsync(name, second);
            Assert.Equal(expected.Refined, resumed.Refined);
            Assert.Equal(expected.Interfering, resumed.Interfering);
            Assert.False(Directory.Exists(_directory.File(name, "checkpoints", "refined")));
        }
    }

    [Fact]
    public void The_report_shows_both_panels_with_the_spread_over_seeds()
    {
        PairCurves Curves(ulong seed, double end) => new(
            "words", seed,
            [new(0, 0.5, 0.4), new(5, end, 0.4)],
            [new(0, 0.5, 0.4), new(5, end - 0.2, 1)]);
        ExperimentReport report = SyntheticReport.Of([new WordProblem()], [1, 2], [Curves(1, 0.8), Curves(2, 0.9)]);
        ExperimentTable table = Assert.Single(report.Tables);
        Assert.Equal(["0", "5"], table.Rows.Select(row => row.Name));
        Assert.Equal(
            ["success, refined pairs", "success, interfering pairs", "difference", "length, refined pairs",
                "length, interfering pairs"], table.Columns.Select(column => column.Name));
        Assert.Equal("85.0 ± 7.1", MeasureText.Write(table.Rows[1].Cells[0], MeasureUnit.Percent));
        Assert.Equal("+20.0 ± 0.0", MeasureText.Write(table.Rows[1].Cells[2], MeasureUnit.Points));
        Assert.Equal(2, report.Charts.Count);
        Assert.Equal([0, 5], report.Charts[1].Lines[1].Points.Select(point => point.X));
        Assert.Equal([0.4, 1], report.Charts[1].Lines[1].Points.Select(point => point.Y.Mean));
    }

    [Fact]
    public void Impossible_settings_are_named()
    {
        RecipeCheck check = new();
        check.Keys(s_settings with { Pairs = 0, MeasureEvery = 0, HeldOut = 0 }, "stories");
        RecipeException fault = Assert.Throws<RecipeException>(check.ThrowIfFaulty);
        Assert.All(["stories.pairs", "stories.measure_every", "stories.held_out"], key =>
            Assert.Contains(key, fault.Message, StringComparison.Ordinal));
    }

    /// <summary>Prompts that the fake world answers with words; some numbers are right.</summary>
    private sealed class WordProblem : SyntheticProblem
    {
        public override string Name => "words";

        public override string Title => "words";

        public override string? Interference => "length";

        public override IReadOnlyList<SupervisedRow> Examples(ulong seed, int count) =>
            [.. Enumerable.Range(0, count)
                .Select(i => new SupervisedRow($"p{i}", "response", $"prompt {i}", $"word {seed % 10}"))];

        public override IReadOnlyList<PreferencePair> Pairs(PairKind kind, ulong seed, int count) =>
            [.. Enumerable.Range(0, count)
                .Select(
                    i => new PreferencePair(
                        $"p{i}", $"prompt {i}", "word 9", kind == PairKind.Refined ? "word 1" : "words 1"))];

        public override IReadOnlyList<SyntheticPrompt> HeldOut(int count) =>
            [.. Enumerable.Range(0, count).Select(
                i => new SyntheticPrompt($"held out {i}", response => response.Length > 0 && response[^1] % 2 == 0))];

        public override double? Interferes(string response) => response.Length / 100.0;
    }
}
