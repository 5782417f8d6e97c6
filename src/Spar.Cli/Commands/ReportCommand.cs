using System.CommandLine;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Runs;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Web.Reports;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar report</c>: a run as one self-contained HTML page, or its results as JSON.</summary>
internal static class ReportCommand
{
    private const string Help = """
        Makes one self-contained HTML page of a run: scores by iteration, judge, searches, training curves, pairs. Works while the run is going on, too.

        Examples:
          spar report runs/quickstart
          spar report runs/quickstart --output page.html
          spar report runs/quickstart --json
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> run = Options.Argument("run", "run directory");
        Option<string?> output = Options.OptionalText(
            "--output", "the page's file (default: report.html in the run directory)", "file", "-o");
        Option<bool> json = Shared.Json("print the results (results.json) instead");
        Command command = new("report", Help) { run, output, json };
        command.SetAction(async (parse, cancellationToken) =>
        {
            string directory = parse.GetValue(run)!;
            using RunStore store = RunStore.OpenForReading(directory);
            if (parse.GetValue(json))
            {
                context.Print(RunResults.Of(store).ToJson());
                return ExitCode.Success;
            }

            string path = parse.GetValue(output) ?? Path.Combine(directory, "report.html");
            await File.WriteAllTextAsync(path, await RunReport.RenderAsync(ReportModel.Of(store)), cancellationToken);
            context.Output.WriteLine(path);
            return ExitCode.Success;
        });
        return command;
    }
}
