using System.CommandLine;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Cli.Experiments;
using Spar.Experiments;
using Spar.Nano;
using Spar.Runtime.Experiments;
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
          spar experiment judges --actor runs/quickstart/checkpoints/actor-3 \
            --judge runs/quickstart/checkpoints/refiner-3 \
            --panel runs/quickstart/checkpoints/refiner-1
        """;

    public static Command Create(CommandContext context)
    {
        Option<string> actor = Options.Text(
            "--actor",
            "the actor: checkpoint, or endpoint as http://host:port/v1#name",
            "model",
            Shared.NanoModel
        );
        Option<string> judge = Options.Text("--judge", "the judge, named likewise", "model", Shared.NanoModel);
        Option<string[]> panel = Options.Texts(
            "--panel",
            "a further judge for the panel; may be given several times",
            "model"
        );
        Option<int> count = Options.Count(
            "--count",
            $"held-out tasks, at most {HeldOut.Count}",
            150,
            most: HeldOut.Count,
            aliases: "-n"
        );
        Option<double> stories = Options.Share("--stories", "share of tasks that ask for a story, 0 to 1", 0.5);
        Option<int> samples = Options.Count("--samples", "responses a task", 2, most: 1000);
        Option<int> votes = Shared.Votes();
        Option<string[]> verifiers = Options.Texts(
            "--verifiers",
            "kinds or families of constraints that the hybrid judge's verifiers know",
            "kind",
            "length",
            "keyword"
        );
        Option<string> prompts = Shared.TemplateSet();
        Option<IReadOnlyList<ulong>> seeds = Options.Seeds(1, 2, 3);
        Option<string> output = Shared.Output("folder of the answers and the results", "runs/experiments/judges");
        Option<bool> json = Shared.Json("print the results as JSON instead of a table");
        Option<int> threads = Options.Threads();
        Command command = new ResumableCommand("judges", Help)
        {
            actor,
            judge,
            panel,
            count,
            stories,
            samples,
            votes,
            verifiers,
            prompts,
            seeds,
            output,
            threads,
            json,
        };
        command.SetAction(
            async (parse, cancellationToken) =>
            {
                JudgesSettings settings = new(
                    parse.GetValue(actor)!,
                    parse.GetValue(judge)!,
                    parse.GetValue(panel)!,
                    parse.GetValue(count),
                    parse.GetValue(stories),
                    parse.GetValue(samples),
                    parse.GetValue(votes),
                    parse.GetValue(verifiers)!,
                    parse.GetValue(prompts)!
                );
                string directory = parse.GetValue(output)!;
                List<JudgeComparisonResult> results = [];
                using (ProgressLine progress = new(context))
                {
                    JudgesExperiment experiment = new(settings, parse.GetValue(threads), context.Time);
                    foreach (ulong seed in parse.GetValue(seeds)!)
                    {
                        progress.Begin($"seed {seed}", settings.Count);
                        results.Add(
                            await experiment.RunAsync(seed, directory, () => progress.Advance(), cancellationToken)
                        );
                        progress.End();
                    }
                }

                JudgesReport report = JudgesReport.Of(settings, results);
                await File.WriteAllTextAsync(
                    Path.Combine(directory, "results.json"),
                    report.ToJson(),
                    cancellationToken
                );
                await File.WriteAllTextAsync(
                    Path.Combine(directory, "results.md"),
                    report.ToMarkdown(),
                    cancellationToken
                );
                if (parse.GetValue(json))
                {
                    context.Print(report.ToJson());
                    return ExitCode.Success;
                }

                report.ToFigures().WriteTo(context.Output);
                context.Output.WriteLine($"{report.Summary} Everything is in {directory}.");
                return ExitCode.Success;
            }
        );
        return command;
    }
}
