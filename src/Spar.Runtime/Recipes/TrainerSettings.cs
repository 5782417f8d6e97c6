using System.ComponentModel.DataAnnotations;
using Spar.Recipes;

namespace Spar.Runtime.Recipes;

/// <summary>
/// What trains a run's models. Which trainer it is decides a run; how it is started does not, and may change within one:
/// what came out is recorded by its digest.
/// </summary>
public sealed record TrainerSettings : IRecipeRules
{
    /// <summary>
    /// The trainer: the embedded engine, on this machine's processor; LLaMA-Factory; or TRL. The recipe's settings of
    /// trainings (dpo, rft and the like) hold for all of them.
    /// </summary>
    public required TrainerKind Kind { get; init; }

    /// <summary>
    /// Processes of the embedded engine that share each step of a training, over MPI; in all, on all nodes. What comes out
    /// has the same bytes with any number of them.
    /// </summary>
    [Decides(Results.None), Range(1, 10_000)]
    public int Ranks { get; init; } = 1;

    /// <summary>
    /// Threads of each of these processes; its share of the machine's processors, or what Slurm gives a task, when not
    /// given.
    /// </summary>
    [Decides(Results.None), Range(1, 10_000)]
    public int? Threads { get; init; }

    /// <summary>LLaMA-Factory's name of the model's chat template, such as llama3, mistral, qwen or glm4.</summary>
    [Decides(Results.None), MinLength(1)]
    public string? Template { get; init; }

    /// <summary>
    /// The program and its first arguments, one entry each; when not given llamafactory-cli, for TRL the Python that has it
    /// (python3), and for ranks what starts them (mpirun --bind-to none).
    /// </summary>
    [Decides(Results.None)]
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>
    /// Further settings in the trainer's own words, each as "key: value", such as "deepspeed: ds_z3_config.json"; they
    /// take the place of those that come of the recipe.
    /// </summary>
    [Decides(Results.None)]
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>Rows that a device takes at once; steps have a training's batch_size, whatever this is.</summary>
    [Decides(Results.None), Range(1, 1_000_000)]
    public int RowsPerDevice { get; init; } = 1;

    /// <summary>
    /// Steps between two checkpoints with the optimizer's state, from which an interrupted training goes on; 0 keeps the
    /// result alone (the embedded engine: a state every ten minutes).
    /// </summary>
    [Decides(Results.None), Range(0, int.MaxValue)]
    public int SaveSteps { get; init; }

    /// <summary>Minutes for which a running training may write nothing before it is ended; 0 waits for ever.</summary>
    [Decides(Results.None), Range(0.0, 100_000.0)]
    public double PatienceMinutes { get; init; } = 30;

    /// <summary>Rows that the trainer may leave out of those that it is given; more is a fault.</summary>
    [Decides(Results.None), Range(0, int.MaxValue)]
    public int DroppedRows { get; init; }

    /// <summary>
    /// How often a training is started that ends for a passing reason: silence, a lost node, a checkpoint that is not
    /// whole, or (with save_steps) time that is over.
    /// </summary>
    [Decides(Results.None), Range(1, 1000)]
    public int Tries { get; init; } = 1;

    /// <summary>Where it runs.</summary>
    [Decides(Results.None)]
    public LauncherSettings Launcher { get; init; } = new();

    /// <summary>Devices that share a step.</summary>
    internal int Devices => Launcher.Nodes * Math.Max(1, Launcher.GpusPerNode);

    /// <summary>The settings in the trainer's words, apart into key and value.</summary>
    internal IEnumerable<KeyValuePair<string, string>> Words => Settings.Where(IsPair).Select(one =>
    {
        int colon = one.IndexOf(':', StringComparison.Ordinal);
        return new KeyValuePair<string, string>(one[..colon].Trim(), one[(colon + 1)..].Trim());
    });

    /// <inheritdoc/>
    public void Check(RecipeCheck check)
    {
        if (Kind == TrainerKind.Embedded)
        {
            check.That(
                Launcher.Kind != LauncherKind.Kubernetes, "launcher.kind",
                "must be local or slurm where the embedded engine trains", Launcher.Kind);
            check.That(
                Launcher.Kind == LauncherKind.Slurm || Launcher.Nodes == 1, "launcher.nodes",
                "must be 1 on this machine; several nodes take launcher.kind slurm", Launcher.Nodes);
            check.That(
                Ranks % Launcher.Nodes == 0, "ranks", "must be a multiple of launcher.nodes", Ranks);
            return;
        }

        check.That(
            Ranks == 1, "ranks", "must be 1 but for kind embedded; devices are launcher.nodes and gpus_per_node", Ranks);
        check.That(
            Kind != TrainerKind.Llamafactory || Template is not null, "template",
            "must name the model's chat template as LLaMA-Factory calls it, such as llama3", Template);
        check.That(
            Settings.All(IsPair), "settings",
            "must have entries as \"key: value\"", Settings);
        check.That(
            Launcher.Kind == LauncherKind.Slurm || Launcher.Nodes == 1, "launcher.nodes",
            Launcher.Kind == LauncherKind.Local
                ? "must be 1 on this machine; several nodes take launcher.kind slurm"
                : "must be 1 under Kubernetes; several nodes take launcher.kind slurm", Launcher.Nodes);
        Launcher.Check(check);
    }

