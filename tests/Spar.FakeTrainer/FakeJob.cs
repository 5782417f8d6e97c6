using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spar.Seams;
using YamlDotNet.RepresentationModel;

namespace Spar.FakeTrainer;

/// <summary>A training as a real trainer would read it out of its own files.</summary>
internal sealed record FakeJob(
    string Model, string Output, bool Preference, IReadOnlyList<JsonObject> Rows,
    IReadOnlyDictionary<string, string> Settings, string? Resume, bool IsLlamaFactory)
{
    // What LLaMA-Factory 0.9.5 takes, as far as spar writes it; others end a run of it.
    private static readonly string[] s_known =
    [
        "model_name_or_path", "stage", "do_train", "finetuning_type", "lora_rank", "lora_alpha", "lora_target",
        "dataset_dir", "dataset", "template", "cutoff_len", "overwrite_cache", "preprocessing_num_workers", "pref_loss",
        "pref_beta", "pref_ftx", "learning_rate", "num_train_epochs", "max_steps", "lr_scheduler_type", "warmup_ratio",
        "weight_decay", "max_grad_norm", "per_device_train_batch_size", "gradient_accumulation_steps", "seed", "bf16",
        "use_cpu", "output_dir", "overwrite_output_dir", "logging_steps", "save_strategy", "save_steps",
        "save_total_limit", "save_only_model", "plot_loss", "report_to", "ddp_timeout", "ddp_backend", "deepspeed",
        "resume_from_checkpoint",
    ];

    public string? UnknownKey => IsLlamaFactory ? Settings.Keys.FirstOrDefault(key => !s_known.Contains(key)) : null;

    public static FakeJob OfYaml(string path, IEnumerable<string> settings)
    {
        YamlStream yaml = [];
        yaml.Load(new StringReader(File.ReadAllText(path)));
        Dictionary<string, string> values = ((YamlMappingNode)yaml.Documents[0].RootNode).Children
            .ToDictionary(one => one.Key.ToString(), one => one.Value.ToString(), StringComparer.Ordinal);
        foreach (string setting in settings)
        {
            values[setting[..setting.IndexOf('=', StringComparison.Ordinal)]] =
                setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..];
        }

        JsonNode info = JsonNode.Parse(File.ReadAllText(Path.Combine(values["dataset_dir"], "dataset_info.json")))!;
        JsonNode set = info[values["dataset"]]
            ?? throw new InvalidOperationException($"Undefined dataset {values["dataset"]} in dataset_info.json.");
        string file = Path.Combine(values["dataset_dir"], (string)set["file_name"]!);
        return new FakeJob(
            values["model_name_or_path"], values["output_dir"], values["stage"] == "dpo",
            [.. JsonNode.Parse(File.ReadAllText(file))!.AsArray().Select(row => row!.AsObject())], values,
            values.GetValueOrDefault("resume_from_checkpoint"), true);
    }

    public static FakeJob OfJson(string path, string? resume)
    {
        JsonNode job = JsonNode.Parse(File.ReadAllText(path))!;
        Dictionary<string, string> values = job["arguments"]!.AsObject()
            .ToDictionary(one => one.Key, one => one.Value!.ToString(), StringComparer.Ordinal);
        return new FakeJob(
            (string)job["model"]!, values["output_dir"], (bool)job["preference"]!,
            [.. File.ReadLines((string)job["data"]!).Select(line => JsonNode.Parse(line)!.AsObject())], values, resume,
            false);
    }

    /// <summary>The same for the embedded engine.</summary>
    public TrainingData Data(int world)
    {
        int batch = world * Whole("per_device_train_batch_size", 1) * Whole("gradient_accumulation_steps", 1);
        LearningRateSchedule schedule = Settings.GetValueOrDefault("lr_scheduler_type") switch
        {
            "linear" => LearningRateSchedule.Linear,
            "cosine" => LearningRateSchedule.Cosine,
            _ => LearningRateSchedule.Constant,
        };
        int cutoff = Whole(IsLlamaFactory ? "cutoff_len" : "max_length", 1024);
        double rate = Number("learning_rate", 5e-5), epochs = Number("num_train_epochs", 3);
        double warmup = Number("warmup_ratio", 0);
        return Preference
            ? new TrainingData.Preference([.. Rows.Select(Pair)], new PreferenceSettings
            {
                LearningRate = rate,
                Schedule = schedule,
                WarmupRatio = warmup,
                Epochs = epochs,
                BatchSize = batch,
                CutoffTokens = cutoff,
                Beta = Number(IsLlamaFactory ? "pref_beta" : "beta", 0.1),
                SftWeight = IsLlamaFactory ? Number("pref_ftx", 0) : 0,
            })
            : new TrainingData.Supervised([.. Rows.Select(Row)], new SupervisedSettings
            {
                LearningRate = rate,
                Schedule = schedule,
                WarmupRatio = warmup,
                Epochs = epochs,
                BatchSize = batch,
                CutoffTokens = cutoff,
            });
    }

    public int Whole(string key, int otherwise) => (int)Number(key, otherwise);

    private double Number(string key, double otherwise) =>
        Settings.TryGetValue(key, out string? text) ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private SupervisedRow Row(JsonObject row)
    {
        JsonNode[] turns = IsLlamaFactory
            ? [.. row["messages"]!.AsArray()!]
            : [.. row["prompt"]!.AsArray()!, .. row["completion"]!.AsArray()!];
        return new SupervisedRow("", "", Text(turns[^2]), Text(turns[^1])) { Context = Context(turns[..^2]) };
    }

    private PreferencePair Pair(JsonObject row)
    {
        JsonNode[] turns = [.. row[IsLlamaFactory ? "messages" : "prompt"]!.AsArray()!];
        return new PreferencePair("", Text(turns[^1]), Side("chosen"), Side("rejected")) { Context = Context(turns[..^1]) };

        string Side(string name) => Text(IsLlamaFactory ? row[name]! : row[name]![0]!);
    }

    private static string Text(JsonNode turn) => (string)turn["content"]!;

    private static IReadOnlyList<ChatTurn>? Context(JsonNode[] turns) => turns.Length == 0
        ? null
        : [.. turns.Select(turn => new ChatTurn((string)turn["role"]!, Text(turn)))];
}
