using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Exports;

/// <summary>
/// What stands beside exported data: for every row where it comes from, and the recipe's settings of its training in the
/// trainer's own words. LLaMA-Factory gets a YAML file, TRL the arguments of its script.
/// </summary>
internal static class TrainerFiles
{
    /// <summary>Name of the file with a training's settings.</summary>
    /// <param name="stage">The training.</param>
    /// <param name="format">For which trainer.</param>
    public static string NameOf(string stage, ExportFormat format) =>
        format == ExportFormat.LlamaFactory ? $"{stage}.yaml" : $"{stage}.args";

    /// <summary>A line a row, in the data's order: the prompt's id and the row's kind.</summary>
    /// <param name="store">The run.</param>
    /// <param name="stage">The training.</param>
    public static IReadOnlyList<JsonObject> Origins(RunStore store, string stage)
    {
        int dash = stage.LastIndexOf('-');
        int iteration = int.Parse(stage[(dash + 1)..], CultureInfo.InvariantCulture);
        bool actor = stage == StageNames.Actor(iteration);
        if (iteration == 0)
        {
            string made = actor ? StageNames.ActorSftData : StageNames.RefinerSftData;
            return [.. store.FindProduct<SupervisedProduct>(made)!.Rows.Select(row => Origin(row.PromptId, row.Kind))];
        }

        DataProduct data = store.FindProduct<DataProduct>(StageNames.Data(iteration))!;
        return !actor ? [.. data.RefinerRows.Select(row => Origin(row.PromptId, row.Kind))]
            : data.Pairs.Count > 0 ? [.. data.Pairs.Select(pair => Origin(pair.PromptId, "pair"))]
            : [.. (data.ActorRows ?? []).Select(row => Origin(row.PromptId, row.Kind))];
    }

    /// <summary>The settings of a training.</summary>
    /// <param name="values">What decides the run, by dotted key.</param>
    /// <param name="stage">The training.</param>
    /// <param name="preference">Whether it learns pairs.</param>
    /// <param name="format">For which trainer.</param>
    public static string Settings(
        IReadOnlyDictionary<string, string> values, string stage, bool preference, ExportFormat format)
    {
        bool first = stage.EndsWith("-0", StringComparison.Ordinal);
        bool actor = stage.StartsWith("actor-", StringComparison.Ordinal);
        string group = preference ? "dpo"
            : first ? actor ? "actor_sft" : "refiner_sft"
            : actor ? "iteration_sft" : "rft";
        string start = first
            ? RunIdentity.NameOf(
                RecipeTrainings.StartIn(values, actor ? ModelRole.Actor : ModelRole.Refiner) ?? "MODEL")
            : Before(stage);
        return format == ExportFormat.LlamaFactory
            ? Yaml(values, group, stage, preference, start)
            : Arguments(values, group, stage, preference, start);
    }

    private static string Yaml(
        IReadOnlyDictionary<string, string> values, string group, string stage, bool preference, string start)
    {
        bool lora = values.ContainsKey($"{group}.lora.rank");
        StringBuilder text = new(
            $"# The training {stage} of the run as LLaMA-Factory takes it: llamafactory-cli train {stage}.yaml\n"
            + "# template has to be the model's own; batches are one row a device here, gathered up to the recipe's size.\n");
        Line("model_name_or_path", start);
        Line("stage", preference ? "dpo" : "sft");
        Line("do_train", "true");
        Line("finetuning_type", lora ? "lora" : "full");
        if (lora)
        {
            Line("lora_rank", values[$"{group}.lora.rank"]);
            From("lora_alpha", "lora.alpha");
            Line("lora_target", string.Join(',', Targets(values, group)) is "all-linear" or "" ? "all"
                : string.Join(',', Targets(values, group)));
        }

        Line("dataset_dir", ".");
        Line("dataset", stage);
        Line("template", "TEMPLATE");
        From("cutoff_len", "cutoff_tokens");
        if (preference)
        {
            Line("pref_loss", "sigmoid");
            From("pref_beta", "beta");
            From("pref_ftx", "sft_weight");
        }

        From("learning_rate", "learning_rate");
        From("num_train_epochs", "epochs");
        Line("lr_scheduler_type", Schedule(values, group));
        From("warmup_ratio", "warmup_ratio");
        From("weight_decay", "weight_decay");
        From("max_grad_norm", "max_gradient_norm");
        Line("per_device_train_batch_size", "1");
        From("gradient_accumulation_steps", "batch_size");
        Line("seed", Seed(values));
        Line("bf16", "true");
        Line("output_dir", $"saves/{stage}");
        Line("overwrite_output_dir", "true");
        Line("logging_steps", "1");
        Line("save_strategy", "epoch");
        Line("save_only_model", "true");
        Line("report_to", "none");
        return text.ToString();

        void Line(string key, string value) =>
            text.Append(CultureInfo.InvariantCulture, $"{key}: {WithPoint(value)}\n");

        void From(string key, string recipe)
        {
            if (values.TryGetValue($"{group}.{recipe}", out string? value))
            {
                Line(key, value);
            }
        }
    }

