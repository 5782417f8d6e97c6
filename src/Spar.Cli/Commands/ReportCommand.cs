using System.CommandLine;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Experiments;
using Spar.Ground;
using Spar.Runs;
using Spar.SelfPlay;
using Spar.Web.Experiments;
using Spar.Web.Reports;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar report</c>: a run as one self-contained HTML page, or its results as JSON.</summary>
internal static class ReportCommand
{
    private const string Help = """
        Makes one self-contained HTML page of a run: scores by iteration, judge, searches, training curves, pairs, and the paper's figures and tables
        with the run's numbers; or Markdown of these for a paper. Experiments fill the tables that one run cannot. Works while the run is going on, too.

        Examples:
          spar report runs/quickstart
          spar report runs/quickstart --output page.html
          spar report runs/quickstart --markdown
          spar report runs/quickstart --experiment runs/experiments/ablations
          spar report runs/quickstart --json
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> run = Options.Argument("run", "run directory");
        Option<string?> output = Options.OptionalText(
            "--output",
            "the page's file (default: report.html or report.md in the run directory)",
            "file",
            "-o"
        );
        Option<bool> json = Shared.Json("print the results (results.json) instead");
        Option<bool> markdown = Options.Flag("--markdown", "write Markdown instead of HTML");
        Option<string[]> experiments = new("--experiment")
        {
            Description = "folder of an experiment whose tables stand beside the run's; may be given several times",
            HelpName = "folder",
            DefaultValueFactory = _ => [],
        };
        Command command = new("report", Help) { run, output, markdown, experiments, json };
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

                PaperPart[] parts =
                [
                    .. parse.GetValue(experiments)!.SelectMany(folder => ExperimentParts.Of(ExperimentReport.Read(folder))),
                ];
                bool plain = parse.GetValue(markdown);
                string page = await ReadRun.OfAsync(
                    directory,
                    context,
                    store =>
                    {
                        ReportModel model = ReportModel.Of(store) with { Experiments = parts };
                        return plain ? Task.FromResult(ReportMarkdown.Of(model)) : RunReport.RenderAsync(model);
                    }
                );
                cancellationToken.ThrowIfCancellationRequested();
                string path = parse.GetValue(output) ?? Path.Combine(directory, plain ? "report.md" : "report.html");
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
