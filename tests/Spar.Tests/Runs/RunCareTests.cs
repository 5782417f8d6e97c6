using Dapper;
using Microsoft.Data.Sqlite;
using Spar.Runs;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.Runs;

/// <summary>Whether a run directory is whole, and what can be removed from it.</summary>
public sealed class RunCareTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    private string Run => _directory.File("run");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(TrainingMethod.Spar)]
    [InlineData(TrainingMethod.Autoif)]
    [InlineData(TrainingMethod.Humpback)]
    [InlineData(TrainingMethod.MetaRewarding)]
    public async Task A_run_of_any_method_is_whole(TrainingMethod method)
    {
        await TestRuns.RunAsync(Run, TestRuns.Small with { Method = method }, new FakeWorld());
        RunCheckReport report = await CheckAsync();
        Assert.Empty(report.Faults);
        using RunStore store = RunStore.OpenForReading(Run);
        Assert.Equal(store.Stages().Count, report.Stages);
        Assert.Equal(store.Stages().Count(StageNames.IsTraining), report.Checkpoints);
        Assert.True(report.Calls > 20);
    }

    [Fact]
    public async Task A_run_that_was_killed_is_whole_too()
    {
        FakeWorld world = new();
        world.KillAt(60);
        await Assert.ThrowsAnyAsync<Exception>(() => TestRuns.RunAsync(Run, TestRuns.Small, world, killed: true));
        RunCheckReport report = await CheckAsync();
        Assert.Empty(report.Faults);
        Assert.Empty(await PrunableAsync());
    }

    [Theory]
    [InlineData("DELETE FROM products WHERE stage = 'play-1'", "data-1", "rests on play-1")]
    [InlineData("DELETE FROM products WHERE stage = 'actor-sft-data'", "actor-0", "rests on actor-sft-data")]
    [InlineData("UPDATE products SET json = '{}' WHERE stage = 'actor-1'", "actor-1", "cannot be read")]
    [InlineData("DELETE FROM items WHERE stage = 'play-2' AND item = 3", "play-2", "not those that it counted")]
    [InlineData("UPDATE items SET json = '{' WHERE stage = 'play-2' AND item = 3", "play-2", "cannot be read")]
    [InlineData("UPDATE products SET stage = 'dance-1' WHERE stage = 'data-2'", "dance-1", "no run has a stage")]
    [InlineData("UPDATE calls SET key = 'it7/respond/p0/k0' WHERE key = 'it1/respond/p0/k0'", "it7/respond", "belongs to play-7")]
    [InlineData("UPDATE calls SET key = 'ballast' WHERE key = 'it1/respond/p0/k0'", "ballast", "no stage that a run has")]
    [InlineData("UPDATE calls SET log_likelihoods = 'x' WHERE key = 'it1/respond/p0/k0'", "it1/respond/p0/k0", "likelihoods")]
    [InlineData("UPDATE products SET json = replace(json, '\"heldOutCount\":3', '\"heldOutCount\":4') WHERE stage = 'evaluation-sft'",
        "results.json", "not those of the store")]
    public async Task What_is_wrong_is_named(string change, string where, string what)
    {
        await TestRuns.RunAsync(Run, TestRuns.Small, new FakeWorld());
        using (SqliteConnection connection = new($"Data Source={Path.Combine(Run, "run.db")};Pooling=False"))
        {
            connection.Open();
            Assert.True(connection.Execute(change) > 0);
        }

        RunCheckReport report = await CheckAsync();
        Assert.Contains(report.Faults, fault => fault.Where.Contains(where, StringComparison.Ordinal)
            && fault.What.Contains(what, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Checkpoints_that_are_missing_or_changed_are_named()
    {
        await TestRuns.RunAsync(Run, TestRuns.Small, new FakeWorld());
        File.AppendAllText(Path.Combine(Run, "checkpoints", "actor-1", FakeTrainer.WeightsFile), "x");
        Directory.Delete(Path.Combine(Run, "checkpoints", "refiner-2"), recursive: true);
        RunCheckReport report = await CheckAsync();
        Assert.Equal(["actor-1", "refiner-2"], report.Faults.Select(fault => fault.Where));
        Assert.Contains("was changed", report.Faults[0].What, StringComparison.Ordinal);
        Assert.Contains("is missing", report.Faults[1].What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_pruned_is_known_and_made_again_when_it_is_needed()
    {
        await TestRuns.RunAsync(Run, TestRuns.Small, new FakeWorld());
        Directory.CreateDirectory(Path.Combine(Run, "checkpoints", "actor-1.training"));
        string whole = TestRuns.Dump(Run);
        Assert.Equal(
            ["checkpoints/actor-0", "checkpoints/actor-1", "checkpoints/actor-1.training", "checkpoints/refiner-0",
                "checkpoints/refiner-1"],
            (await PrunableAsync()).Select(one => one.Path).Order(StringComparer.Ordinal));
        RunPruning.Remove(Run, TimeProvider.System);
        Assert.Empty(await PrunableAsync());
        Assert.Equal(
            ["actor-2", "refiner-2"],
            Directory.GetDirectories(Path.Combine(Run, "checkpoints")).Select(Path.GetFileName).Order());
        RunCheckReport report = await CheckAsync();
        Assert.Empty(report.Faults);
        Assert.Equal(["actor-0", "refiner-0", "actor-1", "refiner-1"], report.Pruned);

        // The same command finds the run ended, and trains nothing.
        FakeWorld world = new();
        FakeTrainer trainer = new(world);
        await TestRuns.RunAsync(Run, TestRuns.Small, world, trainer);
        Assert.Empty(trainer.Jobs);

        // A row that is to be measured again needs its models, and those what they start from.
        using (SqliteConnection connection = new($"Data Source={Path.Combine(Run, "run.db")};Pooling=False"))
        {
            connection.Open();
            connection.Execute("DELETE FROM products WHERE stage = 'evaluation-iteration-1'; DELETE FROM calls WHERE key GLOB 'eval/iteration-1/*'");
        }

        await TestRuns.RunAsync(Run, TestRuns.Small, world, trainer);
        Assert.Equal(
            ["actor-0", "actor-1", "refiner-0", "refiner-1"],
            trainer.Jobs.Select(job => Path.GetFileName(job.OutputModel)).Order());
        Assert.Equal(whole, TestRuns.Dump(Run));
        Assert.Empty((await CheckAsync()).Pruned);
    }

    [Fact]
    public async Task A_run_that_goes_on_keeps_what_it_needs()
    {
        FakeWorld world = new() { Fails = prompt => prompt.Contains("self-play 2 3", StringComparison.Ordinal) };
        await Assert.ThrowsAsync<SparException>(() => TestRuns.RunAsync(Run, TestRuns.Small, world));
        Assert.Equal(
            ["checkpoints/actor-0", "checkpoints/refiner-0"],
            (await PrunableAsync()).Select(one => one.Path).Order(StringComparer.Ordinal));
        RunPruning.Remove(Run, TimeProvider.System);
        FakeWorld second = new();
        FakeTrainer trainer = new(second);
        await TestRuns.RunAsync(Run, TestRuns.Small, second, trainer);
        Assert.Equal(["actor-2", "refiner-2"], trainer.Jobs.Select(job => Path.GetFileName(job.OutputModel)));
        Assert.Empty((await CheckAsync()).Faults);
    }

    [Theory]
    [InlineData("it3/tree/p17/n4/try0", "play-3")]
    [InlineData("teacher/sft/p3", "actor-sft-data")]
    [InlineData("teacher-model/refiner-sft/judge/p3", "refiner-sft-data")]
    [InlineData("refiner-sft/respond/p3", "refiner-sft-data")]
    [InlineData("eval/fixed/p3", "fixed-responses")]
    [InlineData("eval/iteration-2/p3/greedy", "evaluation-iteration-2")]
    [InlineData("eval/sft/fixed/p3/verdict/v0", "evaluation-sft")]
    [InlineData("eval/base/ifeval/answers/1000", "yardstick-base-ifeval")]
    [InlineData("eval/base/held_out/p1/greedy", "yardstick-base-held_out")]
    [InlineData("eval/last/p3", null)]
    [InlineData("it/p3", null)]
    public void A_calls_stage_is_told_by_its_key(string key, string? stage) =>
        Assert.Equal(stage, StageOrder.OwnerOf(key, TrainingMethod.Spar));

    [Theory]
    [InlineData("data-1", "play-1", true, true)]
    [InlineData("play-1", "data-1", true, false)]
    [InlineData("play-2", "data-1", true, true)]
    [InlineData("play-2", "data-1", false, false)]
    [InlineData("actor-2", "data-1", false, true)]
    [InlineData("evaluation-iteration-1", "play-1", true, true)]
    [InlineData("evaluation-sft", "play-1", true, false)]
    [InlineData("yardstick-iteration-2-ifeval", "play-1", true, true)]
    [InlineData("yardstick-base-ifeval", "actor-sft-data", true, false)]
    [InlineData("evaluation-base", "fixed-responses", true, true)]
    [InlineData("actor-0", "refiner-sft-data", true, false)]
    [InlineData("refiner-sft-data", "actor-sft-data", true, true)]
    [InlineData("play-1", "refiner-sft-data", true, true)]
    [InlineData("actor-1", "evaluation-sft", true, false)]
    [InlineData("refiner-1", "calibration-1", true, true)]
    public void What_rests_on_a_stage_is_told_by_the_names(string stage, string earlier, bool iterative, bool rests) =>
        Assert.Equal(rests, StageOrder.RestsOn(stage, earlier, iterative));

    private Task<RunCheckReport> CheckAsync() => RunCheck.OfAsync(Run, TestContext.Current.CancellationToken);

    private Task<IReadOnlyList<Prunable>> PrunableAsync()
    {
        using RunStore store = RunStore.OpenForReading(Run);
        return Task.FromResult(RunPruning.Find(store));
    }
}
