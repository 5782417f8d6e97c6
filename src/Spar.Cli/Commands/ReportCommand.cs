using System.CommandLine;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Ground;
using Spar.Runs;
using Spar.SelfPlay;
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
            "--output",
            "the page's file (default: report.html in the run directory)",
            "file",
            "-o"
        );
        Option<bool> json = Shared.Json("print the results (results.json) instead");
        Command command = new("report", Help) { run, output, json };
        command.SetAction(
            async (parse, cancellationToken) =>
            {
                string directory = parse.GetValue(run)!;
                if (parse.GetValue(json))
                {
                    context.Print(
                        await ReadRun.OfAsync(
                            directory,
                            context,
                            store => Task.FromResult(RunResults.Of(store).ToJson())
                        )
                    );
                    return ExitCode.Success;
                }

                string page = await ReadRun.OfAsync(
                    directory,
                    context,
                    store => RunReport.RenderAsync(ReportModel.Of(store))
                );
                cancellationToken.ThrowIfCancellationRequested();
                string path = parse.GetValue(output) ?? Path.Combine(directory, "report.html");
                try
                {
                    AtomicFile.WriteText(path, page);
                }
                catch (UserFaultException fault) when (parse.GetValue(output) is null)
                {
                    throw new UserFaultException(fault.Message, "--output names another file for the page.", fault);
                }

                context.Output.WriteLine(path);
                return ExitCode.Success;
            }
        );
        return command;
    }
}
