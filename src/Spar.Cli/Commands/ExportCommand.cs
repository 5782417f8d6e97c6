using System.CommandLine;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Exports;
using Spar.Runtime.Exports;
using Spar.Store;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar export</c>: what a run holds in the formats of others.</summary>
internal static class ExportCommand
{
    private const string Help = """
        Writes a run's training data (SFT, preference pairs, RFT) as files for other trainers, with where each row comes
        from, the trainings' settings, statistics (statistics.json) and a data card (README.md). Or its curves as TensorBoard
        reads them, or its calls, search trees and pairs as Parquet files, for DuckDB, pandas and their like. Or
        evaluations, of a folder that spar eval wrote or of a run's yardsticks, as logs of inspect_ai (.eval).

        Examples:
          spar export runs/quickstart --format llama-factory --output data
          spar export runs/quickstart --format trl --output data
          spar export runs/quickstart --format tensorboard --output curves
          spar export runs/quickstart --format parquet --output tables
          spar export EVALUATION --format inspect --output logs
        """;

    private static readonly Dictionary<string, Write> s_formats = new()
    {
        ["llama-factory"] = OfRun((store, folder) => RunExport.Write(store, ExportFormat.LlamaFactory, folder)),
        ["trl"] = OfRun((store, folder) => RunExport.Write(store, ExportFormat.Trl, folder)),
        ["trl-text"] = OfRun((store, folder) => RunExport.Write(store, ExportFormat.TrlText, folder)),
        ["tensorboard"] = OfRun(TensorBoardExport.Write),
        ["parquet"] = OfRun(ParquetExport.Write),
        ["inspect"] = (directory, folder, _) => Task.FromResult(InspectExport.Write(directory, folder)),
    };

    private delegate Task<IReadOnlyList<ExportedFile>> Write(string directory, string folder, CommandContext context);

    public static Command Create(CommandContext context)
    {
        Argument<string> run = Options.Argument(
            "run", "run directory; for inspect also the output folder of an evaluation");
        Option<Write> format = Options.Choice(
            "--format",
            "llama-factory (sharegpt and dataset_info.json), trl (conversational), trl-text, tensorboard (curves), parquet (tables) or inspect (evaluations)",
            s_formats,
            "llama-factory"
        );
        Option<string> output = Options.RequiredText("--output", "folder to write to", "dir", "-o");
        Command command = new("export", Help) { run, format, output };
        command.SetAction(
            async (parse, _) =>
            {
                Shared.RefuseFile(parse.GetValue(output)!);
                Write write = parse.GetValue(format)!;
                foreach (ExportedFile file in await write(parse.GetValue(run)!, parse.GetValue(output)!, context))
                {
                    context.Output.WriteLine(file.Rows > 0 ? $"{file.Path}: {file.Rows} rows" : file.Path);
                }

                return ExitCode.Success;
            }
        );
        return command;
    }

    private static Write OfRun(Func<RunStore, string, IReadOnlyList<ExportedFile>> write) =>
        (directory, folder, context) =>
            ReadRun.OfAsync(directory, context, store => Task.FromResult(write(store, folder)));
}