    private static bool IsPair(string setting) => setting.IndexOf(':', StringComparison.Ordinal) > 0;
}

/// <summary>Trainers.</summary>
public enum TrainerKind
{
    /// <summary>The embedded engine.</summary>
    Embedded,

    /// <summary>LLaMA-Factory.</summary>
    Llamafactory,

    /// <summary>TRL.</summary>
    Trl,
}

/// <summary>Where long work runs.</summary>
public sealed record LauncherSettings
{
    /// <summary>A process of this machine, a job of Slurm, or one of Kubernetes.</summary>
    public LauncherKind Kind { get; init; } = LauncherKind.Local;

    /// <summary>Machines that share a training; more than 1 needs Slurm.</summary>
    [Range(1, 100_000)]
    public int Nodes { get; init; } = 1;

    /// <summary>GPUs of each machine; 0 trains on its processor.</summary>
    [Range(0, 1000)]
    public int GpusPerNode { get; init; } = 1;

    /// <summary>Slurm's partition; the cluster's own choice when not given.</summary>
    [MinLength(1)]
    public string? Partition { get; init; }

    /// <summary>Slurm's account; the user's own when not given.</summary>
    [MinLength(1)]
    public string? Account { get; init; }

    /// <summary>The longest time that a job may take, as Slurm writes it (1-12:00:00); the partition's, or none, when not given.</summary>
    [MinLength(1)]
    public string? Time { get; init; }

    /// <summary>Further options of sbatch, one an entry, such as --mem=0 or --constraint=h100.</summary>
    public IReadOnlyList<string> Directives { get; init; } = [];

    /// <summary>Lines of a shell before the work, such as "module load cuda" or "source venv/bin/activate".</summary>
    public IReadOnlyList<string> Setup { get; init; } = [];

    /// <summary>
    /// Seconds between two looks at a job; 1 for this machine, 15 for Slurm and 5 for Kubernetes when not given.
    /// </summary>
    [Range(0.01, 3600.0)]
    public double? PollSeconds { get; init; }

    /// <summary>Kubernetes: the container's image, which has bash, the program and what it needs.</summary>
    [MinLength(1)]
    public string? Image { get; init; }

    /// <summary>Kubernetes: the namespace; default when not given.</summary>
    [MinLength(1)]
    public string? Namespace { get; init; }

    /// <summary>Kubernetes: the PersistentVolumeClaim (ReadWriteMany) that holds the run directory.</summary>
    [MinLength(1)]
    public string? Claim { get; init; }

    /// <summary>Kubernetes: where the claim is mounted, in pods as on this machine.</summary>
    [MinLength(1)]
    public string Mount { get; init; } = "/shared";

    /// <summary>
    /// Kubernetes: what a container asks for and is limited to, beside GPUs, each as "name: quantity", such as
    /// "memory: 64Gi".
    /// </summary>
    public IReadOnlyList<string> Resources { get; init; } = [];

    /// <summary>
    /// Kubernetes: whether jobs are submitted; else their manifests (job.yaml) wait for somebody to apply them, and the
    /// run follows the files that they write.
    /// </summary>
    public bool Submit { get; init; } = true;

    /// <summary>Checks that a launcher has what its kind needs.</summary>
    /// <param name="check">Collects what is wrong, in the group that the launcher stands in.</param>
    internal void Check(RecipeCheck check)
    {
        if (Kind != LauncherKind.Kubernetes)
        {
            return;
        }

        check.That(Image is not null, "launcher.image", "must name the container's image under Kubernetes", Image);
        check.That(
            Claim is not null, "launcher.claim",
            "must name the PersistentVolumeClaim that holds the run directory under Kubernetes", Claim);
        check.That(
            Resources.All(one => one.IndexOf(':', StringComparison.Ordinal) > 0), "launcher.resources",
            "must have entries as \"name: quantity\"", Resources);
        check.That(
            Time is null || TimeText.Seconds(Time) > 0, "launcher.time",
            "must be a time as Slurm writes it, such as 1-12:00:00", Time);
    }
}

/// <summary>Places for long work.</summary>
public enum LauncherKind
{
    /// <summary>This machine.</summary>
    Local,

    /// <summary>Slurm.</summary>
    Slurm,

    /// <summary>Kubernetes.</summary>
    Kubernetes,
}
