using System.CommandLine;
using System.Globalization;
using Spar.Cli.Console;
using Spar.Cli.Experiments;
using Spar.Experiments;
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
        Argument<string> recipe = new("recipe") { Description = "experiment file", DefaultValueFactory = _ => experiment.DefaultFile };
        Option<string> seeds = new("--seeds") { Description = "seeds, with commas between them", DefaultValueFactory = _ => "1,2,3" };
        seeds.Validators.Add(result => Shared.Check(Parse(result.GetValueOrDefault<string>()).Count > 0, result, "--seeds must be whole numbers with commas between them, each once, such as 1,2,3"));
        Option<string> output = new("--output", "-o") { Description = "folder of the runs and the results", DefaultValueFactory = _ => $"runs/experiments/{experiment.Name}" };
        Option<bool> json = new("--json") { Description = "print the results as JSON instead of tables" };
        Option<int> threads = Shared.Threads();
        Command command = new(experiment.Name, $"""
            {char.ToUpperInvariant(experiment.Summary[0])}{experiment.Summary[1..]}.

            Example:
              spar experiment {experiment.Name} {experiment.DefaultFile} --seeds 1,2,3 --output runs/experiments/{experiment.Name}
            """)
        { recipe, seeds, output, threads, json };
        command.SetAction(async (parse, cancellationToken) =>
        {
            string directory = parse.GetValue(output)!;
            ExperimentReport report;
            using (ProgressLine progress = new(context.Messages, context.Time))
            {
                ExperimentDisplay display = new(progress, context.Time);
                ExperimentWork work = new(parse.GetValue(recipe)!, Parse(parse.GetValue(seeds)), directory, parse.GetValue(threads), display, context.Time);
                report = await experiment.RunAsync(work, cancellationToken);
            }

            await File.WriteAllTextAsync(Path.Combine(directory, "results.json"), report.ToJson(), cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(directory, "results.md"), MeasureText.Markdown(report), cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(directory, "index.html"), await ExperimentPage.RenderAsync(report), cancellationToken);
            Print(report, directory, parse.GetValue(json), context);
            return CommandLine.Success;
        });
        return command;
    }

    private static void Print(ExperimentReport report, string directory, bool json, CommandContext context)
    {
        if (json)
        {
            context.Output.Profile.Out.Writer.Write(report.ToJson());
            return;
        }

        context.Output.MarkupLineInterpolated($"[bold]{report.Title}[/]");
        context.Output.WriteLine(MeasureText.Seeds(report));
        foreach (ExperimentTable table in report.Tables)
        {
            context.Output.WriteLine();
            context.Output.WriteLine(table.Title);
            Table shown = new Table().Border(TableBorder.Rounded).AddColumn(Markup.Escape(table.RowHeader));
            foreach (ExperimentColumn column in table.Columns)
            {
                shown.AddColumn(new TableColumn(Markup.Escape(column.Name)).RightAligned());
            }

            foreach (ExperimentRow row in table.Rows)
            {
                shown.AddRow([Markup.Escape(row.Name), .. row.Cells.Select((cell, i) => MeasureText.Write(cell, table.Columns[i].Unit))]);
            }

            context.Output.Write(shown);
        }

        foreach (string note in report.Notes)
        {
            context.Output.WriteLine(note);
        }

        context.Output.WriteLine($"Everything is in {directory}; open {Path.Combine(directory, "index.html")} for the charts.");
    }

    // Empty when the text is no list of seeds.
    private static IReadOnlyList<ulong> Parse(string? text)
    {
        string[] parts = (text ?? "").Split(',', StringSplitOptions.TrimEntries);
        ulong?[] seeds = [.. parts.Select(part => ulong.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed) ? seed : (ulong?)null)];
        return seeds.All(seed => seed is not null) && seeds.Distinct().Count() == seeds.Length ? [.. seeds.Select(seed => seed!.Value)] : [];
    }
}
