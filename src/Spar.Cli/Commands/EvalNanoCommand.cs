using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Evaluation.Refinement;
using Spar.Ground;
using Spar.Nano;
using Spar.Runtime.Models;
using Spar.Runtime.Nano;
using Spar.Templates;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar eval nano</c>: actor and judge on the nano world's held-out tasks, by constraint kind.</summary>
internal static class EvalNanoCommand
{
    private const string Help = """
        Measures an actor and a judge on held-out tasks of the nano world with its exact checks: how many tasks are satisfied, which kinds of constraints are
        followed, and how often the judge's verdict on the actor's own samples is right, by kind.

        Examples:
          spar eval nano
          spar eval nano --model runs/quickstart/checkpoints/actor-3 \
            --judge runs/quickstart/checkpoints/refiner-3
          spar eval nano --count 1000 --temperature 0.9 --json
          spar eval nano --failures failed.jsonl
        """;

    public static Command Create(CommandContext context)
    {
        Option<string> model = Shared.Model("the actor");
        Option<string?> judge = Options.OptionalText("--judge", "the judge (default: the actor)", "model");
        Option<int> count = Options.Count(
            "--count",
            $"held-out tasks, at most {HeldOut.Count}",
            500,
            most: HeldOut.Count,
            aliases: "-n"
        );
        Option<double> stories = Options.Share("--stories", "share of tasks that ask for a story, 0 to 1", 0);
        Option<double> temperature = Options.Temperature(0, "the actor");
        Option<string?> failures = Options.OptionalText(
            "--failures",
            "file for the responses that do not satisfy everything; spar eval refinement takes it as --cases",
            "file"
        );
        Option<bool> json = Shared.Json("print JSON");
        Option<ulong> seed = Options.Seed();
        Option<int> threads = Options.Threads();
        Command command = new("nano", Help)
        {
            model,
            judge,
            count,
            stories,
            temperature,
            failures,
            seed,
            threads,
            json,
        };
        command.SetAction(
            async (parse, cancellationToken) =>
            {
                string actorPath = parse.GetValue(model)!;
                string judgePath = parse.GetValue(judge) ?? actorPath;
                using ProgressLine progress = new(context);
                using IChatClient actor = await Shared.OpenAsync(
                    actorPath,
                    parse.GetValue(threads),
                    progress,
                    cancellationToken
                );
                using IChatClient second = await Shared.OpenRefinerAsync(
                    actor,
                    actorPath,
                    judgePath,
                    parse.GetValue(threads),
                    progress,
                    cancellationToken
                );
                using CallSession session = new(parse.GetValue(seed), concurrency: 256);
                progress.Begin("eval nano", parse.GetValue(count));
                NanoMeasurement result = await new NanoMeasurer(
                    new ModelCaller(actor, session),
                    new ModelCaller(second, session),
                    TemplateSet.Load("compact")
                ).MeasureAsync(
                    NanoEvaluator.Tasks(parse.GetValue(count), parse.GetValue(stories)),
                    parse.GetValue(temperature),
                    () => progress.Advance(),
                    cancellationToken
                );
                progress.End();
                if (parse.GetValue(failures) is string file)
                {
                    RepairCase.Save(file, result.Failures);
                    context.Say($"{result.Failures.Count} failed responses are in {file}.");
                }

                if (parse.GetValue(json))
                {
                    context.Print(JsonSerializer.Serialize(result, JsonSettings.Readable) + "\n");
                    return ExitCode.Success;
                }

                ToFigures(result).WriteTo(context.Output);
                context.Output.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{100 * result.Satisfied:0.0} % of {result.Count} tasks satisfied; the judge's verdict is "
                            + $"right on {100 * result.JudgeAccuracy:0.0} % of the responses (accepts "
                            + $"{100 * result.FalseAccepts:0.0} % of the wrong ones, rejects "
                            + $"{100 * result.FalseRejects:0.0} % of the right ones), {result.Unparsed} could not "
                            + $"be read."
                    )
                );
                if (result.CutOff + result.Empty > 0)
                {
                    context.Output.WriteLine(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"{result.CutOff} responses were cut off, {result.Empty} are empty; they are measured as they are."
                        )
                    );
                }

                return ExitCode.Success;
            }
        );
        return command;
    }

    private static Figures ToFigures(NanoMeasurement result)
    {
        Figures table = new Figures()
            .Column("constraint")
            .Column("family")
            .Column("seen", right: true)
            .Column("followed", right: true)
            .Column("judge's check right", right: true);
        foreach (KindMeasurement kind in result.Kinds)
        {
            table.Row(
                kind.Kind,
                kind.Family,
                kind.Count.ToString(CultureInfo.InvariantCulture),
                Percent(kind.Followed),
                Percent(kind.JudgeRight)
            );
        }

        return table;
    }

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");
}
