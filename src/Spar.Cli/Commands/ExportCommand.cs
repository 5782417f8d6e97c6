using System.CommandLine;
using Spar.Exports;
using Spar.Store;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar export</c>: a run's training data in the formats of other trainers.</summary>
internal static class ExportCommand
{
    private const string Help = """
        Writes a run's training data (SFT, preference pairs, RFT) as files for other trainers.

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
        Argument<string> run = new("run") { Description = "run directory" };
        Option<string> format = new("--format") { Description = "llama-factory (sharegpt and dataset_info.json), trl (conversational) or trl-text", DefaultValueFactory = _ => "llama-factory" };
        format.AcceptOnlyFromAmong([.. s_formats.Keys]);
        Option<string> output = new("--output", "-o") { Description = "folder to write to", Required = true };
        Command command = new("export", Help) { run, format, output };
        command.SetAction(parse =>
        {
            using RunStore store = RunStore.OpenForReading(parse.GetValue(run)!);
            foreach (ExportedFile file in RunExport.Write(store, s_formats[parse.GetValue(format)!], parse.GetValue(output)!))
            {
                context.Output.WriteLine($"{file.Path}: {file.Rows} rows");
            }

            return CommandLine.Success;
        });
        return command;
    }
}
