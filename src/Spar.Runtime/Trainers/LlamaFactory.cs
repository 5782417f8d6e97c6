using Spar.Exports;
using Spar.Ground;

namespace Spar.Runtime.Trainers;

/// <summary>
/// LLaMA-Factory: a list of rows with its index, a YAML file, and <c>llamafactory-cli train</c>, under torchrun where
/// several devices share the work. Its progress stands in <c>trainer_log.jsonl</c> of its output.
/// </summary>
/// <param name="options">What the recipe says of it.</param>
public sealed class LlamaFactory(TrainerOptions options) : SheetProgram(options)
{
    private static readonly string[] s_command = ["llamafactory-cli"];

    /// <inheritdoc/>
    public override string Name => "LLaMA-Factory";

    /// <inheritdoc/>
    public override string Installing =>
        "Install it with 'pip install llamafactory', or say where it is: in trainer.command the program, or in "
        + "trainer.launcher.setup the line that makes it known (such as 'source venv/bin/activate').";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Command => Options.Command.Count > 0 ? Options.Command : s_command;

    /// <inheritdoc/>
    public override string VersionLine => $"{CommandWords} version";

    /// <inheritdoc/>
    protected override ExportFormat Format => ExportFormat.LlamaFactory;

    /// <inheritdoc/>
    public override IReadOnlyList<string> CommandLines(string name) =>
    [
        // With more GPUs in sight than it is to take, it would take them all.
        .. Options.Launcher.GpusPerNode == 1 ? ["export CUDA_VISIBLE_DEVICES=${CUDA_VISIBLE_DEVICES:-0}"] : Array.Empty<string>(),
        (Options.Devices > 1 ? "FORCE_TORCHRUN=1 " : "")
            + $"{CommandWords} train {name}.yaml ${{RESUME:+resume_from_checkpoint=$RESUME}}",
    ];

    /// <inheritdoc/>
    protected override void WriteSheet(string folder, TrainerSheet sheet) => AtomicFile.WriteText(
        Path.Combine(folder, $"{sheet.Name}.yaml"),
        LlamaFactorySheet.Text(
            sheet, $"# The training {sheet.Name}, written by spar. By hand: llamafactory-cli train {sheet.Name}.yaml\n"));
}
