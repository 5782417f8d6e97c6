using System.CommandLine;
using System.Globalization;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Ground;
using Spar.Runs;
using Spar.Runtime.Composition;
using Spar.Runtime.Fleet;
using Spar.Runtime.Recipes;
using Spar.SelfPlay;
using Spar.Store;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar run</c>: the whole method, from a base model to the last iteration.</summary>
internal static class RunCommand
{
    private const string Help = """
        Runs self-play with tree-search refinement: SFT, then iterations of play, DPO and RFT, each measured on held-out
        prompts. Every answer and every stage is kept in the run directory; interrupted, the same command goes on from
        there.

        Examples:
          spar run recipes/quickstart.yaml
          spar run recipes/quickstart.yaml --seed 2
          spar run recipes/quickstart.yaml --set dpo.learning_rate=1e-4 \
            --set votes=3 --output runs/gentle
          spar run recipes/quickstart.yaml --output runs/mine --json
          spar run recipes/quickstart.yaml --retry-failed
          spar run recipes/quickstart.yaml --set dpo.beta=0.2 --fork runs/beta
          spar run recipes/quickstart.yaml --dry-run
          spar run recipes/quickstart.yaml --until-play
          spar run recipes/quickstart.yaml --shard 2/4
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> recipe = Options.Argument("recipe", "recipe file");
        Option<string?> output = Options.OptionalText(
            "--output",
            "run directory (default: runs/ and the recipe's name, with the seed if one is given)",
            "dir",
            "-o"
        );
        Option<ulong?> seed = Options.SeedInPlace();
        Option<string[]> settings = Options.RecipeSettings();
        Option<double> allowFailed = Options.AllowFailed();
        Option<string?> fork = Options.OptionalText(
            "--fork",
            "begin a new run here from the one in --output, of a recipe that has changed: it takes over what the change "
                + "does not concern",
            "dir"
        );
        Option<bool> retryFailed = Options.Flag(
            "--retry-failed",
            "ask again for what stages that have ended lack because calls failed; what was made without it is made anew"
        );
        Option<bool> json = Shared.Json("print the results as JSON instead of a table");
        Option<int> threads = Options.Threads();
        DryRun dryRun = new();
        RunScope scope = new();
        Command command = new ResumableCommand("run", Help)
        {
            recipe, output, seed, settings, allowFailed, retryFailed, fork, threads, json,
        };
        dryRun.AddTo(command);
        scope.AddTo(command);
        command.SetAction(
            async (parse, cancellationToken) =>
            {
                string path = parse.GetValue(recipe)!;
                ulong? given = parse.GetValue(seed);
                RecipeDocument document = RecipeDocument.Read(
                    path,
                    [.. parse.GetValue(settings)!, .. given is ulong one ? [$"seed={one}"] : Array.Empty<string>()]
                );
                string name =
                    Path.GetFileNameWithoutExtension(path)
                    + (given is ulong number ? string.Create(CultureInfo.InvariantCulture, $"-seed{number}") : "");
                string source = parse.GetValue(output) ?? Path.Combine("runs", name);
                string directory = parse.GetValue(fork) ?? source;
                if (parse.GetValue(fork) is not null)
                {
                    CheckFork(source, directory);
                }

                (RunRecipe recipeRead, IReadOnlyList<string> warnings) = await ReadAsync(
                    document,
                    directory,
                    parse.GetValue(retryFailed),
                    cancellationToken
                );
                Shared.Tell(document, context);
                foreach (string warning in warnings)
                {
                    context.Warn(warning);
                }

                if (dryRun.IsAsked(parse))
                {
                    return await dryRun.RunAsync(
                        recipeRead, parse, parse.GetValue(threads), parse.GetValue(json), context, cancellationToken);
                }

                (RunResults results, SessionEnd? end) = await RunAsync(
                    path,
                    Arguments(path, directory, given, parse.GetValue(settings)!),
                    recipeRead,
                    directory,
                    source,
                    parse.GetValue(threads),
                    parse.GetValue(allowFailed),
                    scope.Of(parse),
                    parse.GetValue(retryFailed),
                    context,
                    cancellationToken
                );
                if (end is not null)
                {
                    return RunScope.Tell(end, scope.Of(parse), directory, context);
                }

                int code = results.Failed is null ? ExitCode.Success : ExitCode.Incomplete;
                foreach (StageFailures failed in results.Failed ?? [])
                {
                    context.Warn(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"{failed.Stage}: {failed.Missing} items are missing because calls failed; the first, {failed.First.Item}: {failed.First.Reason}"
                        )
                    );
                }

                if (parse.GetValue(json))
                {
                    context.Print(results.ToJson());
                    return code;
                }

                RunDisplay.Table(results).WriteTo(context.Output);
                if (results.Endpoints is { } endpoints)
                {
                    FleetView.Table(endpoints).WriteTo(context.Output);
                }

                if (results.StoppedByDrift is int stopped)
                {
                    context.Output.WriteLine(
                        results.Integrity?.Any(one => one.Taken == DriftAction.Stop) == true
                            ? $"The run stopped in iteration {stopped}: too many rewarded responses satisfy checks by "
                                + "tricks (drift.tripped_threshold, drift.action)."
                            : $"The run stopped in iteration {stopped}: its judge had drifted from the verifiers "
                                + "(drift.threshold, drift.action)."
                    );
                }

                context.Output.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{ProgressLine.Duration(TimeSpan.FromSeconds(results.WallSeconds))}, "
                            + $"{results.ModelCalls} model calls, "
                            + $"{ProgressLine.Count(results.GeneratedTokens)} tokens generated. Everything is in "
                            + $"{directory}; "
                            + $"'spar report {directory}' makes a page of it."
                    )
                );
                return code;
            }
        );
        return command;
    }

    // The command that goes on with the run, for whoever finds its directory later.
    private static string[] Arguments(string path, string directory, ulong? seed, IEnumerable<string> settings) =>
    [
        "run", path, "--output", directory,
        .. seed is { } number ? ["--seed", number.ToString(CultureInfo.InvariantCulture)] : Array.Empty<string>(),
        .. settings.SelectMany(one => new[] { "--set", one }),
    ];

    private static string CommandOf(IEnumerable<string> arguments)
    {
        return string.Join(' ', arguments.Prepend("spar").Select(word =>
            word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./=,:+@%".Contains(c, StringComparison.Ordinal))
                ? word
                : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'"));
    }

    // A run that has ended needs no server any more.
    private static async Task<(RunRecipe Recipe, IReadOnlyList<string> Warnings)> ReadAsync(
        RecipeDocument document,
        string directory,
        bool retryFailed,
        CancellationToken cancellationToken
    )
    {
        if (!retryFailed && File.Exists(Path.Combine(directory, RunResults.FileName)))
        {
            RunRecipe recipe = RunComposer.Read(document);
            if (Ended(directory, RunIdentities.Of(recipe), recipe) is not null)
            {
                return (recipe, []);
            }
        }

        return await Preflight.ReadAsync(document, directory, cancellationToken);
    }

    private static async Task<(RunResults Results, SessionEnd? End)> RunAsync(
        string path,
        string[] arguments,
        RunRecipe recipe,
        string directory,
        string source,
        int threads,
        double allowFailed,
        PlayScope scope,
        bool retryFailed,
        CommandContext context,
        CancellationToken cancellationToken
    )
    {
        RunIdentity identity = RunIdentities.Of(recipe);
        RunStore opened;
        try
        {
            opened = RunScope.Open(directory, scope, identity, context.Time);
        }
        catch (UserFaultException) when (!retryFailed && Ended(directory, identity, recipe) is { } results)
        {
            // A run that has ended needs no writing, and its directory may forbid it.
            return (results, null);
        }

        using RunStore store = opened;
        string? fork = source == directory ? null : Fork(source, store);
        directory = RunScope.DirectoryOf(directory, scope);
        FleetWatch fleet = new();
        context.OpenToTheEnd.Add(new FleetMeter(fleet));
        using ProgressLine progress = new(context) { Beneath = new FleetView(fleet, context.Time).Lines };
        int stages = store.Stages().Count;
        string state =
            stages == 0 || fork is not null ? "a new run"
            : store.Retrying is { } retried ? $"goes on with what {retried} lacked because calls failed"
            : retryFailed ? RetriedOf(store)
            : Ended(directory, identity, recipe) is not null ? "has ended; nothing is left to do"
            : string.Create(CultureInfo.InvariantCulture, $"goes on, {stages} stages are there");
        string models = recipe.Method.ActorStart == recipe.Method.RefinerStart
            ? recipe.Method.ActorStart
            : $"{recipe.Method.ActorStart} (actor) and {recipe.Method.RefinerStart} (refiner)";
        context.Say($"{path} from {models} in {directory}: {state}");
        if (store.MigratedFrom is int older)
        {
            context.Say(string.Create(
                CultureInfo.InvariantCulture,
                $"The store was written by an earlier version and is brought to this one; the old one is kept as run.db.schema-{older}."));
        }

        if (PromptSets.Derived(recipe) is var (set, why))
        {
            context.Say($"prompt_set: {set}, for the recipe names none and {why}");
        }

        using RunLog log = new(directory, new RunDisplay(progress), context.Time);
        log.Write("info", RunState.CommandLine(CommandOf(arguments)));
        log.Write("info", $"{path} from {models}: {state}");
        if (fork is not null)
        {
            context.Say(fork);
            log.Write("info", fork);
        }

        try
        {
            SelfPlayRun run = RunComposer.Compose(
                recipe, store, threads, log, context.Time, allowFailed, scope, retryFailed,
                new SessionCommand(arguments, Environment.CurrentDirectory), fleet);
            RunResults results = await run.RunAsync(cancellationToken);
            log.Write("info", run.Ended is { } end ? $"the session ends at {end.Stage}" : "the run has ended");
            return (results, run.Ended);
        }
        catch (Exception fault)
        {
            log.Write("error", fault switch
            {
                OperationCanceledException => RunLog.Interrupted,
                UserFaultException => fault.Message,
                _ => fault.ToString(),
            });
            throw;
        }
    }

    private static void CheckFork(string source, string directory)
    {
        if (Path.GetFullPath(source) == Path.GetFullPath(directory))
        {
            throw new UserFaultException(
                $"--fork: {directory} is the run that the new one is to begin from.", "Name another directory.");
        }

        RunStore.OpenForReading(source).Dispose();
    }

    private static string Fork(string source, RunStore store)
    {
        RunFork fork = RunForks.Begin(source, store);
        string differs = fork.Differences.Count == 0 ? "whose recipe is the same"
            : $"in which {string.Join("; ", fork.Differences)}";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Begins from {source}, {differs}. Takes over {fork.Stages.Count} stages"
                + $"{(fork.Stages.Count == 0 ? "" : $" ({string.Join(", ", fork.Stages)})")} and {fork.Calls} answers; "
                + $"checkpoints among them stay in {source}, which has to be kept beside it.");
    }

    private static string RetriedOf(RunStore store) => RunResults.Of(store).Failed is { } failed
        ? $"asks again for what is missing in {string.Join(", ", failed.Select(one => one.Stage))}"
        : "lacks nothing that failed";

    // The results of a run of this recipe that has ended; null when there is none, or it cannot be read.
    private static RunResults? Ended(string directory, RunIdentity identity, RunRecipe recipe)
    {
        try
        {
            using RunStore store = RunStore.OpenForReading(directory);
            RunResults results = RunResults.Of(store);
            return
                store.Identity.DifferencesFrom(identity).Count == 0 && store.Retrying is null
                && (results.StoppedByDrift is not null || results.Rows.Any(row => row.Name == recipe.LastRow))
                ? results
                : null;
        }
        catch (UserFaultException)
        {
            return null;
        }
    }
}
