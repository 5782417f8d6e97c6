using System.Globalization;
using System.Text;
using Spar.Ground;

namespace Spar.Runtime.Launchers;

/// <summary>
/// The two scripts of a job, written into its folder: <c>job.sh</c>, which the launcher starts once, and <c>node.sh</c>,
/// which it starts on every node with NNODES, NODE_RANK, NPROC_PER_NODE, MASTER_ADDR and MASTER_PORT set. The exit status
/// goes to the file <c>exit.TOKEN</c>. Of two jobs with the same token, the first to begin works and the other ends.
/// </summary>
public static class JobScript
{
    /// <summary>The name of the script that a launcher starts.</summary>
    public const string FileName = "job.sh";

    private const string NodeFile = "node.sh";

    /// <summary>The file with the exit status of a job.</summary>
    /// <param name="job">The job.</param>
    public static string ExitFile(LaunchJob job) => Path.Combine(job.Folder, $"exit.{job.Token}");

    /// <summary>The file with what names the job at its launcher, written by the job itself.</summary>
    /// <param name="job">The job.</param>
    public static string ClaimFile(LaunchJob job) => Path.Combine(job.Folder, $"claim.{job.Token}", "id");

    /// <summary>The line that the log has where a job with a token begins.</summary>
    /// <param name="token">The token.</param>
    public static string Mark(string token) => $"== spar {token} begins";

    /// <summary>Writes a job's scripts.</summary>
    /// <param name="job">The job.</param>
    /// <param name="directives">Lines for the launcher at the script's head, each a comment of the shell.</param>
    /// <param name="id">What names the job at its launcher, in words of the shell.</param>
    /// <param name="address">The first node's name, in words of the shell.</param>
    /// <param name="port">A port of the first node, in words of the shell.</param>
    /// <param name="start">Starts a command on every node, with a blank after it; empty for one node.</param>
    /// <param name="settings">Nodes, devices, and what the user's shell needs.</param>
    /// <exception cref="UserFaultException">They cannot be written.</exception>
    public static void Write(
        LaunchJob job, IEnumerable<string> directives, string id, string address, string port, string start,
        LauncherOptions settings)
    {
        StringBuilder text = new("#!/bin/bash\n");
        foreach (string directive in directives)
        {
            Line(directive);
        }

        Line("# Written by spar; a job runs it, by hand it runs too.");
        Line($"cd {Quote(job.Folder)} || exit 1");
        Line($"id={id}");
        Line($"if mkdir claim.{job.Token} 2>/dev/null; then echo \"$id\" >claim.{job.Token}/id; fi");
        Line($"[ \"$(cat claim.{job.Token}/id 2>/dev/null)\" = \"$id\" ] || exit 0");
        Line($"rm -f exit.{job.Token}");
        Line($"echo \"{Mark(job.Token)} $(date -u +%Y-%m-%dT%H:%M:%SZ) on $(hostname)\"");
        Line($"export NNODES={Number(settings.Nodes)} NPROC_PER_NODE={Number(Math.Max(1, settings.GpusPerNode))}");
        Line($"export MASTER_ADDR={address} MASTER_PORT={port}");
        if (start.Length > 0)
        {
            // Since Slurm 22.05 srun does not take a job's --cpus-per-task for its own, and would bind each node's work to
            // one processor.
            Line("[ -z \"$SLURM_CPUS_PER_TASK\" ] || export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK");
        }

        foreach (string line in job.Prepare)
        {
            Line(line);
        }

        Line($"{start}bash {NodeFile}");
        Line("code=$?");
        Line($"echo $code >exit.tmp && mv exit.tmp exit.{job.Token}");
        Line("exit $code");
        AtomicFile.WriteText(Path.Combine(job.Folder, FileName), text.ToString());

        text.Clear().Append("#!/bin/bash\n");
        Line($"cd {Quote(job.Folder)} || exit 1");
        Line("export NODE_RANK=${SLURM_NODEID:-0}");
        foreach (string line in settings.Setup.Concat(job.Commands))
        {
            Line(line);
        }

        AtomicFile.WriteText(Path.Combine(job.Folder, NodeFile), text.ToString());

        void Line(string line) => text.Append(line).Append('\n');
    }

    /// <summary>A text as one word of the shell.</summary>
    /// <param name="text">The text.</param>
    public static string Quote(string text) =>
        text.Length > 0 && text.All(letter =>
            char.IsAsciiLetterOrDigit(letter) || "-_./=,:+@%".Contains(letter, StringComparison.Ordinal))
            ? text
            : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What a launcher needs to know of jobs.</summary>
public sealed record LauncherOptions
{
    /// <summary>Machines that share a job, at least 1.</summary>
    public int Nodes { get; init; } = 1;

    /// <summary>GPUs of each machine; 0 for none.</summary>
    public int GpusPerNode { get; init; } = 1;

    /// <summary>Lines of a shell before the work: modules, environments.</summary>
    public IReadOnlyList<string> Setup { get; init; } = [];

    /// <summary>How long to wait between two looks at a job; null for the launcher's own time.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>Slurm: the partition; null for the cluster's own choice.</summary>
    public string? Partition { get; init; }

    /// <summary>Slurm: the account; null for the user's own.</summary>
    public string? Account { get; init; }

    /// <summary>Slurm: the longest time that a job may take, as Slurm writes it; null for the partition's.</summary>
    public string? Time { get; init; }

    /// <summary>Slurm: further options of sbatch, such as <c>--mem=0</c>.</summary>
    public IReadOnlyList<string> Directives { get; init; } = [];
}
