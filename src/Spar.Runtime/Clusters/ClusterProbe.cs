using System.Globalization;
using Spar.Ground;
using Spar.Runtime.Launchers;
using Spar.Runtime.Trainers;

namespace Spar.Runtime.Clusters;

/// <summary>
/// A short job of Slurm, submitted as a training would be, that says from every node whether it sees the folder of runs,
/// which GPUs it has and which version the trainer has there.
/// </summary>
/// <param name="options">Nodes, partition and the like, as the recipe has them.</param>
/// <param name="program">The trainer; null for none.</param>
/// <param name="time">The clock.</param>
internal sealed class ClusterProbe(LauncherOptions options, TrainerProgram? program, TimeProvider time)
{
    private const string Node = "spar-node ", Gpu = "spar-gpu ", Version = "spar-version ";

    /// <summary>Submits it, waits for its end, and reads what it says.</summary>
    /// <param name="directory">Where runs go.</param>
    /// <param name="patience">The longest time that it may take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<ClusterFinding>> LookAsync(
        string directory, TimeSpan patience, CancellationToken cancellationToken)
    {
        string token = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray()[..8]);
        string folder = Path.Combine(Path.GetFullPath(directory), $"spar-probe-{token}");
        SlurmLauncher launcher = new(options with { Interval = TimeSpan.FromSeconds(1), Time = "5" }, time);
        LaunchJob job = new(
            folder, "spar-probe", token,
            [
                $"echo \"{Node}${{SLURMD_NODENAME:-$(hostname)}}\"",
                $"nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | sed 's/^/{Gpu}/'",
                program is null ? "true" : $"({program.VersionLine}) 2>&1 | tail -n 3 | sed 's/^/{Version}/'",
            ],
            []);
        string? id = null;
        try
        {
            Directory.CreateDirectory(folder);
            id = await launcher.SubmitAsync(job, cancellationToken).ConfigureAwait(false);
            long begun = time.GetTimestamp();
            JobState state;
            while ((state = await launcher.StateAsync(job, id, cancellationToken).ConfigureAwait(false)).Phase
                != JobPhase.Ended)
            {
                if (time.GetElapsedTime(begun) > patience)
                {
                    return
                    [
                        new("probe", FindingState.Missing, string.Create(
                            CultureInfo.InvariantCulture,
                            $"job {id} has not ended after {patience.TotalSeconds:0} seconds ({state.Detail ?? "it runs"})"),
                            "squeue --start says when jobs may begin; --wait waits longer."),
                    ];
                }

                await Task.Delay(launcher.Interval, time, cancellationToken).ConfigureAwait(false);
            }

            return Read(job, state, directory);
        }
        catch (LaunchException fault)
        {
            return [new("probe", FindingState.Missing, fault.Message)];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return
            [
                new("shared directory", FindingState.Missing, $"{directory} cannot be written: {fault.Message}",
                    "Name another with --output."),
            ];
        }
        finally
        {
            if (id is not null)
            {
                await launcher.CancelAsync(id, CancellationToken.None).ConfigureAwait(false);
            }

            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private List<ClusterFinding> Read(LaunchJob job, JobState state, string directory)
    {
        string[] lines = File.Exists(job.Log)
            ? [.. File.ReadAllLines(job.Log).Select(line => HarmlessText.Name(line.Trim()))]
            : [];
        string[] nodes = [.. Of(Node).Order(StringComparer.Ordinal)], gpus = [.. Of(Gpu)], versions = [.. Of(Version)];
        List<ClusterFinding> findings =
        [
            nodes.Length == options.Nodes
                ? new("shared directory", FindingState.Ok, $"{directory} is seen by {string.Join(", ", nodes)}")
                : new("shared directory", FindingState.Missing, string.Create(
                    CultureInfo.InvariantCulture,
                    $"{nodes.Length} of {options.Nodes} nodes have written to {directory} (the job ended as {state.End})"),
                    "Let runs go where every node sees them: --output /shared/runs/NAME."),
        ];
        if (options.GpusPerNode > 0)
        {
            findings.Add(gpus.Length >= options.Nodes * options.GpusPerNode
                ? new("GPUs of nodes", FindingState.Ok, string.Join("; ", gpus.CountBy(gpu => gpu).Select(one => $"{one.Value} x {one.Key}")))
                : new("GPUs of nodes", FindingState.Missing, string.Create(
                    CultureInfo.InvariantCulture, $"{gpus.Length} are seen by jobs, of {options.Nodes * options.GpusPerNode}"),
                    "See whether nvidia-smi runs on the nodes, and whether gres.conf names their GPUs."));
        }

        if (program is not null)
        {
            string said = string.Join(' ', versions);
            findings.Add(program.VersionIn(said) is { Length: > 0 } version && char.IsAsciiDigit(version[0])
                ? new($"{program.Name} on nodes", FindingState.Ok, version)
                : new($"{program.Name} on nodes", FindingState.Missing, TrainerWords.LastLine(said), program.Installing));
        }

        return findings;

        IEnumerable<string> Of(string mark) =>
            lines.Where(line => line.StartsWith(mark, StringComparison.Ordinal)).Select(line => line[mark.Length..]);
    }
}
