using System.Diagnostics;
using System.Globalization;

namespace Spar.Runtime.Launchers;

/// <summary>
/// Starts a job as a process of this machine, in a session of its own: it goes on when this process is killed, and is
/// found again by its number and the time at which it began. Needs Linux, bash and setsid (util-linux).
/// </summary>
/// <param name="options">Devices, and what the user's shell needs.</param>
/// <param name="time">The clock.</param>
public sealed class LocalLauncher(LauncherOptions options, TimeProvider time) : ILauncher
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    // A process that was told to end may write a last checkpoint first.
    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public string Name => "this machine";

    /// <inheritdoc/>
    public bool StopsWithCaller => true;

    /// <inheritdoc/>
    public TimeSpan Interval => options.Interval ?? s_interval;

    /// <inheritdoc/>
    public async Task<string> SubmitAsync(LaunchJob job, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux() || !OutsideCommand.Exists("setsid") || !OutsideCommand.Exists("bash"))
        {
            throw new LaunchException(
                "A trainer of its own cannot be started here: that takes Linux with bash and setsid.",
                "Install bash and util-linux, or leave the recipe's trainer out.");
        }

        cancellationToken.ThrowIfCancellationRequested();
        JobScript.Write(
            job, [$"exec >>{LaunchJob.LogFile} 2>&1 </dev/null"], "\"$$ $(cut -d ' ' -f 22 /proc/$$/stat)\"",
            "127.0.0.1", "$((20000 + $$ % 20000))", "", options);
        using Process process = Process.Start(new ProcessStartInfo("setsid", ["bash", JobScript.FileName])
        {
            WorkingDirectory = job.Folder,
            UseShellExecute = false,
        }) ?? throw new LaunchException("setsid did not start.", "Try again.");
        string pid = process.Id.ToString(CultureInfo.InvariantCulture);
        return BeganAt(pid) is { } began ? $"{pid} {began}" : await ClaimAsync(job, cancellationToken).ConfigureAwait(false) ?? pid;
    }

    /// <inheritdoc/>
    public Task<string?> FindAsync(LaunchJob job, CancellationToken cancellationToken) =>
        ClaimAsync(job, cancellationToken);

    /// <inheritdoc/>
    public Task<JobState> StateAsync(LaunchJob job, string id, CancellationToken cancellationToken)
    {
        // The status is read last: a job that ends in between has written its exit status by then.
        bool runs = Runs(id);
        string exit = JobScript.ExitFile(job);
        JobState state =
            runs ? new JobState(JobPhase.Running)
            : File.Exists(exit) && int.TryParse(File.ReadAllText(exit), CultureInfo.InvariantCulture, out int code)
                ? new JobState(JobPhase.Ended, JobEnd.Exited, code)
            : new JobState(JobPhase.Ended, JobEnd.Vanished);
        return Task.FromResult(state);
    }

    /// <inheritdoc/>
    public async Task CancelAsync(string id, CancellationToken cancellationToken)
    {
        string group = id.Split(' ')[0];
        foreach (string signal in new[] { "TERM", "KILL" })
        {
            if (!Runs(id))
            {
                return;
            }

            // The job leads its own group, so that everything it started ends with it.
            await OutsideCommand.RunAsync("bash", ["-c", $"kill -{signal} -- -{group}"], cancellationToken)
                .ConfigureAwait(false);
            long asked = time.GetTimestamp();
            while (Runs(id) && time.GetElapsedTime(asked) < s_grace)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // The job notes its own name first of all, so that it is found if nobody else could.
    private static async Task<string?> ClaimAsync(LaunchJob job, CancellationToken cancellationToken)
    {
        string claim = JobScript.ClaimFile(job);
        return File.Exists(claim)
            && (await File.ReadAllTextAsync(claim, cancellationToken).ConfigureAwait(false)).Trim() is { Length: > 0 } id
            ? id
            : null;
    }

    // A number is given again to other processes; with the time at which it began it belongs to one.
    private static bool Runs(string id)
    {
        string[] parts = id.Split(' ');
        return parts.Length == 2 && BeganAt(parts[0]) == parts[1];
    }

    // Field 22 of /proc/PID/stat, in ticks since the machine's start (proc(5)); null where there is no such process, or
    // it has ended and is only kept for its parent. The name in the second field may have blanks.
    private static string? BeganAt(string pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : fields[19];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
