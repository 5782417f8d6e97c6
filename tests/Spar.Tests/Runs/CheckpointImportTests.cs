using Spar.Runs;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.Runs;

public sealed class CheckpointImportTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_run_goes_on_from_a_checkpoint_that_was_trained_elsewhere()
    {
        string elsewhere = _directory.File("elsewhere");
        Directory.CreateDirectory(elsewhere);
        File.WriteAllText(Path.Combine(elsewhere, FakeTrainer.WeightsFile), "feedfeedfeedfeed");
        RunStore.Open(_directory.File("run"), TestRuns.IdentityOf(TestRuns.Small)).Dispose();
        string digest = await CheckpointImport.TakeAsync(
            _directory.File("run"), "actor-0", elsewhere, TimeProvider.System, TestContext.Current.CancellationToken);

        FakeWorld world = new();
        FakeTrainer trainer = new(world);
        await TestRuns.RunAsync(_directory.File("run"), TestRuns.Small, world, trainer);
        string taken = Path.Combine(_directory.File("run"), "checkpoints", "actor-0");
        Assert.DoesNotContain(trainer.Jobs, job => job.OutputModel.EndsWith("actor-0", StringComparison.Ordinal));
        Assert.Equal(taken, trainer.Jobs.Single(job => job.OutputModel.EndsWith("actor-1", StringComparison.Ordinal))
            .StartModel);
        Assert.Equal("feedfeedfeedfeed", File.ReadAllText(Path.Combine(taken, FakeTrainer.WeightsFile)));
        using RunStore store = RunStore.OpenForReading(_directory.File("run"));
        Assert.Equal(digest, store.FindProduct<TrainedProduct>("actor-0")!.Digest);
    }

    [Theory]
    [InlineData("actor-1", "has ended in this run already")]
    [InlineData("play-1", "is no training")]
    public async Task What_has_ended_or_is_no_training_is_refused(string stage, string expected)
    {
        await TestRuns.RunAsync(_directory.File("run"), TestRuns.Small, new FakeWorld());
        string before = TestRuns.Dump(_directory.File("run"));
        SparException fault = await Assert.ThrowsAsync<SparException>(() => CheckpointImport.TakeAsync(
            _directory.File("run"), stage, _directory.File("run"), TimeProvider.System,
            TestContext.Current.CancellationToken));
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
        Assert.Equal(before, TestRuns.Dump(_directory.File("run")));
    }

    [Fact]
    public async Task A_runs_log_has_every_stage_and_passes_all_on()
    {
        Directory.CreateDirectory(_directory.File("run"));
        using (RunLog log = new(_directory.File("run"), new SilentObserver(), TimeProvider.System))
        {
            await TestRuns.RunAsync(_directory.File("run"), TestRuns.Small, new FakeWorld(), observer: log);
            log.Warn("look\nout");
        }

        string[] lines = File.ReadAllLines(Path.Combine(_directory.File("run"), RunLog.FileName));
        Assert.Contains(lines, line => line.EndsWith("info    play-1 begins, 6 items", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("actor-1 ended after", StringComparison.Ordinal));
        Assert.EndsWith("Z warning look out", lines[^1], StringComparison.Ordinal);
        Assert.All(lines, line => Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (info|warning|error)", line));
        // A new kind of event has to be passed on too.
        Assert.All(
            typeof(RunLog).GetInterfaceMap(typeof(IRunObserver)).TargetMethods,
            method => Assert.Equal(typeof(RunLog), method.DeclaringType));
    }
}
