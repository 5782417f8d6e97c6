using Spar.Runs;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.Runs;

/// <summary>What a run directory says of a run that has not ended, to someone who finds it later.</summary>
public sealed class RunStateTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    private string Run => _directory.File("run");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_run_that_failed_says_at_which_stage_why_and_how_to_go_on()
    {
        await SessionAsync("spar run a.yaml --output runs/a", log =>
        {
            log.StageStarted("play-1", 240);
            log.Write("error", "3 of 240 items of stage play-1 are missing because calls failed.");
        });
        RunState state = Read();
        Assert.Equal(RunProgress.Failed, state.Progress);
        Assert.Equal(("play-1", 240), (state.Stage, state.StageItems));
        Assert.StartsWith("3 of 240 items", state.Fault, StringComparison.Ordinal);
        Assert.Equal("spar run a.yaml --output runs/a", state.Command);
    }

    [Fact]
    public async Task A_later_session_makes_an_earlier_fault_the_past()
    {
        await SessionAsync("spar run a.yaml", log => log.Write("error", "The server is gone."));
        await SessionAsync("spar run b.yaml", log =>
        {
            log.StageStarted("actor-1", 0);
            log.Write("error", RunLog.Interrupted);
        });
        RunState state = Read();
        Assert.Equal((RunProgress.Interrupted, "actor-1", null), (state.Progress, state.Stage, state.StageItems));
        Assert.Null(state.Fault);
        Assert.Equal("spar run b.yaml", state.Command);
    }

    [Fact]
    public async Task A_run_that_was_killed_waits_for_the_stage_that_it_had_begun_and_one_without_a_log_for_its_next()
    {
        await SessionAsync("spar run a.yaml", log => log.StageStarted("data-1", 0));
        Assert.Equal((RunProgress.Interrupted, "data-1"), (Read().Progress, Read().Stage));
        File.Delete(Path.Combine(Run, RunLog.FileName));
        Assert.Equal((RunProgress.Interrupted, null, null), (Read().Progress, Read().Stage, Read().Command));
    }

    [Fact]
    public async Task A_run_that_has_ended_waits_for_nothing()
    {
        Directory.CreateDirectory(Run);
        using (RunLog log = new(Run, new SilentObserver(), TimeProvider.System))
        {
            log.Write("info", RunState.CommandLine("spar run a.yaml"));
            await TestRuns.RunAsync(Run, TestRuns.Small, new FakeWorld(), observer: log);
        }

        RunState state = Read();
        Assert.Equal((RunProgress.Ended, null, null), (state.Progress, state.Stage, state.Fault));
        Assert.Equal("evaluation-iteration-2", state.LastStage);
    }

    private async Task SessionAsync(string command, Action<RunLog> work)
    {
        if (!Directory.Exists(Run))
        {
            await TestRuns.RunAsync(Run, TestRuns.Small with { Iterations = 0 }, new FakeWorld());
            using RunStore store = RunStore.Open(Run, TestRuns.IdentityOf(TestRuns.Small));
        }

        using RunLog log = new(Run, new SilentObserver(), TimeProvider.System);
        log.Write("info", RunState.CommandLine(command));
        work(log);
    }

    private RunState Read()
    {
        using RunStore store = RunStore.OpenForReading(Run);
        return RunState.Of(store)!;
    }
}
