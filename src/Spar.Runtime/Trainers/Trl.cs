using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spar.Exports;
using Spar.Ground;

namespace Spar.Runtime.Trainers;

/// <summary>
/// TRL: a short script over its SFTTrainer and DPOTrainer, and a JSON file with their arguments; under torchrun where
/// several devices share the work. The script writes its progress as LLaMA-Factory does.
/// </summary>
/// <param name="options">What the recipe says of it.</param>
public sealed class Trl(TrainerOptions options) : SheetProgram(options)
{
    /// <summary>The script's name.</summary>
    public const string ScriptFile = "train.py";

    private static readonly string[] s_command = ["python3"];

    /// <inheritdoc/>
    public override string Name => "TRL";

    /// <inheritdoc/>
    public override string Installing =>
        "Install it with 'pip install trl datasets' (and peft for adapters), or say where it is: in trainer.command the "
        + "Python that has it, or in trainer.launcher.setup the line that makes it known (such as 'source "
        + "venv/bin/activate').";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Command => Options.Command.Count > 0 ? Options.Command : s_command;

    /// <inheritdoc/>
    public override string VersionLine => $"{CommandWords} -c 'import trl; print(trl.__version__)'";

    /// <inheritdoc/>
    protected override ExportFormat Format => ExportFormat.Trl;

    /// <inheritdoc/>
    public override IReadOnlyList<string> CommandLines(string name) =>
    [
        CommandWords
            + (Options.Devices > 1
                ? " -m torch.distributed.run --nnodes $NNODES --node_rank $NODE_RANK --nproc_per_node $NPROC_PER_NODE "
                    + "--master_addr $MASTER_ADDR --master_port $MASTER_PORT"
                : "")
            + $" {ScriptFile} {name}.json $RESUME",
    ];

    /// <inheritdoc/>
    protected override void WriteSheet(string folder, TrainerSheet sheet)
    {
        JsonObject job = new()
        {
            ["model"] = sheet.StartModel,
            ["data"] = $"{sheet.DataFolder}/{sheet.Name}.jsonl",
            ["preference"] = sheet.Preference,
            ["arguments"] = Values(TrlSheet.Words(sheet)),
        };
        if (TrlSheet.Adapter(sheet) is { Count: > 0 } adapter)
        {
            job["adapter"] = Values(adapter);
        }

        AtomicFile.WriteText(
            Path.Combine(folder, $"{sheet.Name}.json"), job.ToJsonString(JsonSettings.Readable) + "\n");
        AtomicFile.WriteText(Path.Combine(folder, ScriptFile), Script);
    }

    private static JsonObject Values(IReadOnlyList<KeyValuePair<string, string>> words)
    {
        JsonObject values = [];
        foreach ((string key, string value) in words)
        {
            values[key] = key is "loss_type" or "loss_weights" or "lora_target_modules" && value != "all-linear"
                ? new JsonArray([.. value.Split(' ').Select(Value)])
                : Value(value);
        }

        return values;
    }

    private static JsonNode? Value(string text)
    {
        if (text is "true" or "false")
        {
            return text == "true";
        }

        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole))
        {
            return whole;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            && double.IsFinite(number))
        {
            return number;
        }

        try
        {
            return text is ['[' or '{' or '"', ..] ? JsonNode.Parse(text) : text;
        }
        catch (JsonException)
        {
            return text;
        }
    }

    private const string Script = """"
        """Written by spar: trains with TRL as the JSON file says that is named first; goes on from the checkpoint that is
        named second, if one is. Progress goes to trainer_log.jsonl of the output."""
        import dataclasses
        import json
        import os
        import sys

        from datasets import load_dataset
        from transformers import AutoTokenizer, TrainerCallback
        from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

        with open(sys.argv[1], encoding="utf-8") as file:
            job = json.load(file)
        resume = sys.argv[2] if len(sys.argv) > 2 else None
        arguments = job["arguments"]
        output = arguments["output_dir"]


        class Progress(TrainerCallback):
            def line(self, state, **more):
                if state.is_world_process_zero:
                    steps = {"current_steps": state.global_step, "total_steps": state.max_steps}
                    os.makedirs(output, exist_ok=True)
                    with open(os.path.join(output, "trainer_log.jsonl"), "a", encoding="utf-8") as log:
                        log.write(json.dumps({**steps, **more}) + "\n")

            def on_train_begin(self, args, state, control, **kwargs):
                if state.is_world_process_zero:
                    print(f"  Num examples = {len(trainer.train_dataset):,}", flush=True)

            def on_log(self, args, state, control, logs=None, **kwargs):
                if logs and "loss" in logs:
                    self.line(
                        state, loss=logs["loss"], lr=logs.get("learning_rate"), epoch=logs.get("epoch"),
                        accuracy=logs.get("rewards/accuracies"), margin=logs.get("rewards/margins"))

            def on_train_end(self, args, state, control, **kwargs):
                self.line(state, epoch=state.epoch)


        peft = None
        if "adapter" in job:
            from peft import LoraConfig

            words = job["adapter"]
            peft = LoraConfig(
                r=words["lora_r"], lora_alpha=words.get("lora_alpha", 16), target_modules=words["lora_target_modules"],
                task_type="CAUSAL_LM")
        Config, Trainer = (DPOConfig, DPOTrainer) if job["preference"] else (SFTConfig, SFTTrainer)
        if "warmup_ratio" not in {field.name for field in dataclasses.fields(Config)}:
            # Newer Transformers take a share of the steps as warmup_steps below 1.
            arguments["warmup_steps"] = arguments.pop("warmup_ratio", 0)
        tokenizer = AutoTokenizer.from_pretrained(job["model"])
        trainer = Trainer(
            model=job["model"], args=Config(**arguments), processing_class=tokenizer, peft_config=peft,
            train_dataset=load_dataset("json", data_files=job["data"], split="train"), callbacks=[Progress()])
        trainer.train(resume_from_checkpoint=resume)
        trainer.save_model(output)
        trainer.save_state()

        """";
}
