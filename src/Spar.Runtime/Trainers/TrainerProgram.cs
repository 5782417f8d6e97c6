using System.Text.RegularExpressions;
using Spar.Ground;
using Spar.Runtime.Launchers;
using Spar.Seams;

namespace Spar.Runtime.Trainers;

/// <summary>
/// A trainer outside of this process: how its inputs are written, how it is started, and where it says what.
/// </summary>
/// <param name="options">What the recipe says of it.</param>
public abstract partial class TrainerProgram(TrainerOptions options)
{
    /// <summary>The folder, beside the inputs, that the trainer writes into.</summary>
    public const string OutputFolder = "out";

    /// <summary>Its name.</summary>
    public abstract string Name { get; }

    /// <summary>What to do where it is not there.</summary>
    public abstract string Installing { get; }

    /// <summary>The program and its first arguments.</summary>
    public abstract IReadOnlyList<string> Command { get; }

    /// <summary>A line of a shell that prints its version.</summary>
    public abstract string VersionLine { get; }

    /// <summary>The version out of what that line prints; the whole text where none is found.</summary>
    /// <param name="printed">What it printed.</param>
    public string VersionIn(string printed) =>
        Number().Match(printed) is { Success: true } found ? found.Value : printed.Trim();

    [GeneratedRegex(@"\d+\.\d+(\.\w+)*")]
    private static partial Regex Number();

    /// <summary>What the recipe says of it.</summary>
    protected TrainerOptions Options { get; } = options;

    /// <summary>Lines of a shell that start it on one node, with RESUME set to a checkpoint or to nothing.</summary>
    /// <param name="name">The training.</param>
    public abstract IReadOnlyList<string> CommandLines(string name);

    /// <summary>Lines of a shell that the first node runs before; the trainer's own start follows.</summary>
    public virtual IReadOnlyList<string> PrepareLines => [];

    /// <summary>Whether its start is made on every node; else on the first, and it reaches the others by itself.</summary>
    public virtual bool StartsOnEachNode => true;

    /// <summary>Processes that it starts on a node, where it reaches the nodes by itself.</summary>
    public virtual int TasksPerNode => 1;

    /// <summary>Whether it can keep models in the midst of a training (<see cref="TrainingJob.SaveEvery"/>).</summary>
    public virtual bool KeepsModels => false;

    /// <summary>The rows that it can learn.</summary>
    /// <param name="data">All that there are.</param>
    public virtual TrainingData Learnable(TrainingData data) => data;

    /// <summary>Writes everything that a training takes: data, what each row comes from, settings.</summary>
    /// <param name="folder">The folder of the training, as a full path.</param>
    /// <param name="name">The training.</param>
    /// <param name="job">What to train, on what.</param>
    /// <exception cref="TrainingFaultException">A row cannot be learnt; it is named.</exception>
    /// <exception cref="UserFaultException">A file cannot be written.</exception>
    public abstract void WriteInputs(string folder, string name, TrainingJob job);

    /// <summary>What is wrong with what it left after it ended well; null where all is there.</summary>
    /// <param name="folder">The folder of the training.</param>
    public virtual string? FaultOf(string folder) => CheckpointHealth.FaultOf(Path.Combine(folder, OutputFolder));

    /// <summary>Why it ended before it was done, in words of its own; null where it has none.</summary>
    /// <param name="printed">What it printed.</param>
    public virtual string? LastWords(string printed) => TrainerWords.Traceback(printed);

    /// <summary>What to do where it runs out of memory.</summary>
    public virtual string LessMemory => Options.RowsPerDevice > 1
        ? "Set trainer.rows_per_device lower (the steps stay the same)"
        : "Give it more devices (trainer.launcher), or let them share the model (trainer.settings: deepspeed), or "
            + "train an adapter (lora), or lower cutoff_tokens";

    /// <summary>What it reports of a training that ended well; null where its log is all there is.</summary>
    /// <param name="folder">The folder of the training.</param>
    public virtual TrainingReport? ReportIn(string folder) => null;

    /// <summary>Takes what it left for the checkpoint; called again after a kill at any moment it comes to the same.</summary>
    /// <param name="folder">The folder of the training.</param>
    /// <param name="job">The training.</param>
    /// <exception cref="UserFaultException">It cannot be written.</exception>
    public virtual void Adopt(string folder, TrainingJob job) =>
        TrainedCheckpoint.Adopt(Path.Combine(folder, OutputFolder), job.StartModel, job.OutputModel);

    /// <summary>The command as words of a shell.</summary>
    protected string CommandWords => string.Join(' ', Command.Select(JobScript.Quote));
}

/// <summary>What a recipe says of a trainer outside of this process.</summary>
public sealed record TrainerOptions
{
    /// <summary>The program and its first arguments; empty for the trainer's usual one.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>LLaMA-Factory's name of the model's chat template.</summary>
    public string? Template { get; init; }

    /// <summary>Words of the trainer's own.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Settings { get; init; } = [];

    /// <summary>Rows that a device takes at once, at least 1.</summary>
    public int RowsPerDevice { get; init; } = 1;

    /// <summary>Steps between two checkpoints to go on from; 0 for none.</summary>
    public int SaveSteps { get; init; }

    /// <summary>How long a training may write nothing; zero for ever.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Rows that the trainer may leave out, at most.</summary>
    public int DroppedRows { get; init; }

    /// <summary>Processes of the embedded engine that share a training, at least 1.</summary>
    public int Ranks { get; init; } = 1;

    /// <summary>Threads of each; null for its share of the processors.</summary>
    public int? Threads { get; init; }

    /// <summary>The date that chat templates see; null takes their default.</summary>
    public DateOnly? TemplateDate { get; init; }

    /// <summary>What the embedded engine multiplies; null takes float32.</summary>
    public NumberType? Dtype { get; init; }

    /// <summary>How often a training is started that ends for a passing reason, at least 1.</summary>
    public int Tries { get; init; } = 1;

    /// <summary>Nodes, devices and the like.</summary>
    public LauncherOptions Launcher { get; init; } = new();

    /// <summary>Devices that share a step: all GPUs of all nodes, or a process a node where there are none.</summary>
    public int Devices => Launcher.Nodes * Math.Max(1, Launcher.GpusPerNode);
}
