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
        string own = "\"$$ $(cut -d ' ' -f 22 /proc/$$/stat)\"";
        if (job.Tasks.Count == 0)
        {
            JobScript.Write(
                job, [$"exec >>{LaunchJob.LogFile} 2>&1 </dev/null"], own, "127.0.0.1", "$((20000 + $$ % 20000))", "",
                options);
        }
        else
        {
            // The script starts itself once for each task, and ends when they have.
            JobScript.Write(
                job,
                [
                    "if [ -z \"$SPAR_ARRAY\" ]; then",
                    $"  cd {JobScript.Quote(job.Folder)} || exit 1",
                    $"  export SPAR_ARRAY={own}",
                    $"  for TASK in {string.Join(' ', job.Tasks)}; do",
                    "    SPAR_TASK=$TASK bash job.sh >>task-$TASK.log 2>&1 </dev/null &",
                    "  done",
                    "  wait",
                    "  exit 0",
                    "fi",
                ],
                "$SPAR_ARRAY", "127.0.0.1", "$((20000 + $$ % 20000))", "", options, "$SPAR_TASK");
        }

        using Process process = Process.Start(new ProcessStartInfo("setsid", ["bash", JobScript.FileName])
        {
            WorkingDirectory = job.Folder,
            UseShellExecute = false,
        }) ?? throw new LaunchException("setsid did not start.", "Try again.");
        string pid = process.Id.ToString(CultureInfo.InvariantCulture);
        return BeganAt(pid) is { } began ? $"{pid} {began}" : JobScript.ClaimOf(job) ?? pid;
    }

    /// <inheritdoc/>
    public Task<string?> FindAsync(LaunchJob job, CancellationToken cancellationToken) =>
        Task.FromResult(JobScript.ClaimOf(job));

    /// <inheritdoc/>
    public Task<JobState> StateAsync(LaunchJob job, string id, CancellationToken cancellationToken)
    {
        // The status is read last: a job that ends in between has written its exit status by then.
        bool runs = Runs(id);
        return Task.FromResult(
            runs ? new JobState(JobPhase.Running)
            : JobScript.ReadExit(JobScript.ExitFile(job)) is { } code ? new JobState(JobPhase.Ended, JobEnd.Exited, code)
            : new JobState(JobPhase.Ended, JobEnd.Vanished));
    }

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<int, JobState>> TasksAsync(
        LaunchJob job, string id, CancellationToken cancellationToken)
    {
        bool runs = Runs(id);
        return Task.FromResult<IReadOnlyDictionary<int, JobState>>(job.Tasks.ToDictionary(task => task, task =>
            JobScript.ReadExit(JobScript.ExitFile(job, task)) is { } code ? new JobState(JobPhase.Ended, JobEnd.Exited, code)
            : runs ? new JobState(JobPhase.Running)
            : new JobState(JobPhase.Ended, JobEnd.Vanished)));
    }

    /// <inheritdoc/>
    public async Task CancelAsync(string id, CancellationToken cancellationToken)
    {
        if (!Runs(id))
        {
            return;
        }

        // The job leads its own group, so that everything it started ends with it: the leader at once, being a shell,
        // what it started when it has stored what it has to, or has answered what it was asked.
        string group = id.Split(' ')[0];
        foreach (string signal in new[] { "TERM", "KILL" })
        {
            await OutsideCommand.RunAsync("bash", ["-c", $"kill -{signal} -- -{group}"], cancellationToken)
                .ConfigureAwait(false);
            long asked = time.GetTimestamp();
            bool members = HasMembers(group);
            while (members && time.GetElapsedTime(asked) < s_grace)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken).ConfigureAwait(false);
                members = HasMembers(group);
            }

            if (!members)
            {
                return;
            }
        }
    }

    // A number is given again to other processes; with the time at which it began it belongs to one.
    private static bool Runs(string id)
    {
        string[] parts = id.Split(' ');
        return parts.Length == 2 && BeganAt(parts[0]) == parts[1];
    }

    private static string? BeganAt(string pid) => Fields(pid)?[19];

    private static bool HasMembers(string group) =>
        Directory.EnumerateDirectories("/proc")
            .Select(folder => Path.GetFileName(folder))
            .Any(name => char.IsAsciiDigit(name[0]) && Fields(name)?[2] == group);

    // What /proc/PID/stat says from its third field on (proc(5)): first the state, third the group, twentieth when it
    // began, in ticks since the machine's start. Null where there is no such process, or it has ended and is only kept
    // for its parent. The name in the second field may have blanks.
    private static string[]? Fields(string pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : fields;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
