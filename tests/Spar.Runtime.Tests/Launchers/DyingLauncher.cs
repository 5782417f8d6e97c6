using Spar.Runtime.Launchers;

namespace Spar.Runtime.Tests.Launchers;

/// <summary>
/// A launcher whose caller is killed: jobs go on without it, and where it dies at once nobody notes what was submitted.
/// </summary>
internal sealed class DyingLauncher(ILauncher inner, bool noted) : ILauncher
{
    public string Name => inner.Name;

    public bool StopsWithCaller => false;

    public TimeSpan Interval => inner.Interval;

    public async Task<string> SubmitAsync(LaunchJob job, CancellationToken cancellationToken)
    {
        string id = await inner.SubmitAsync(job, cancellationToken);
        while (!noted && !File.Exists(JobScript.ClaimFile(job)))
        {
            await Task.Delay(10, cancellationToken);
        }

        return noted ? id : throw new InvalidOperationException("killed");
    }

    public Task<string?> FindAsync(LaunchJob job, CancellationToken cancellationToken) =>
        inner.FindAsync(job, cancellationToken);

    public Task<JobState> StateAsync(LaunchJob job, string id, CancellationToken cancellationToken) =>
        inner.StateAsync(job, id, cancellationToken);

    public Task<IReadOnlyDictionary<int, JobState>> TasksAsync(LaunchJob job, string id, CancellationToken cancellationToken) =>
        inner.TasksAsync(job, id, cancellationToken);

    public Task CancelAsync(string id, CancellationToken cancellationToken) => inner.CancelAsync(id, cancellationToken);
}