    // An argument a line, for a shell's $(cat FILE) or trl's --config after its own fashion.
    private static string Arguments(
        IReadOnlyDictionary<string, string> values, string group, string stage, bool preference, string start)
    {
        StringBuilder text = new();
        Line("model_name_or_path", start);
        Line("dataset_name", $"{stage}.jsonl");
        Line("output_dir", $"saves/{stage}");
        From("learning_rate", "learning_rate");
        From("num_train_epochs", "epochs");
        Line("lr_scheduler_type", Schedule(values, group));
        From("warmup_ratio", "warmup_ratio");
        From("weight_decay", "weight_decay");
        From("max_grad_norm", "max_gradient_norm");
        From("max_length", "cutoff_tokens");
        Line("per_device_train_batch_size", "1");
        From("gradient_accumulation_steps", "batch_size");
        Line("seed", Seed(values));
        if (preference)
        {
            From("beta", "beta");
            if (values.TryGetValue($"{group}.sft_weight", out string? weight))
            {
                Line("loss_type", "sigmoid sft");
                Line("loss_weights", $"1.0 {weight}");
            }
        }

        if (values.TryGetValue($"{group}.lora.rank", out string? rank))
        {
            text.Append("--use_peft\n");
            Line("lora_r", rank);
            From("lora_alpha", "lora.alpha");
            Line("lora_target_modules", string.Join(' ', Targets(values, group)));
        }

        return text.ToString();

        void Line(string key, string value) => text.Append(CultureInfo.InvariantCulture, $"--{key} {value}\n");

        void From(string key, string recipe)
        {
            if (values.TryGetValue($"{group}.{recipe}", out string? value))
            {
                Line(key, value);
            }
        }
    }

    // YAML 1.1 takes 2e-07 for a text, and 2.0e-07 for a number.
    private static string WithPoint(string value) =>
        value.IndexOfAny(['e', 'E']) is > 0 and int exponent
        && !value.Contains('.', StringComparison.Ordinal)
        && double.TryParse(value, CultureInfo.InvariantCulture, out _)
            ? value.Insert(exponent, ".0")
            : value;

    private static JsonObject Origin(string prompt, string kind) => new() { ["prompt_id"] = prompt, ["kind"] = kind };

    private static string Before(string stage)
    {
        int dash = stage.LastIndexOf('-');
        int iteration = int.Parse(stage[(dash + 1)..], CultureInfo.InvariantCulture);
        return $"saves/{stage[..dash]}-{(iteration - 1).ToString(CultureInfo.InvariantCulture)}";
    }

    private static string[] Targets(IReadOnlyDictionary<string, string> values, string group) =>
    [
        .. values.Where(value =>
                value.Key.StartsWith($"{group}.lora.target_modules.", StringComparison.Ordinal))
            .Select(value => value.Value),
    ];

    // Warm-up belongs to the schedule's name where the rate stays.
    private static string Schedule(IReadOnlyDictionary<string, string> values, string group) =>
        values.GetValueOrDefault($"{group}.schedule", "constant") is var schedule && schedule == "constant"
            ? "constant_with_warmup" : schedule;

    // Trainers take seeds of 32 bits.
    private static string Seed(IReadOnlyDictionary<string, string> values) =>
        (ulong.Parse(values.GetValueOrDefault("seed", "1"), CultureInfo.InvariantCulture) % int.MaxValue)
            .ToString(CultureInfo.InvariantCulture);
}
