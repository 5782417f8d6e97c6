using Spar.Runtime.Launchers;

namespace Spar.Runtime.Tests.Launchers;

/// <summary>Jobs that are processes of this machine.</summary>
public sealed class LocalLauncherTests : IDisposable
{
    private readonly OwnFolder _work = new();

    public void Dispose() => _work.Dispose();

    [Fact]
    public async Task A_cancelled_job_has_ended_when_what_it_started_has()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "jobs of this machine need setsid");
        LocalLauncher launcher = new(new LauncherOptions(), TimeProvider.System);

        // A server that goes on for a while when it is told to end, behind a shell that ends at once.
        LaunchJob job = new(
            _work.Path, "server", "0123456789abcdef",
            [
                "trap 'for i in $(seq 20); do sleep 0.02; done; echo >ended; exit' TERM",
                "echo >ready",
                "while :; do sleep 0.02; done",
            ],
            []);
        string id = await launcher.SubmitAsync(job, TestContext.Current.CancellationToken);
        while (!File.Exists(_work.File("ready")))
        {
            await Task.Yield();
        }

        await launcher.CancelAsync(id, TestContext.Current.CancellationToken);
        Assert.True(File.Exists(_work.File("ended")));
        Assert.Equal(
            JobPhase.Ended, (await launcher.StateAsync(job, id, TestContext.Current.CancellationToken)).Phase);
    }
}
