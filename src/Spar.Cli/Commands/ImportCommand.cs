using System.CommandLine;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Engine.Checkpoints;
using Spar.Runs;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar import</c>: a checkpoint that was trained elsewhere, in the place of one of a run's trainings.</summary>
internal static class ImportCommand
{
    private const string Help = """
        Takes a checkpoint that another trainer made of the run's exported data into the run, in the place of one of its
        trainings that has not been done yet; the run goes on from it. Its files are looked into and copied, and its
        digest is recorded.

        Examples:
          spar export RUN --format llama-factory --output data
          spar import RUN actor-1 CHECKPOINT
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> run = Options.Argument("run", "run directory");
        Argument<string> stage = Options.Argument("stage", "the training whose place it takes, such as actor-1");
        Argument<string> checkpoint = Options.Argument("checkpoint", "folder of the checkpoint");
        Command command = new("import", Help) { run, stage, checkpoint };
        command.SetAction(
            async (parse, cancellationToken) =>
            {
                string folder = parse.GetValue(checkpoint)!;
                Checkpoint.CheckHeaders(folder);
                Checkpoint.LoadTokenizer(folder);
                string digest = await CheckpointImport.TakeAsync(
                    parse.GetValue(run)!,
                    parse.GetValue(stage)!,
                    folder,
                    context.Time,
                    cancellationToken
                );
                context.Output.WriteLine(
                    $"{folder} is {parse.GetValue(stage)} of {parse.GetValue(run)} now (sha256 {digest}); the same "
                        + "'spar run' goes on from it."
                );
                return ExitCode.Success;
            }
        );
        return command;
    }
}
