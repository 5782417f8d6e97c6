using System.Globalization;
using Spar.Ground;
using Spar.Runtime.Composition;
using Spar.Runtime.Launchers;
using Spar.Runtime.Models;
using Spar.Runtime.Recipes;
using Spar.Runtime.Trainers;

namespace Spar.Runtime.Clusters;

/// <summary>
/// Looks at what work outside of this process needs: Slurm with its partitions, Kubernetes, GPUs, the trainers and their
/// versions, servers, and with a probe a folder that all nodes see. Without a recipe it says what is there; with one,
/// what of it the recipe lacks.
/// </summary>
/// <param name="recipe">The recipe; null for none.</param>
/// <param name="directory">Where runs go.</param>
/// <param name="time">The clock.</param>
public sealed class ClusterCheck(RunRecipe? recipe, string directory, TimeProvider time)
{
    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(20);

    private readonly List<ClusterFinding> _findings = [];

    private TrainerSettings? Trainer => ModelTrainers.IsOutside(recipe) ? recipe!.Trainer : null;

    private LauncherOptions? Wanted => Trainer is { } trainer ? ModelTrainers.OptionsOf(trainer).Launcher : null;

    // What is to be submitted to Slurm, by its key: the recipe's group, and whether it counts nodes and GPUs.
    private IEnumerable<(string Key, LauncherSettings Launcher)> InSlurm =>
    [
        .. Trainer?.Launcher is { Kind: LauncherKind.Slurm } training
            ? [("trainer.launcher", training with { GpusPerNode = Wanted!.GpusPerNode })]
            : Array.Empty<(string, LauncherSettings)>(),
        .. recipe?.Play is { Shards: > 1, Launcher: { Kind: LauncherKind.Slurm } playing }
            ? [("play.launcher", playing with { GpusPerNode = 0 })] : Array.Empty<(string, LauncherSettings)>(),
    ];

    private (string? Key, LauncherSettings? Launcher) InKubernetes =>
        Trainer?.Launcher is { Kind: LauncherKind.Kubernetes } training ? ("trainer.launcher", training)
        : recipe?.Play is { Shards: > 1, Launcher: { Kind: LauncherKind.Kubernetes } playing } ? ("play.launcher", playing)
        : (null, null);

    private bool NeedsSlurm => InSlurm.Any();

    private bool TrainsHere => Trainer?.Launcher.Kind == LauncherKind.Local;

