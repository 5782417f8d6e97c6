using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Spar.Exports;
using Spar.Ground;
using Spar.Recipes;
using Spar.Runtime.Launchers;
using Spar.Seams;

namespace Spar.Runtime.Trainers;

/// <summary>
/// A trainer that somebody else wrote: how its inputs are written, how it is started, and where it says what.
/// </summary>
/// <param name="options">What the recipe says of it.</param>
public abstract partial class TrainerProgram(TrainerOptions options)
{
    /// <summary>The folder, beside the inputs, that the trainer writes into.</summary>
    public const string OutputFolder = "out";

    private const string DataFolder = "data";

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

    /// <summary>The format of its rows.</summary>
    protected abstract ExportFormat Format { get; }

    /// <summary>What the recipe says of it.</summary>
    protected TrainerOptions Options { get; } = options;

    /// <summary>Lines of a shell that start it on one node, with RESUME set to a checkpoint or to nothing.</summary>
    /// <param name="name">The training.</param>
    public abstract IReadOnlyList<string> CommandLines(string name);

    /// <summary>Writes what the trainer is told beside its rows.</summary>
    /// <param name="folder">The folder of the training.</param>
    /// <param name="sheet">The training.</param>
    protected abstract void WriteSheet(string folder, TrainerSheet sheet);

    /// <summary>Writes everything that a training takes: data, what each row comes from, settings.</summary>
    /// <param name="folder">The folder of the training, as a full path.</param>
    /// <param name="name">The training.</param>
    /// <param name="job">What to train, on what.</param>
    /// <exception cref="TrainingFaultException">A row cannot be learnt; it is named.</exception>
    /// <exception cref="UserFaultException">A file cannot be written.</exception>
    public void WriteInputs(string folder, string name, TrainingJob job)
    {
        bool preference = job.Data is TrainingData.Preference;
        IEnumerable<JsonObject> rows = job.Data switch
        {
            TrainingData.Supervised data => data.Examples.Select(row => TrainerRows.ToJson(row, Format)),
            TrainingData.Preference data => data.Pairs.Select(pair => TrainerRows.ToJson(pair, Format)),
            _ => throw new ArgumentException($"Unknown kind of training data: {job.Data.GetType().Name}.", nameof(job)),
        };
        IEnumerable<JsonObject> origins = job.Data switch
        {
            TrainingData.Supervised data => data.Examples.Select(row => Origin(row.PromptId, row.Kind)),
            TrainingData.Preference data => data.Pairs.Select(pair => Origin(pair.PromptId, "pair")),
            _ => [],
        };
        RowRules.Check(name, job.Data, Name);
        bool list = Format == ExportFormat.LlamaFactory;
        string file = $"{name}.{(list ? "json" : "jsonl")}";
        string data_ = Path.Combine(folder, DataFolder);
        AtomicFile.Write(Path.Combine(data_, file), stream =>
            _ = list ? TrainerRows.WriteList(stream, rows) : TrainerRows.WriteLines(stream, rows));
        AtomicFile.Write(
            Path.Combine(data_, $"{name}.rows.jsonl"), stream => TrainerRows.WriteLines(stream, origins));
        if (list)
        {
            JsonObject info = new() { [name] = TrainerRows.Info(file, preference) };
            AtomicFile.WriteText(
                Path.Combine(data_, "dataset_info.json"), info.ToJsonString(JsonSettings.Readable) + "\n");
        }

        WriteSheet(folder, Sheet(name, job));
    }

    /// <summary>The training as the trainer is told of it.</summary>
    /// <param name="name">The training.</param>
    /// <param name="job">What to train.</param>
    public TrainerSheet Sheet(string name, TrainingJob job) => new()
    {
        Name = name,
        Preference = job.Data is TrainingData.Preference,
        StartModel = Path.GetFullPath(job.StartModel),
        Settings = RecipeKeys.Deciding(job.Data.Common, (_, text) => text),
        Seed = job.Seed,
        DataFolder = DataFolder,
        Output = OutputFolder,
        Template = Options.Template,
        Devices = Options.Devices,
        RowsPerDevice = Options.RowsPerDevice,
        OnCpu = Options.Launcher.GpusPerNode == 0,
        SaveSteps = Options.SaveSteps,
        More = Options.Settings,
    };

    /// <summary>The command as words of a shell.</summary>
    protected string CommandWords => string.Join(' ', Command.Select(JobScript.Quote));

    private static JsonObject Origin(string prompt, string kind) => new() { ["prompt_id"] = prompt, ["kind"] = kind };
}

/// <summary>What a recipe says of a trainer that somebody else wrote.</summary>
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

    /// <summary>How often a training is started that ends for a passing reason, at least 1.</summary>
    public int Tries { get; init; } = 1;

    /// <summary>Nodes, devices and the like.</summary>
    public LauncherOptions Launcher { get; init; } = new();

    /// <summary>Devices that share a step: all GPUs of all nodes, or a process a node where there are none.</summary>
    public int Devices => Launcher.Nodes * Math.Max(1, Launcher.GpusPerNode);
}
