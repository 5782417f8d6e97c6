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
        Lists the run directories under a folder: whether each has ended, its last stage, its last row of results; and of those
        that have not ended which stage they wait for, the fault that ended them, and the command that goes on. Changes nothing
        in them.

        Examples:
          spar runs
          spar runs runs/experiments
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> folder = Options.Argument("folder", "where to look", "runs");
        Command command = new("runs", Help) { folder, RunsMergeCommand.Create(context) };
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
            List<string> waiting = [];
            foreach (string run in runs)
            {
                (string[] cells, IReadOnlyList<string> waits) = Describe(run);
                figures.Row([run, .. cells]);
                waiting.AddRange(waits);
            }

            if (runs.Length == 0)
            {
                context.Output.WriteLine($"There are no run directories in {root}.");
                return ExitCode.Success;
            }

            figures.WriteTo(context.Output);
            foreach (string line in waiting)
            {
                context.Output.WriteLine(HarmlessText.Of(line));
            }

            return ExitCode.Success;
        });
        return command;
    }

    // A row's cells behind the run's name; and what an unfinished run waits for, in lines to stand below the table.
    private static (string[] Cells, IReadOnlyList<string> Waits) Describe(string run)
    {
        try
        {
            using RunStore store = RunStore.OpenForReading(run);
            if (RunState.Of(store) is not { } state)
            {
                return (["no run of a recipe", store.Stages().LastOrDefault() ?? "", "", "", ""], []);
            }

            EvaluationRow? row = state.Results.Rows.LastOrDefault();
            return (
                [
                    Word(state.Progress),
                    state.LastStage ?? "",
                    row?.Name.ToString() ?? "",
                    row is null ? "" : Headline(row),
                    ProgressLine.Duration(TimeSpan.FromSeconds(state.Results.WallSeconds)),
                ],
                [.. Waits(run, state)]
            );
        }
        catch (UserFaultException fault)
        {
            return (["cannot be read", "", "", "", ""], ["", $"{run}: {fault.Message}"]);
        }
    }

    private static IEnumerable<string> Waits(string run, RunState state)
    {
        if (state.Progress != RunProgress.Ended)
        {
            string stage = state.Stage is not { } begun ? "its next stage"
                : state.StageItems is int items
                    ? string.Create(CultureInfo.InvariantCulture, $"{begun} ({items} items)")
                : begun;
            yield return "";
            yield return state.Progress == RunProgress.AtWork
                ? $"{run} is at work on {stage}."
                : $"{run} waits for {stage}; what was answered is kept.";
            if (state.Fault is { } fault)
            {
                yield return $"  It ended with: {fault}";
            }

            if (state.Progress != RunProgress.AtWork)
            {
                yield return state.Command is { } command
                    ? $"  Go on: {command}"
                    : $"  Go on with the same spar run and --output {run}.";
            }
        }

        foreach (StageFailures failed in state.Results.Failed ?? [])
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{run}: {failed.Stage} lacks {failed.Missing} items because calls failed; the first, "
                    + $"{failed.First.Item}: {failed.First.Reason}");
        }
    }

    private static string Word(RunProgress progress) => progress switch
    {
        RunProgress.Ended => "ended",
        RunProgress.AtWork => "at work",
        RunProgress.Failed => "failed",
        _ => "interrupted",
    };

    // The share of held-out prompts; where the run measures none, its first yardstick's headline.
    private static string Headline(EvaluationRow row) =>
        row.HeldOutPrompt is { } share ? string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %")
        : row.Yardsticks is [{ Figures: [{ } figure, ..] } first, ..]
            ? $"{first.Name} {EvalTaskCommand.Figure(figure.Value, figure.IsShare)}"
        : "";
}