    /// <summary>Looks at everything.</summary>
    /// <param name="probe">Whether to submit a short job that looks from the nodes; it has to wait for its turn.</param>
    /// <param name="patience">The longest time that the probe may take.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<ClusterFinding>> LookAsync(
        bool probe, TimeSpan patience, CancellationToken cancellationToken)
    {
        bool slurm = await SlurmAsync(cancellationToken).ConfigureAwait(false);
        (string? key, LauncherSettings? launcher) = InKubernetes;
        _findings.AddRange(await new KubernetesFacts().LookAsync(key, launcher, cancellationToken).ConfigureAwait(false));
        await GpusAsync(cancellationToken).ConfigureAwait(false);
        foreach (TrainerKind kind in Enum.GetValues<TrainerKind>())
        {
            await TrainerAsync(kind, cancellationToken).ConfigureAwait(false);
        }

        await ServersAsync(cancellationToken).ConfigureAwait(false);
        if (probe && slurm)
        {
            LauncherOptions options = Wanted ?? new LauncherOptions { GpusPerNode = 0 };
            _findings.AddRange(await new ClusterProbe(options, Program(Trainer?.Kind), time)
                .LookAsync(directory, patience, cancellationToken).ConfigureAwait(false));
        }

        return _findings;
    }

    private async Task<bool> SlurmAsync(CancellationToken cancellationToken)
    {
        if (!OutsideCommand.Exists("sbatch"))
        {
            Add(
                "Slurm", NeedsSlurm ? FindingState.Missing : FindingState.Absent, "there is no sbatch here",
                $"Run spar on a login node of the cluster, or set {InSlurm.FirstOrDefault().Key ?? "trainer.launcher"}.kind to local; on Debian, "
                + "apt-get install slurm-client and the cluster's slurm.conf.");
            return false;
        }

        CommandResult? listed = await AskAsync(
            "sinfo", ["--noheader", $"--format={SlurmPartition.Format}"], cancellationToken).ConfigureAwait(false);
        CommandResult? version = listed is { ExitCode: 0 }
            ? await AskAsync("sinfo", ["--version"], cancellationToken).ConfigureAwait(false)
            : null;
        if (listed is null or { ExitCode: not 0 } || version is null)
        {
            Add(
                "Slurm", NeedsSlurm ? FindingState.Missing : FindingState.Absent,
                $"there is sbatch, but Slurm's controller does not answer: {listed?.Words ?? "nothing within 20 seconds"}",
                "scontrol ping says which controller is meant; SLURM_CONF names another slurm.conf.");
            return false;
        }

        Add("Slurm", FindingState.Ok, version.Words);
        IReadOnlyList<SlurmPartition> partitions = SlurmPartition.Parse(listed.Output);
        foreach (SlurmPartition partition in partitions)
        {
            Add($"partition {partition.Name}", FindingState.Ok, $"{partition}{(partition.Default ? ", the default" : "")}");
        }

        foreach ((string key, LauncherSettings launcher) in InSlurm)
        {
            Fits(key, launcher, partitions);
        }

        return true;
    }

    // What the recipe asks of a partition, against what there is.
    private void Fits(string key, LauncherSettings wanted, IReadOnlyList<SlurmPartition> partitions)
    {
        SlurmPartition? partition = partitions.FirstOrDefault(one =>
            wanted.Partition is null ? one.Default : one.Name == wanted.Partition);
        string name = $"{key}.partition {wanted.Partition ?? "(default)"}";
        if (partition is null)
        {
            Add(
                name, FindingState.Missing, "there is no such partition",
                $"Set {key}.partition to one of {string.Join(", ", partitions.Select(one => one.Name))}.");
            return;
        }

        if (!partition.Up)
        {
            Add(name, FindingState.Missing, "it takes no jobs", $"scontrol update partitionname={partition.Name} state=up");
        }
        else if (partition.Usable < wanted.Nodes)
        {
            Add(
                name, FindingState.Missing,
                Text($"the recipe asks for {wanted.Nodes} nodes, and {partition.Usable} of {partition.Nodes} are usable"),
                partition.Nodes < wanted.Nodes
                    ? Text($"Set {key}.nodes to {Math.Max(1, partition.Nodes)} at most, or take another partition.")
                    : "sinfo --list-reasons says why nodes are down; scontrol update nodename=NODE state=resume brings one back.");
        }
        else if (partition.Gpus < wanted.GpusPerNode)
        {
            Add(
                name, FindingState.Missing,
                Text($"the recipe asks for {wanted.GpusPerNode} GPUs a node, and a node has {partition.Gpus}"),
                Text($"Set {key}.gpus_per_node to {partition.Gpus}, or take another partition."));
        }
        else
        {
            Add(name, FindingState.Ok, Text($"{wanted.Nodes} nodes with {wanted.GpusPerNode} GPUs each can be had"));
        }
    }

    private async Task GpusAsync(CancellationToken cancellationToken)
    {
        CommandResult? listed = await AskAsync(
            "nvidia-smi", ["--query-gpu=name,memory.total", "--format=csv,noheader"], cancellationToken)
            .ConfigureAwait(false);
        string[] gpus = listed is { ExitCode: 0 }
            ? listed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : [];
        int wanted = TrainsHere ? Wanted!.GpusPerNode : 0;
        if (gpus.Length >= Math.Max(1, wanted))
        {
            Add("GPUs here", FindingState.Ok, string.Join("; ", gpus.CountBy(gpu => gpu).Select(one => $"{one.Value} x {one.Key}")));
        }
        else
        {
            Add(
                "GPUs here", wanted > 0 ? FindingState.Missing : FindingState.Absent,
                Text($"{gpus.Length} found by nvidia-smi{(wanted > 0 ? Text($", and the recipe asks for {wanted}") : "")}"),
                wanted > 0
                    ? Text($"Set trainer.launcher.gpus_per_node to {gpus.Length} (0 trains on the processor), or train under Slurm.")
                    : null);
        }
    }

    private async Task TrainerAsync(TrainerKind kind, CancellationToken cancellationToken)
    {
        TrainerProgram program = Program(kind)!;
        bool needed = TrainsHere && Trainer!.Kind == kind;
        IReadOnlyList<string> setup = needed ? Trainer!.Launcher.Setup : [];
        CommandResult? asked = OutsideCommand.Exists("bash")
            ? await AskAsync(
                "bash", ["-c", string.Join('\n', [.. setup, program.VersionLine])], cancellationToken).ConfigureAwait(false)
            : null;
        string name = kind == TrainerKind.Embedded ? "Open MPI, for ranks of the embedded engine" : program.Name;
        if (asked is { ExitCode: 0 })
        {
            Add(name, FindingState.Ok, program.VersionIn(asked.Output));
        }
        else
        {
            Add(
                name, needed ? FindingState.Missing : FindingState.Absent,
                $"{program.Command[0]} does not say its version here"
                + (asked is null ? "" : $": {TrainerWords.Traceback(asked.Errors) ?? TrainerWords.LastLine(asked.Words)}"),
                needed || Trainer is null ? program.Installing : null);
        }
    }

    private async Task ServersAsync(CancellationToken cancellationToken)
    {
        if (recipe is null || !ModelFiles.Named(recipe).Any(model => ModelReference.IsServed(model.Text)))
        {
            return;
        }

        ServerReport report = await ServerReport.AskAsync(recipe, cancellationToken).ConfigureAwait(false);
        foreach ((string key, UserFaultException fault) in report.Faults)
        {
            Add($"servers of {key}", FindingState.Missing, fault.Message);
        }

        foreach (string warning in report.Warnings)
        {
            Add("servers", FindingState.Absent, warning);
        }

        if (report.Faults.Count == 0)
        {
            Add("servers", FindingState.Ok, "every model that the recipe names is answered for");
        }
    }

    private TrainerProgram? Program(TrainerKind? kind) => kind is null
        ? null
        : ModelTrainers.ProgramOf(
            Trainer is { } own && own.Kind == kind ? own : new TrainerSettings { Kind = kind.Value },
            Trainer is { } mine && mine.Kind == kind ? ModelTrainers.OptionsOf(mine) : new TrainerOptions());

    // A command that hangs, as of a controller that is away, is no reason to hang with it.
    private static async Task<CommandResult?> AskAsync(
        string command, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_short);
        try
        {
            return await OutsideCommand.RunAsync(command, arguments, patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private void Add(string name, FindingState state, string detail, string? remedy = null) =>
        _findings.Add(new ClusterFinding(name, state, detail, state == FindingState.Ok ? null : remedy));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
