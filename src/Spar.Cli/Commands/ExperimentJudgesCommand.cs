using System.CommandLine;
using Spar.Cli.Console;
using Spar.Cli.Experiments;
using Spar.Experiments;
using Spar.Nano;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar experiment judges</c>: the ways to value a response, on the same responses.</summary>
internal static class ExperimentJudgesCommand
{
    private const string Help = """
        Compares the ways to judge on an actor's own samples for held-out tasks of the nano world: all votes, adaptive votes, probability of yes, verifiers first
        (hybrid) and, with --panel, several judges. Every verdict is set against the world's exact checks, over several seeds. Interrupted, the same command
        goes on.

        Examples:
          spar experiment judges
          spar experiment judges --stories 1 --count 100
          spar experiment judges --actor runs/quickstart/checkpoints/actor-3 --judge runs/quickstart/checkpoints/refiner-3 \
            --panel runs/quickstart/checkpoints/refiner-1 --panel runs/quickstart/checkpoints/refiner-2
        """;

    public static Command Create(CommandContext context)
    {
        Option<string> actor = new("--actor") { Description = "checkpoint of the actor", DefaultValueFactory = _ => "models/nano" };
        Option<string> judge = new("--judge") { Description = "checkpoint of the judge, or an endpoint as http://host:port/v1#model", DefaultValueFactory = _ => "models/nano" };
        Option<string[]> panel = new("--panel") { Description = "a further judge for the panel; may be given several times", DefaultValueFactory = _ => [] };
        Option<int> count = new("--count", "-n") { Description = $"held-out tasks, at most {HeldOut.Count}", DefaultValueFactory = _ => 150 };
        count.Validators.Add(result => Shared.Check(result.GetValueOrDefault<int>() is >= 1 and <= HeldOut.Count, result, $"--count must be between 1 and {HeldOut.Count}"));
        Option<double> stories = new("--stories") { Description = "share of tasks that ask for a story, 0 to 1", DefaultValueFactory = _ => 0.5 };
        stories.Validators.Add(result => Shared.Check(result.GetValueOrDefault<double>() is >= 0 and <= 1, result, "--stories must be between 0 and 1"));
        Option<int> samples = new("--samples") { Description = "responses a task", DefaultValueFactory = _ => 2 };
        Option<int> votes = new("--votes") { Description = "judgements a response", DefaultValueFactory = _ => 5 };
        foreach (Option<int> atLeastOne in new[] { samples, votes })
        {
            atLeastOne.Validators.Add(result => Shared.Check(result.GetValueOrDefault<int>() >= 1, result, $"{atLeastOne.Name} must be at least 1"));
        }

        Option<string[]> verifiers = new("--verifiers") { Description = "kinds or families of constraints that the hybrid judge's verifiers know", DefaultValueFactory = _ => ["length", "keyword"], AllowMultipleArgumentsPerToken = true };
        Option<string> prompts = new("--prompts") { Description = "prompt set: compact (nano model), full, or a folder", DefaultValueFactory = _ => "compact" };
        Option<ulong[]> seeds = new("--seeds") { Description = "seeds, one after the other", DefaultValueFactory = _ => [1, 2, 3], AllowMultipleArgumentsPerToken = true };
        Option<string> output = new("--output", "-o") { Description = "folder of the answers and the results", DefaultValueFactory = _ => "runs/experiments/judges" };
        Option<bool> json = new("--json") { Description = "print the results as JSON instead of a table" };
        Option<int> threads = Shared.Threads();
        Command command = new("judges", Help) { actor, judge, panel, count, stories, samples, votes, verifiers, prompts, seeds, output, threads, json };
        command.SetAction(async (parse, cancellationToken) =>
        {
            JudgesSettings settings = new(
                parse.GetValue(actor)!, parse.GetValue(judge)!, parse.GetValue(panel)!, parse.GetValue(count), parse.GetValue(stories),
                parse.GetValue(samples), parse.GetValue(votes), parse.GetValue(verifiers)!, parse.GetValue(prompts)!);
            string directory = parse.GetValue(output)!;
            List<JudgeComparisonResult> results = [];
            using (ProgressLine progress = new(context.Messages, context.Time))
            {
                JudgesExperiment experiment = new(settings, parse.GetValue(threads), context.Time);
                foreach (ulong seed in parse.GetValue(seeds)!.Distinct())
                {
                    progress.Begin($"seed {seed}", settings.Count);
                    results.Add(await experiment.RunAsync(seed, directory, () => progress.Advance(), cancellationToken));
                    progress.End();
                }
            }

            JudgesReport report = JudgesReport.Of(settings, results);
            await File.WriteAllTextAsync(Path.Combine(directory, "results.json"), report.ToJson(), cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(directory, "results.md"), report.ToMarkdown(), cancellationToken);
            if (parse.GetValue(json))
            {
                context.Output.Profile.Out.Writer.Write(report.ToJson());
                return CommandLine.Success;
            }

            context.Output.Write(report.ToTable());
            context.Output.WriteLine($"{report.Summary} Everything is in {directory}.");
            return CommandLine.Success;
        });
        return command;
    }
}
