using System.Globalization;
using System.Text.Json;

namespace Spar.Exports;

/// <summary>
/// A training in the words of LLaMA-Factory 0.9: the YAML file of <c>llamafactory-cli train</c>. Which keys there are,
/// and what they do, comes from its documentation and from runs of it.
/// </summary>
public static class LlamaFactorySheet
{
    // A collective call may take as long as the slowest rank needs to make the data ready: 50,000 hours, the value of
    // LLaMA-Factory's own examples.
    private const string DdpTimeout = "180000000";

    /// <summary>Keys and values of the file, in its order, as YAML writes them.</summary>
    /// <param name="sheet">The training.</param>
    public static IReadOnlyList<KeyValuePair<string, string>> Words(TrainerSheet sheet)
    {
        List<KeyValuePair<string, string>> words = [];
        Word("model_name_or_path", Plain(sheet.StartModel));
        Word("stage", sheet.Preference ? "dpo" : "sft");
        Word("do_train", "true");
        Word("finetuning_type", sheet.Setting("lora.rank") is null ? "full" : "lora");
        if (sheet.Setting("lora.rank") is { } rank)
        {
            Word("lora_rank", rank);
            From("lora_alpha", "lora.alpha");
            Word("lora_target", string.Join(',', sheet.Targets) is "all-linear" or "" ? "all"
                : string.Join(',', sheet.Targets));
        }

        Word("dataset_dir", Plain(sheet.DataFolder));
        Word("dataset", Plain(sheet.Name));
        Word("template", Plain(sheet.Template ?? "TEMPLATE"));
        From("cutoff_len", "cutoff_tokens");
        Word("overwrite_cache", "true");
        Word("preprocessing_num_workers", "1");
        if (sheet.Preference)
        {
            Word("pref_loss", "sigmoid");
            From("pref_beta", "beta");
            From("pref_ftx", "sft_weight");
        }

        From("learning_rate", "learning_rate");
        From("num_train_epochs", "epochs");
        Word("lr_scheduler_type", sheet.Schedule);
        From("warmup_ratio", "warmup_ratio");
        From("weight_decay", "weight_decay");
        From("max_grad_norm", "max_gradient_norm");
        Word("per_device_train_batch_size", Number(sheet.RowsPerDevice));
        Word("gradient_accumulation_steps", sheet.Gathered);
        Word("seed", sheet.SmallSeed);
        Word("bf16", "true");
        if (sheet.OnCpu)
        {
            Word("use_cpu", "true");
        }

        Word("output_dir", Plain(sheet.Output));
        Word("overwrite_output_dir", "true");
        Word("logging_steps", "1");
        Word("save_strategy", sheet.SaveSteps > 0 ? "steps" : "\"no\"");
        if (sheet.SaveSteps > 0)
        {
            Word("save_steps", Number(sheet.SaveSteps));
            Word("save_total_limit", "2");
        }

        // Without the optimizer's state nothing could go on from a checkpoint.
        Word("save_only_model", sheet.SaveSteps > 0 ? "false" : "true");
        Word("plot_loss", "false");
        Word("report_to", "none");
        Word("ddp_timeout", DdpTimeout);
        return sheet.WithMore(words);

        void Word(string key, string value) => words.Add(new(key, WithPoint(value)));

        void From(string key, string recipe)
        {
            if (sheet.Setting(recipe) is { } value)
            {
                Word(key, value);
            }
        }
    }

    /// <summary>The file.</summary>
    /// <param name="sheet">The training.</param>
    /// <param name="head">Lines above it, each a comment of YAML; may be empty.</param>
    public static string Text(TrainerSheet sheet, string head) =>
        head + string.Concat(Words(sheet).Select(word => $"{word.Key}: {word.Value}\n"));

    // YAML 1.1 takes 2e-07 for a text, and 2.0e-07 for a number.
    private static string WithPoint(string value) =>
        value.IndexOfAny(['e', 'E']) is > 0 and int exponent
        && !value.Contains('.', StringComparison.Ordinal)
        && double.TryParse(value, CultureInfo.InvariantCulture, out _)
            ? value.Insert(exponent, ".0")
            : value;

    // A path may have signs that mean something to YAML; within quotes it takes JSON's escapes.
    private static string Plain(string text) =>
        text.All(letter => char.IsAsciiLetterOrDigit(letter) || "_-./+".Contains(letter, StringComparison.Ordinal))
        && text.Any(char.IsAsciiLetter)
            ? text
            : text == "." ? text : JsonSerializer.Serialize(text);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
