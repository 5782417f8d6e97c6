using System.CommandLine;
using System.Globalization;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Ground;
using Spar.Runs;
using Spar.SelfPlay;
using Spar.Store;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar runs</c>: the run directories under a folder and how far they are.</summary>
internal static class RunsCommand
{
    private const string Help = """
        Lists the run directories under a folder: whether each has ended, its last stage, its last row of results. Changes nothing in them.

        Examples:
          spar runs
          spar runs runs/experiments
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> folder = Options.Argument("folder", "where to look", "runs");
        Command command = new("runs", Help) { folder };
        command.SetAction(parse =>
        {
            string root = parse.GetValue(folder)!;
            if (!Directory.Exists(root))
            {
                throw new UserFaultException(
                    $"There is no folder '{root}'.",
                    "Name a folder that holds run directories."
                );
            }

            string[] runs =
            [
                .. Directory
                    .EnumerateFiles(
                        root,
                        "run.db",
                        new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 5 }
                    )
                    .Select(file => Path.GetDirectoryName(file)!)
                    .Order(StringComparer.Ordinal),
            ];
            Figures figures = new Figures()
                .Column("run")
                .Column("state")
                .Column("last stage")
                .Column("last row")
                .Column("satisfied", right: true)
                .Column("time", right: true);
            foreach (string run in runs)
            {
                figures.Row([run, .. Describe(run)]);
            }

            if (runs.Length == 0)
            {
                context.Output.WriteLine($"There are no run directories in {root}.");
                return ExitCode.Success;
            }

            figures.WriteTo(context.Output);
            return ExitCode.Success;
        });
        return command;
    }

    private static string[] Describe(string run)
    {
        try
        {
            using RunStore store = RunStore.OpenForReading(run);
            if (!store.Identity.Values.TryGetValue("iterations", out string? iterations))
            {
                return ["no run of a recipe", store.Stages().LastOrDefault() ?? "", "", "", ""];
            }

            RunResults results = RunResults.Of(store);
            bool ended =
                results.StoppedByDrift is not null
                || (
                    int.TryParse(iterations, CultureInfo.InvariantCulture, out int count)
                    && results.Rows.Any(row => row.Name == RowName.Last(count))
                );
            string state =
                ended ? "ended"
                : RunStore.IsAtWork(run) ? "at work"
                : "interrupted";
            return
            [
                state,
                store.Stages().LastOrDefault() ?? "",
                results.Rows.LastOrDefault()?.Name.ToString() ?? "",
                results.Rows.LastOrDefault() is { } row ? Headline(row) : "",
                ProgressLine.Duration(TimeSpan.FromSeconds(results.WallSeconds)),
            ];
        }
        catch (UserFaultException)
        {
            return ["cannot be read", "", "", "", ""];
        }
    }

    // The share of held-out prompts; where the run measures none, its first yardstick's headline.
    private static string Headline(EvaluationRow row) =>
        row.HeldOutPrompt is { } share ? string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %")
        : row.Yardsticks is [{ Figures: [{ } figure, ..] } first, ..]
            ? $"{first.Name} {EvalTaskCommand.Figure(figure.Value, figure.IsShare)}"
        : "";
}
