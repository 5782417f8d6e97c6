using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Ground;
using Spar.Runs;
using Spar.Runtime.Recipes;
using Spar.SelfPlay;
using Spar.Store;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary>
/// <c>spar runs</c>: looks after run directories. Without a further word, and with a folder in its place, it lists them.
/// </summary>
internal static class RunsCommand
{
    private const string Help = """
        Looks after run directories: lists them, shows one, checks that it is whole, frees space in it, unites shards. Without a further
        word it lists those under runs. What a run was trained on is written by spar export, a page of it by spar report.

        Examples:
          spar runs
          spar runs runs/experiments
          spar runs show runs/quickstart
        """;

    private const string ListHelp = """
        Lists the run directories under a folder: whether each has ended, its last stage, its last row of results; and of those
        that have not ended which stage they wait for, the fault that ended them, and the command that goes on. Shards of a
        run are not listed beside it. Changes nothing in them.

        Examples:
          spar runs list
          spar runs list runs/experiments --json
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> folder = Options.Argument("folder", "where to look", "runs");
        Option<bool> json = Shared.Json("print the list as JSON instead of a table");
        Command command = new("runs", Help)
        {
            folder,
            json,
            List(context),
            RunsShowCommand.Create(context),
            RunsVerifyCommand.Create(context),
            RunsPruneCommand.Create(context),
            RunsMergeCommand.Create(context),
        };
        command.SetAction(parse => List(parse.GetValue(folder)!, parse.GetValue(json), context));
        return command;
    }

    private static Command List(CommandContext context)
    {
        Argument<string> folder = Options.Argument("folder", "where to look", "runs");
        Option<bool> json = Shared.Json("print the list as JSON instead of a table");
        Command command = new("list", ListHelp) { folder, json };
        command.SetAction(parse => List(parse.GetValue(folder)!, parse.GetValue(json), context));
        return command;
    }

    /// <summary>How far a run is, in a word.</summary>
    /// <param name="progress">How far it is.</param>
    public static string Word(RunProgress progress) => progress switch
    {
        RunProgress.Ended => "ended",
        RunProgress.AtWork => "at work",
        RunProgress.Failed => "failed",
        _ => "interrupted",
    };

    /// <summary>What a run that has not ended waits for, and what one lacks, a line each.</summary>
    /// <param name="run">The run directory.</param>
    /// <param name="state">Its state.</param>
    public static IEnumerable<string> Waits(string run, RunState state)
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

    private static int List(string root, bool json, CommandContext context)
    {
        if (!Directory.Exists(root))
        {
            throw new UserFaultException(
                $"There is no folder '{root}'.",
                NearestName.To(root, ["list", "show", "verify", "prune", "merge"]) is { } meant
                    ? $"Did you mean spar runs {meant}?"
                    : "Name a folder that holds run directories."
            );
        }

        Listed[] runs =
        [
            .. Directory
                .EnumerateFiles(
                    root,
                    "run.db",
                    new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 5 }
                )
                .Select(file => Path.GetDirectoryName(file)!)
                .Where(run => !PlayShards.IsShard(run))
                .Order(StringComparer.Ordinal)
                .Select(Look),
        ];
        if (json)
        {
            context.Print(JsonSerializer.Serialize(runs.Select(run => run.Summary), JsonSettings.Readable) + "\n");
            return ExitCode.Success;
        }

        if (runs.Length == 0)
        {
            context.Output.WriteLine($"There are no run directories in {root}.");
            return ExitCode.Success;
        }

        Figures figures = new Figures()
            .Column("run")
            .Column("state")
            .Column("last stage")
            .Column("last row")
            .Column("satisfied", right: true)
            .Column("time", right: true);
        foreach (Listed run in runs)
        {
            RunSummary summary = run.Summary;
            figures.Row(
                summary.Run, summary.State, summary.LastStage ?? "", summary.LastRow ?? "", run.Headline,
                summary.WallSeconds is { } seconds ? ProgressLine.Duration(TimeSpan.FromSeconds(seconds)) : "");
        }

        figures.WriteTo(context.Output);
        foreach (string line in runs.SelectMany(run => run.Waits))
        {
            context.Output.WriteLine(HarmlessText.Of(line));
        }

        return ExitCode.Success;
    }

    private static Listed Look(string run)
    {
        try
        {
            using RunStore store = RunStore.OpenForReading(run);
            if (RunState.Of(store) is not { } state)
            {
                return new Listed(
                    new RunSummary(run, "no run of a recipe") { LastStage = store.Stages().LastOrDefault() }, "", []);
            }

            EvaluationRow? row = state.Results.Rows.LastOrDefault();
            return new Listed(
                RunSummary.Of(run, state),
                row is null ? "" : Headline(row),
                [.. Waits(run, state)]);
        }
        catch (UserFaultException fault)
        {
            return new Listed(
                new RunSummary(run, "cannot be read") { Fault = fault.Message }, "", ["", $"{run}: {fault.Message}"]);
        }
    }

    // The share of held-out prompts; where the run measures none, its first yardstick's headline.
    private static string Headline(EvaluationRow row) =>
        row.HeldOutPrompt is { } share ? string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %")
        : row.Yardsticks is [{ Figures: [{ } figure, ..] } first, ..]
            ? $"{first.Name} {EvalTaskCommand.Figure(figure.Value, figure.IsShare)}"
        : "";

    private sealed record Listed(RunSummary Summary, string Headline, IReadOnlyList<string> Waits);
}

/// <summary>A run in a list, as scripts read it.</summary>
/// <param name="Run">The run directory.</param>
/// <param name="State">ended, at work, interrupted, failed; no run of a recipe; cannot be read.</param>
internal sealed record RunSummary(string Run, string State)
{
    /// <summary>The stage that ended last.</summary>
    public string? LastStage { get; init; }

    /// <summary>The stage that was begun and has not ended.</summary>
    public string? Stage { get; init; }

    /// <summary>Items of that stage.</summary>
    public int? StageItems { get; init; }

    /// <summary>The last row of the results.</summary>
    public string? LastRow { get; init; }

    /// <summary>Share of held-out prompts of that row that are satisfied.</summary>
    public double? HeldOutPrompt { get; init; }

    /// <summary>Time in which the run was at work.</summary>
    public double? WallSeconds { get; init; }

    /// <summary>Answered calls of models.</summary>
    public long? ModelCalls { get; init; }

    /// <summary>Tokens that those generated.</summary>
    public long? GeneratedTokens { get; init; }

    /// <summary>The fault that ended the last session.</summary>
    public string? Fault { get; init; }

    /// <summary>The command that goes on with it.</summary>
    public string? Command { get; init; }

    /// <summary>Stages of which something is missing because calls failed.</summary>
    public IReadOnlyList<StageFailures>? Failed { get; init; }

    /// <summary>The summary of a recipe's run.</summary>
    /// <param name="run">The run directory.</param>
    /// <param name="state">Its state.</param>
    public static RunSummary Of(string run, RunState state)
    {
        EvaluationRow? row = state.Results.Rows.LastOrDefault();
        return new RunSummary(run, RunsCommand.Word(state.Progress))
        {
            LastStage = state.LastStage,
            Stage = state.Stage,
            StageItems = state.StageItems,
            LastRow = row?.Name.ToString(),
            HeldOutPrompt = row?.HeldOutPrompt,
            WallSeconds = state.Results.WallSeconds,
            ModelCalls = state.Results.ModelCalls,
            GeneratedTokens = state.Results.GeneratedTokens,
            Fault = state.Fault,
            Command = state.Command,
            Failed = state.Results.Failed,
        };
    }
}
