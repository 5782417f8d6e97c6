using System.Globalization;
using System.Text;
using Spar.Ground;

namespace Spar.Runtime.Launchers;

/// <summary>
/// The two scripts of a job, written into its folder: <c>job.sh</c>, which the launcher starts once, and <c>node.sh</c>,
/// which it starts on every node with NNODES, NODE_RANK, NPROC_PER_NODE, MASTER_ADDR and MASTER_PORT set. The exit status
/// goes to the file <c>exit.TOKEN</c>. Of two jobs with the same token, the first to begin works and the other ends. An
/// array's tasks have TASK set, and files of their own: <c>exit.TOKEN.TASK</c>.
/// </summary>
public static class JobScript
{
    /// <summary>The name of the script that a launcher starts.</summary>
    public const string FileName = "job.sh";

    private const string NodeFile = "node.sh";

    /// <summary>The file with the exit status of a job.</summary>
    /// <param name="job">The job.</param>
    public static string ExitFile(LaunchJob job) => Path.Combine(job.Folder, $"exit.{job.Token}");

    /// <summary>The file with the exit status of a task of an array.</summary>
    /// <param name="job">The array.</param>
    /// <param name="task">Its number.</param>
    public static string ExitFile(LaunchJob job, int task) => $"{ExitFile(job)}.{Number(task)}";

    /// <summary>The exit status that a file holds.</summary>
    /// <param name="file">As <see cref="ExitFile(LaunchJob)"/> names it.</param>
    /// <returns>Null where there is none.</returns>
    public static int? ReadExit(string file)
    {
        try
        {
            return int.TryParse(File.ReadAllText(file), CultureInfo.InvariantCulture, out int code) ? code : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The file with what names the job at its launcher, written by the job itself.</summary>
    /// <param name="job">The job.</param>
    public static string ClaimFile(LaunchJob job) => Path.Combine(job.Folder, $"claim.{job.Token}", "id");

    /// <summary>What names a job at its launcher, as the job itself has noted it.</summary>
    /// <param name="job">The job.</param>
    /// <returns>Null where it has not begun.</returns>
    public static string? ClaimOf(LaunchJob job)
    {
        IEnumerable<string> files = job.Tasks.Count == 0
            ? [ClaimFile(job)]
            : job.Tasks.Select(task => Path.Combine(job.Folder, $"claim.{job.Token}.{Number(task)}", "id"));
        return files.Where(File.Exists).Select(file => File.ReadAllText(file).Trim()).FirstOrDefault(id => id.Length > 0);
    }

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
    /// <param name="task">An array's task number, in words of the shell; null where it is no array.</param>
    /// <exception cref="UserFaultException">They cannot be written.</exception>
    public static void Write(
        LaunchJob job, IEnumerable<string> directives, string id, string address, string port, string start,
        LauncherOptions settings, string? task = null)
    {
        StringBuilder text = new("#!/bin/bash\n");
        foreach (string directive in directives)
        {
            Line(directive);
        }

        Line("# Written by spar; a job runs it, by hand it runs too.");
        Line($"cd {Quote(job.Folder)} || exit 1");
        Line($"id={id}");
        string token = job.Token;
        if (task is not null)
        {
            Line($"export TASK={task}");
            token += ".$TASK";
        }

        Line($"if mkdir claim.{token} 2>/dev/null; then echo \"$id\" >claim.{token}/id; fi");
        Line($"[ \"$(cat claim.{token}/id 2>/dev/null)\" = \"$id\" ] || exit 0");
        Line($"rm -f exit.{token}");
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
        Line($"echo $code >exit.{token}.tmp && mv exit.{token}.tmp exit.{token}");
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

    /// <summary>Kubernetes: <see cref="Time"/> in seconds; null for no limit.</summary>
    public long? Seconds { get; init; }

    /// <summary>Kubernetes: the image of the container.</summary>
    public string? Image { get; init; }

    /// <summary>Kubernetes: the namespace; null for the context's own.</summary>
    public string? Namespace { get; init; }

    /// <summary>Kubernetes: the PersistentVolumeClaim that holds the run directory.</summary>
    public string? Claim { get; init; }

    /// <summary>Kubernetes: where the claim is mounted, in pods as here.</summary>
    public string Mount { get; init; } = "/shared";

    /// <summary>Kubernetes: what a container asks for and is limited to, such as memory: 64Gi.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Resources { get; init; } = [];

    /// <summary>Kubernetes: whether jobs are submitted; else their manifests wait for somebody to apply them.</summary>
    public bool Submit { get; init; } = true;
}
