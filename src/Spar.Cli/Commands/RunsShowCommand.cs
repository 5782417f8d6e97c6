using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Ground;
using Spar.Runs;
using Spar.SelfPlay;
using Spar.Store;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar runs show</c>: one run, stage by stage.</summary>
internal static class RunsShowCommand
{
    private const string Help = """
        Shows one run: how far it is and what it waits for, its stages with time, calls and tokens, where its space goes,
        and with --recipe the values that decide its results. Changes nothing.

        Examples:
          spar runs show runs/quickstart
          spar runs show runs/quickstart --json
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> run = Options.Argument("run", "run directory");
        Option<bool> recipe = Options.Flag("--recipe", "print the values that decide the run's results as well");
        Option<bool> json = Shared.Json("print all of it as JSON instead of tables");
        Command command = new("show", Help) { run, recipe, json };
        command.SetAction((parse, _) => ReadRun.OfAsync(
            parse.GetValue(run)!,
            context,
            store =>
            {
                Write(store, parse.GetValue(run)!, parse.GetValue(recipe), parse.GetValue(json), context);
                return Task.FromResult(ExitCode.Success);
            }));
        return command;
    }

    private static void Write(RunStore store, string run, bool recipe, bool json, CommandContext context)
    {
        RunState state = RunState.Of(store) ?? throw new UserFaultException(
            $"{run} holds no run of a recipe.", "Name the directory that spar run wrote to.");
        Dictionary<string, StageTiming> timings = store.Timings().ToDictionary(timing => timing.Stage);
        ShownStage[] stages = [.. store.Stages().Select(stage => StageOf(store, stage, timings.GetValueOrDefault(stage)))];
        (string Name, long Bytes)[] space = [.. Space(store.Directory)];
        if (json)
        {
            context.Print(JsonSerializer.Serialize(
                new Shown(
                    RunSummary.Of(run, state), stages, space.ToDictionary(one => one.Name, one => one.Bytes),
                    store.Identity.Values),
                JsonSettings.Readable) + "\n");
            return;
        }

        context.Output.WriteLine(HarmlessText.Of(
            $"{run}: {RunsCommand.Word(state.Progress)}, from {RecipeTrainings.StartsIn(store.Identity.Values)}"));
        Figures table = new Figures()
            .Column("stage").Column("began").Column("time", right: true).Column("calls", right: true)
            .Column("tokens", right: true).Column("");
        foreach (ShownStage stage in stages)
        {
            table.Row(
                stage.Stage,
                stage.Started ?? "",
                stage.Seconds is { } seconds ? ProgressLine.Duration(TimeSpan.FromSeconds(seconds)) : "",
                stage.Calls?.ToString(CultureInfo.InvariantCulture) ?? "",
                stage.OutputTokens is { } tokens ? ProgressLine.Count(tokens) : "",
                stage.Missing > 0
                    ? string.Create(CultureInfo.InvariantCulture, $"lacks {stage.Missing} items")
                    : stage.Checkpoint ?? "");
        }

        table.WriteTo(context.Output);
        foreach (string line in RunsCommand.Waits(run, state).SkipWhile(line => line.Length == 0))
        {
            context.Output.WriteLine(HarmlessText.Of(line));
        }

        context.Output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{ProgressLine.Duration(TimeSpan.FromSeconds(state.Results.WallSeconds))}, {state.Results.ModelCalls} model "
                + $"calls, {ProgressLine.Count(state.Results.GeneratedTokens)} tokens generated. On disk: "
                + $"{string.Join(", ", space.Select(one => $"{one.Name} {DiskSize.Words(one.Bytes)}"))}."));
        if (recipe)
        {
            foreach ((string key, string value) in store.Identity.Values)
            {
                context.Output.WriteLine(HarmlessText.Of($"  {key}: {value}"));
            }
        }
    }

    private static ShownStage StageOf(RunStore store, string stage, StageTiming? timing)
    {
        TrainedProduct? trained = StageNames.IsTraining(stage) ? store.FindProduct<TrainedProduct>(stage) : null;
        return new ShownStage(stage)
        {
            // A stage that was taken over from another run has no time of its own.
            Started = timing is { Started.Length: > 0 } ? timing.Started : null,
            Seconds = timing is { Started.Length: > 0 } ? timing.Seconds : null,
            Calls = timing?.Calls,
            OutputTokens = timing?.OutputTokens,
            Checkpoint = trained is null ? null
                : trained.Pruned == true ? $"{trained.Checkpoint} (removed to free space)"
                : trained.Checkpoint ?? trained.Model,
            Digest = trained?.Digest,
            Missing = RunResults.FailuresOf(store, stage)?.Missing ?? 0,
        };
    }

    private static IEnumerable<(string Name, long Bytes)> Space(string directory)
    {
        long all = 0;
        foreach (string name in (string[])["checkpoints", "evaluation"])
        {
            DirectoryInfo folder = new(Path.Combine(directory, name));
            if (folder.Exists)
            {
                long bytes = folder.EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
                all += bytes;
                yield return (name, bytes);
            }
        }

        long store = Directory.GetFiles(directory, "run.db*").Sum(file => new FileInfo(file).Length);
        yield return ("store", store);
        long rest = new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length)
            - all - store;
        yield return ("rest", rest);
    }

    private sealed record Shown(
        RunSummary Run, IReadOnlyList<ShownStage> Stages, IReadOnlyDictionary<string, long> Bytes,
        IReadOnlyDictionary<string, string> Recipe);

    private sealed record ShownStage(string Stage)
    {
        public string? Started { get; init; }

        public double? Seconds { get; init; }

        public long? Calls { get; init; }

        public long? OutputTokens { get; init; }

        public string? Checkpoint { get; init; }

        public string? Digest { get; init; }

        public int Missing { get; init; }
    }
}
