using System.Globalization;
using System.Text.RegularExpressions;

namespace Spar.Runtime.Launchers;

/// <summary>
/// Submits a job to Slurm with sbatch: its script lies on disk, its name and comment carry the token, it may be put back
/// into the queue when it has to give way, and on several nodes srun starts it on each. States come from scontrol, after
/// Slurm has forgotten the job from the exit status that it left, or from sacct. Written for Slurm 22.05 and later.
/// </summary>
/// <param name="options">Nodes, GPUs, partition and the like.</param>
/// <param name="time">The clock.</param>
public sealed partial class SlurmLauncher(LauncherOptions options, TimeProvider time) : IHoldingLauncher
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(15);

    // A submission under way when its process was killed has reached the queue by then.
    private static readonly TimeSpan s_underWay = TimeSpan.FromSeconds(3);

    /// <inheritdoc/>
    public string Name => "Slurm";

    /// <inheritdoc/>
    public bool StopsWithCaller => false;

    /// <inheritdoc/>
    public TimeSpan Interval => options.Interval ?? s_interval;

    /// <summary>The name that a job has in the queue.</summary>
    /// <param name="job">The job.</param>
    public static string NameOf(LaunchJob job) => $"{job.Name}-{job.Token}";

    /// <summary>The lines at the head of a job's script.</summary>
    /// <param name="job">The job.</param>
    /// <param name="options">Nodes, GPUs, partition and the like.</param>
    public static IReadOnlyList<string> Directives(LaunchJob job, LauncherOptions options)
    {
        List<string> lines = [];
        Add("job-name", NameOf(job));
        Add("comment", $"spar:{job.Token}");
        Add("chdir", job.Folder);
        Add("output", job.Tasks.Count == 0 ? job.Log : Path.Combine(job.Folder, "task-%a.log"));
        if (job.Tasks.Count > 0)
        {
            Add("array", string.Join(',', job.Tasks));
        }

        Add("dependency", job.After is null ? null : $"afterok:{job.After}");
        if (job.Held)
        {
            lines.Add("#SBATCH --hold");
        }

        lines.Add("#SBATCH --open-mode=append");
        lines.Add("#SBATCH --requeue");
        Add("nodes", Number(options.Nodes));
        Add("ntasks-per-node", Number(job.TasksPerNode));
        if (options.GpusPerNode > 0)
        {
            Add("gpus-per-node", Number(options.GpusPerNode));
        }

        Add("partition", options.Partition);
        Add("account", options.Account);
        Add("time", options.Time);
        lines.AddRange(options.Directives.Select(one => $"#SBATCH {one}"));
        return lines;

        void Add(string option, string? value)
        {
            if (value is not null)
            {
                lines.Add($"#SBATCH --{option}={JobScript.Quote(value)}");
            }
        }
    }

    /// <inheritdoc/>
    public async Task<string> SubmitAsync(LaunchJob job, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        WriteScript(job);

        // Nobody gives up between the submission and its answer.
        CommandResult result = await AskAsync(
            "sbatch", ["--parsable", Path.Combine(job.Folder, JobScript.FileName)], CancellationToken.None)
            .ConfigureAwait(false);
        string id = result.Output.Trim().Split(';')[0];
        return result.ExitCode == 0 && id.Length > 0 && id.All(char.IsAsciiDigit)
            ? id
            : throw new LaunchException(
                $"Slurm did not take the job {job.Name}: {result.Words}",
                "Mend trainer.launcher in the recipe (partition, account, time, gpus_per_node, directives); 'spar cluster "
                + "check' says what there is. Then run the same command again.");
    }

    /// <inheritdoc/>
    public async Task<string?> FindAsync(LaunchJob job, CancellationToken cancellationToken)
    {
        for (int look = 0; look < 2; look++)
        {
            CommandResult queue = await AskAsync(
                "squeue", ["--noheader", "--all", "--states=all", $"--name={NameOf(job)}", "--format=%A"],
                cancellationToken).ConfigureAwait(false);
            if (queue.ExitCode != 0)
            {
                throw new LaunchException(
                    $"Slurm does not say which jobs there are: {queue.Words}",
                    "Whether this training was submitted already is not known. Run the same command again when squeue "
                    + "answers.");
            }

            if (First(queue.Output) is { } waiting)
            {
                return waiting;
            }

            if (JobScript.ClaimOf(job) is { } claimed)
            {
                return claimed;
            }

            if (look == 0)
            {
                await Task.Delay(s_underWay, time, cancellationToken).ConfigureAwait(false);
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public async Task<JobState> StateAsync(LaunchJob job, string id, CancellationToken cancellationToken)
    {
        CommandResult shown = await AskAsync("scontrol", ["--oneliner", "show", "job", id], cancellationToken)
            .ConfigureAwait(false);
        if (shown.ExitCode == 0 && Parse(shown.Output) is { } state)
        {
            return state;
        }

        if (!shown.Words.Contains("Invalid job id", StringComparison.Ordinal))
        {
            return new JobState(JobPhase.Unknown, Detail: shown.Words);
        }

        return await ForgottenAsync(JobScript.ExitFile(job), id, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<int, JobState>> TasksAsync(
        LaunchJob job, string id, CancellationToken cancellationToken)
    {
        CommandResult shown = await AskAsync("scontrol", ["--oneliner", "show", "job", id], cancellationToken)
            .ConfigureAwait(false);
        bool answers = shown.ExitCode == 0 || shown.Words.Contains("Invalid job id", StringComparison.Ordinal);
        IReadOnlyDictionary<int, JobState> known = shown.ExitCode == 0 ? SlurmArray.Parse(shown.Output) : SlurmArray.None;
        Dictionary<int, JobState> states = [];
        foreach (int task in job.Tasks)
        {
            states[task] = known.TryGetValue(task, out JobState? state) ? state
                : !answers ? new JobState(JobPhase.Unknown, Detail: shown.Words)
                : await ForgottenAsync(
                    JobScript.ExitFile(job, task), $"{id}_{Number(task)}", cancellationToken).ConfigureAwait(false);
        }

        return states;
    }

    /// <inheritdoc/>
    public async Task ReleaseAsync(LaunchJob job, string id, CancellationToken cancellationToken)
    {
        WriteScript(job);

        // A job that is not held any more has nothing to be released from.
        await AskAsync("scontrol", ["release", id], cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task PutAfterAsync(string id, string after, CancellationToken cancellationToken) =>
        await AskAsync("scontrol", ["update", $"jobid={id}", $"dependency=afterok:{after}"], cancellationToken)
            .ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task CancelAsync(string id, CancellationToken cancellationToken) =>
        await AskAsync("scancel", [id], cancellationToken).ConfigureAwait(false);

    /// <summary>A job's state out of a line of <c>scontrol --oneliner show job</c>.</summary>
    /// <param name="line">The line.</param>
    /// <returns>Null where it tells none.</returns>
    internal static JobState? Parse(string line)
    {
        string? Field(string name) => Regex.Match(line, $@"(?:^|\s){name}=(\S*)") is { Success: true } found
            ? found.Groups[1].Value
            : null;
        return Field("JobState") is { } state ? Of(state, Field("Reason"), Field("ExitCode")) : null;
    }

    private void WriteScript(LaunchJob job) => JobScript.Write(
        job, Directives(job, options), job.Tasks.Count == 0 ? "$SLURM_JOB_ID" : "$SLURM_ARRAY_JOB_ID",
        "$(scontrol show hostnames \"$SLURM_JOB_NODELIST\" | head -n 1)", "$((20000 + SLURM_JOB_ID % 20000))",
        options.Nodes > 1 && job.OnEachNode ? "srun --kill-on-bad-exit=1 " : "", options,
        job.Tasks.Count == 0 ? null : "$SLURM_ARRAY_TASK_ID");

    // Slurm forgets jobs some minutes after their end (MinJobAge).
    private static async Task<JobState> ForgottenAsync(string exit, string id, CancellationToken cancellationToken)
    {
        if (JobScript.ReadExit(exit) is { } code)
        {
            return new JobState(JobPhase.Ended, JobEnd.Exited, code);
        }

        CommandResult? kept = await OutsideCommand.RunAsync(
            "sacct", ["--noheader", "--parsable2", "--allocations", $"--jobs={id}", "--format=State,ExitCode"],
            cancellationToken).ConfigureAwait(false);
        string[] fields = (kept is { ExitCode: 0 } ? kept.Output : "").Trim().Split('|');
        return fields.Length == 2
            ? Of(fields[0].Split(' ')[0], null, fields[1])
            : new JobState(JobPhase.Ended, JobEnd.Vanished);
    }

    private static JobState Of(string state, string? reason, string? exit)
    {
        // What the script returned, and the signal that ended it, as 1:0.
        Match codes = ExitCodes().Match(exit ?? "");
        int? code = codes.Success
            ? int.Parse(codes.Groups[1].Value, CultureInfo.InvariantCulture)
                + (codes.Groups[2].Value is "0" ? 0 : 128 + int.Parse(codes.Groups[2].Value, CultureInfo.InvariantCulture))
            : null;
        string? why = reason is null or "None" or "" ? null : reason;
        return state switch
        {
            "RUNNING" or "COMPLETING" or "STAGE_OUT" or "SIGNALING" => new(JobPhase.Running),
            "COMPLETED" => new(JobPhase.Ended, JobEnd.Exited, code ?? 0),
            "FAILED" => new(JobPhase.Ended, JobEnd.Exited, code, why),
            "OUT_OF_MEMORY" => new(JobPhase.Ended, JobEnd.OutOfMemory, code, why),
            "TIMEOUT" or "DEADLINE" => new(JobPhase.Ended, JobEnd.TimeLimit, code, why),
            "NODE_FAIL" or "BOOT_FAIL" or "PREEMPTED" => new(JobPhase.Ended, JobEnd.NodeLost, code, state),
            _ when state.StartsWith("CANCELLED", StringComparison.Ordinal) || state == "REVOKED" =>
                new(JobPhase.Ended, JobEnd.Cancelled, code, why),
            _ => new(JobPhase.Waiting, Detail: why is null ? state : $"{state}, {why}"),
        };
    }

    private static async Task<CommandResult> AskAsync(
        string command, IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        await OutsideCommand.RunAsync(command, arguments, cancellationToken).ConfigureAwait(false)
        ?? throw new LaunchException(
            $"There is no {command} here, and trainer.launcher.kind is slurm.",
            "Run spar where Slurm's commands are (a login node; on Debian: apt-get install slurm-client), or set "
            + "trainer.launcher.kind to local.");

    private static string? First(string output) =>
        output.Split((char[])['\n', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .FirstOrDefault();

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(\d+):(\d+)")]
    private static partial Regex ExitCodes();
}
