using System.Globalization;

namespace Spar.Exports;

/// <summary>
/// A training in the words of TRL 1: the arguments of its configurations (DPOConfig, SFTConfig, ModelConfig), which are
/// the same for its commands and for scripts. Defaults and names come from its documentation and its classes.
/// </summary>
public static class TrlSheet
{
    /// <summary>Arguments and values in their order; those of several values are apart by blanks.</summary>
    /// <param name="sheet">The training.</param>
    public static IReadOnlyList<KeyValuePair<string, string>> Words(TrainerSheet sheet)
    {
        List<KeyValuePair<string, string>> words = [];
        Word("output_dir", sheet.Output);
        From("learning_rate", "learning_rate");
        From("num_train_epochs", "epochs");
        Word("lr_scheduler_type", sheet.Schedule);
        From("warmup_ratio", "warmup_ratio");
        From("weight_decay", "weight_decay");
        From("max_grad_norm", "max_gradient_norm");
        From("max_length", "cutoff_tokens");
        Word("per_device_train_batch_size", Number(sheet.RowsPerDevice));
        Word("gradient_accumulation_steps", sheet.Gathered);
        Word("seed", sheet.SmallSeed);
        Word("bf16", "true");
        if (sheet.OnCpu)
        {
            Word("use_cpu", "true");
        }

        Word("logging_steps", "1");
        Word("save_strategy", sheet.SaveSteps > 0 ? "steps" : "no");
        if (sheet.SaveSteps > 0)
        {
            Word("save_steps", Number(sheet.SaveSteps));
            Word("save_total_limit", "2");
        }

        // Without the optimizer's state nothing could go on from a checkpoint.
        Word("save_only_model", sheet.SaveSteps > 0 ? "false" : "true");
        Word("report_to", "none");
        if (sheet.Preference)
        {
            From("beta", "beta");
            if (sheet.Setting("sft_weight") is { } weight)
            {
                Word("loss_type", "sigmoid sft");
                Word("loss_weights", $"1.0 {weight}");
            }
        }

        return sheet.WithMore(words);

        void Word(string key, string value) => words.Add(new(key, value));

        void From(string key, string recipe)
        {
            if (sheet.Setting(recipe) is { } value)
            {
                Word(key, value);
            }
        }
    }

    /// <summary>The arguments of an adapter (peft), as <see cref="Words"/>; empty where all parameters are trained.</summary>
    /// <param name="sheet">The training.</param>
    public static IReadOnlyList<KeyValuePair<string, string>> Adapter(TrainerSheet sheet)
    {
        List<KeyValuePair<string, string>> words = [];
        if (sheet.Setting("lora.rank") is { } rank)
        {
            words.Add(new("lora_r", rank));
            if (sheet.Setting("lora.alpha") is { } alpha)
            {
                words.Add(new("lora_alpha", alpha));
            }

            words.Add(new("lora_target_modules", string.Join(' ', sheet.Targets)));
        }

        return words;
    }

    /// <summary>
    /// An argument a line, for a shell's <c>$(cat FILE)</c> in the folder of the data: a name of a data set is a folder's
    /// there, and its card (<see cref="DataCard"/>) says which file a configuration has.
    /// </summary>
    /// <param name="sheet">The training.</param>
    public static string Text(TrainerSheet sheet)
    {
        IReadOnlyList<KeyValuePair<string, string>> adapter = Adapter(sheet);
        return Line(new("model_name_or_path", sheet.StartModel))
            + Line(new("dataset_name", "."))
            + Line(new("dataset_config", sheet.Name))
            + string.Concat(Words(sheet).Select(Line))
            + (adapter.Count > 0 ? "--use_peft\n" : "")
            + string.Concat(adapter.Select(Line));

        static string Line(KeyValuePair<string, string> word) => $"--{word.Key} {word.Value}\n";
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
