using System.CommandLine;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Exports;
using Spar.Runtime.Exports;
using Spar.Store;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar export</c>: a run's training data in the formats of other trainers.</summary>
internal static class ExportCommand
{
    private const string Help = """
        Writes a run's training data (SFT, preference pairs, RFT) as files for other trainers, with where each row comes
        from, the trainings' settings, statistics (statistics.json) and a data card (README.md). Or its curves as TensorBoard
        reads them, or its calls, search trees and pairs as Parquet files, for DuckDB, pandas and their like.

        Examples:
          spar export runs/quickstart --format llama-factory --output data
          spar export runs/quickstart --format trl --output data
          spar export runs/quickstart --format tensorboard --output curves
          spar export runs/quickstart --format parquet --output tables
        """;

    private static readonly Dictionary<string, Func<RunStore, string, IReadOnlyList<ExportedFile>>> s_formats = new()
    {
        ["llama-factory"] = (store, folder) => RunExport.Write(store, ExportFormat.LlamaFactory, folder),
        ["trl"] = (store, folder) => RunExport.Write(store, ExportFormat.Trl, folder),
        ["trl-text"] = (store, folder) => RunExport.Write(store, ExportFormat.TrlText, folder),
        ["tensorboard"] = TensorBoardExport.Write,
        ["parquet"] = ParquetExport.Write,
    };

    public static Command Create(CommandContext context)
    {
        Argument<string> run = Options.Argument("run", "run directory");
        Option<Func<RunStore, string, IReadOnlyList<ExportedFile>>> format = Options.Choice(
            "--format",
            "llama-factory (sharegpt and dataset_info.json), trl (conversational), trl-text, tensorboard (curves) or parquet (tables)",
            s_formats,
            "llama-factory"
        );
        Option<string> output = Options.RequiredText("--output", "folder to write to", "dir", "-o");
        Command command = new("export", Help) { run, format, output };
        command.SetAction(
            async (parse, _) =>
            {
                Shared.RefuseFile(parse.GetValue(output)!);
                foreach (
                    ExportedFile file in await ReadRun.OfAsync(
                        parse.GetValue(run)!,
                        context,
                        store =>
                            Task.FromResult(parse.GetValue(format)!(store, parse.GetValue(output)!))
                    )
                )
                {
                    context.Output.WriteLine(file.Rows > 0 ? $"{file.Path}: {file.Rows} rows" : file.Path);
                }

                return ExitCode.Success;
            }
        );
        return command;
    }
}
