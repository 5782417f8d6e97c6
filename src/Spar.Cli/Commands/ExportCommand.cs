using System.CommandLine;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Exports;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar export</c>: a run's training data in the formats of other trainers.</summary>
internal static class ExportCommand
{
    private const string Help = """
        Writes a run's training data (SFT, preference pairs, RFT) as files for other trainers, with where each row comes
        from, the trainings' settings, statistics (statistics.json) and a data card (README.md).

        Examples:
          spar export runs/quickstart --format llama-factory --output data
          spar export runs/quickstart --format trl --output data
        """;

    private static readonly Dictionary<string, ExportFormat> s_formats = new()
    {
        ["llama-factory"] = ExportFormat.LlamaFactory,
        ["trl"] = ExportFormat.Trl,
        ["trl-text"] = ExportFormat.TrlText,
    };

    public static Command Create(CommandContext context)
    {
        Argument<string> run = Options.Argument("run", "run directory");
        Option<ExportFormat> format = Options.Choice(
            "--format",
            "llama-factory (sharegpt and dataset_info.json), trl (conversational) or trl-text",
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
                            Task.FromResult(RunExport.Write(store, parse.GetValue(format), parse.GetValue(output)!))
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
