using System.Text.Json.Nodes;
using Spar.Exports;
using Spar.Ground;
using Spar.Recipes;
using Spar.Seams;

namespace Spar.Runtime.Trainers;

/// <summary>A trainer that somebody else wrote, which is told by a file of rows and a sheet of settings.</summary>
/// <param name="options">What the recipe says of it.</param>
public abstract class SheetProgram(TrainerOptions options) : TrainerProgram(options)
{
    // Only checkpoints to go on from are of use while a training lasts.
    private const string Checkpoints = "checkpoint-*";

    private const string DataFolder = "data";

    /// <summary>The format of its rows.</summary>
    protected abstract ExportFormat Format { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> PrepareLines =>
    [
        "# The last checkpoint from which the optimizer's state lets the training go on.",
        "RESUME=",
        $"for d in $(ls -d {OutputFolder}/{Checkpoints} 2>/dev/null | sort -V); do",
        "  [ -s \"$d/trainer_state.json\" ] || continue",
        "  for o in optimizer.pt optimizer.bin optimizer_0 latest; do [ -e \"$d/$o\" ] && RESUME=$d; done",
        "done",
        "export RESUME",
    ];

    /// <summary>Writes what the trainer is told beside its rows.</summary>
    /// <param name="folder">The folder of the training.</param>
    /// <param name="sheet">The training.</param>
    protected abstract void WriteSheet(string folder, TrainerSheet sheet);

    /// <inheritdoc/>
    public override TrainingData Learnable(TrainingData data) =>
        data is TrainingData.Preference { Pairs: { } pairs } all && pairs.Any(pair => pair.RejectedCutOff == true)
            ? all with { Pairs = [.. TrainerRows.Whole(pairs)] }
            : data;

    /// <inheritdoc/>
    public override void WriteInputs(string folder, string name, TrainingJob job)
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

    private static JsonObject Origin(string prompt, string kind) => new() { ["prompt_id"] = prompt, ["kind"] = kind };
}
