using System.CommandLine;
using System.Globalization;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Cli.Experiments;
using Spar.Experiments;
using Spar.Runtime.Experiments;
using Spar.Web.Experiments;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar experiment</c>: one of the method's comparisons, over several seeds.</summary>
internal static class ExperimentCommand
{
    private const string Help = """
        Runs what is compared over several seeds, each in a run directory of its own, and prints mean and standard deviation over the seeds.
        The output folder holds the runs, results.json, results.md and index.html. Interrupted, the same command goes on; of an experiment that has ended
        it only prints the tables.

        Example:
          spar experiment baselines --seeds 1,2,3
        """;

    public static Command Create(CommandContext context)
    {
        Command command = new("experiment", Help);
        foreach (Experiment experiment in Experiment.All)
        {
            command.Add(Create(experiment, context));
        }

        command.Add(ExperimentJudgesCommand.Create(context));
        return command;
    }

    private static Command Create(Experiment experiment, CommandContext context)
    {
        Argument<string> recipe = Options.Argument("recipe", "experiment file", experiment.DefaultFile);
        Option<IReadOnlyList<ulong>> seeds = Options.Seeds(1, 2, 3);
        Option<string> output = Shared.Output(
            "folder of the runs and the results",
            $"runs/experiments/{experiment.Name}"
        );
        Option<bool> json = Shared.Json("print the results as JSON instead of tables");
        Option<int> threads = Options.Threads();
        Command command = new ResumableCommand(
            experiment.Name,
            $"""
            {char.ToUpperInvariant(experiment.Summary[0])}{experiment.Summary[1..]}.

            Example:
              spar experiment {experiment.Name} {experiment.DefaultFile} --seeds 1,2,3
            """
        )
        {
            recipe,
            seeds,
            output,
            threads,
            json,
        };
        command.SetAction(
            async (parse, cancellationToken) =>
            {
                string directory = parse.GetValue(output)!;
                ExperimentReport report;
                using (ProgressLine progress = new(context))
                {
                    ExperimentDisplay display = new(progress, context.Time);
                    ExperimentWork work = new(
                        parse.GetValue(recipe)!,
                        parse.GetValue(seeds)!,
                        directory,
                        parse.GetValue(threads),
                        display,
                        context.Time
                    );
                    report = await experiment.RunAsync(work, cancellationToken);
                }

                await File.WriteAllTextAsync(
                    Path.Combine(directory, "results.json"),
                    report.ToJson(),
                    cancellationToken
                );
                await File.WriteAllTextAsync(
                    Path.Combine(directory, "results.md"),
                    MeasureText.Markdown(report),
                    cancellationToken
                );
                await File.WriteAllTextAsync(
                    Path.Combine(directory, "index.html"),
                    await ExperimentPage.RenderAsync(report),
                    cancellationToken
                );
                Print(report, directory, parse.GetValue(json), context);
                return ExitCode.Success;
            }
        );
        return command;
    }

    private static void Print(ExperimentReport report, string directory, bool json, CommandContext context)
    {
        if (json)
        {
            context.Print(report.ToJson());
            return;
        }

        context.Output.MarkupLineInterpolated($"[bold]{report.Title}[/]");
        context.Output.WriteLine(MeasureText.Seeds(report));
        foreach (ExperimentTable table in report.Tables)
        {
            context.Output.WriteLine();
            context.Output.WriteLine(table.Title);
            Figures shown = new Figures().Column(table.RowHeader);
            foreach (ExperimentColumn column in table.Columns)
            {
                shown.Column(column.Name, right: true);
            }

            foreach (ExperimentRow row in table.Rows)
            {
                shown.Row([row.Name, .. row.Cells.Select((cell, i) => MeasureText.Write(cell, table.Columns[i].Unit))]);
            }

            shown.WriteTo(context.Output);
        }

        foreach (string note in report.Notes)
        {
            context.Output.WriteLine(note);
        }

        context.Output.WriteLine(
            $"Everything is in {directory}; open {Path.Combine(directory, "index.html")} for the charts."
        );
    }
}
