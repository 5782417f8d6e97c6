using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Cli.Console;
using Spar.Evaluation.Refinement;
using Spar.Nano;
using Spar.Templates;
using Spar.Runtime.Nano;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar eval nano</c>: actor and judge on the nano world's held-out tasks, by constraint kind.</summary>
internal static class EvalNanoCommand
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private const string Help = """
        Measures an actor and a judge on held-out tasks of the nano world with its exact checks: how many tasks are satisfied, which kinds of constraints are
        followed, and how often the judge's verdict on the actor's own samples is right, by kind.

        Examples:
          spar eval nano
          spar eval nano --model runs/quickstart/checkpoints/actor-3 --judge runs/quickstart/checkpoints/refiner-3
          spar eval nano --count 1000 --temperature 0.9 --json
          spar eval nano --failures failed.jsonl
        """;

    public static Command Create(CommandContext context)
    {
        Option<string> model = new("--model", "-m") { Description = "checkpoint folder of the actor", DefaultValueFactory = _ => "models/nano" };
        Option<string?> judge = new("--judge") { Description = "checkpoint folder of the judge (default: the actor's)" };
        Option<int> count = new("--count", "-n") { Description = $"held-out tasks, at most {HeldOut.Count}", DefaultValueFactory = _ => 500 };
        count.Validators.Add(result => Shared.Check(result.GetValueOrDefault<int>() is >= 1 and <= HeldOut.Count, result, $"--count must be between 1 and {HeldOut.Count}"));
        Option<double> stories = new("--stories") { Description = "share of tasks that ask for a story, 0 to 1", DefaultValueFactory = _ => 0 };
        stories.Validators.Add(result => Shared.Check(result.GetValueOrDefault<double>() is >= 0 and <= 1, result, "--stories must be between 0 and 1"));
        Option<double> temperature = new("--temperature", "-t") { Description = "of the actor; 0 is greedy", DefaultValueFactory = _ => 0 };
        temperature.Validators.Add(result => Shared.Check(result.GetValueOrDefault<double>() >= 0, result, "--temperature must be at least 0"));
        Option<string?> failures = new("--failures") { Description = "file for the responses that do not satisfy everything; spar eval refinement takes it as --cases" };
        Option<bool> json = new("--json") { Description = "print JSON" };
        Option<ulong> seed = Shared.Seed();
        Option<int> threads = Shared.Threads();
        Command command = new("nano", Help) { model, judge, count, stories, temperature, failures, seed, threads, json };
        command.SetAction(async (parse, cancellationToken) =>
        {
            string actorPath = parse.GetValue(model)!;
            string judgePath = parse.GetValue(judge) ?? actorPath;
            using IChatClient actor = await Shared.OpenAsync(actorPath, parse.GetValue(threads), cancellationToken);
            using IChatClient second = judgePath == actorPath ? actor : await Shared.OpenAsync(judgePath, parse.GetValue(threads), cancellationToken);
            using CallSession session = new(parse.GetValue(seed), concurrency: 256);
            using ProgressLine progress = new(context.Messages, context.Time);
            progress.Begin("eval nano", parse.GetValue(count));
            NanoMeasurement result = await new NanoMeasurer(new ModelCaller(actor, session), new ModelCaller(second, session), TemplateSet.Load("compact"))
                .MeasureAsync(NanoEvaluator.Tasks(parse.GetValue(count), parse.GetValue(stories)), parse.GetValue(temperature), () => progress.Advance(), cancellationToken);
            progress.End();
            if (parse.GetValue(failures) is string file)
            {
                RepairCase.Save(file, result.Failures);
                context.Messages.WriteLine($"{result.Failures.Count} failed responses are in {file}.");
            }

            if (parse.GetValue(json))
            {
                context.Output.Profile.Out.Writer.WriteLine(JsonSerializer.Serialize(result, s_json));
                return CommandLine.Success;
            }

            context.Output.Write(ToTable(result));
            context.Output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{100 * result.Satisfied:0.0} % of {result.Count} tasks satisfied; the judge's verdict is right on {100 * result.JudgeAccuracy:0.0} % of the responses (accepts {100 * result.FalseAccepts:0.0} % of the wrong ones, rejects {100 * result.FalseRejects:0.0} % of the right ones), {result.Unparsed} could not be read."));
            return CommandLine.Success;
        });
        return command;
    }

    private static Table ToTable(NanoMeasurement result)
    {
        Table table = new Table().Border(TableBorder.Rounded)
            .AddColumn("constraint").AddColumn("family")
            .AddColumn(new TableColumn("seen").RightAligned())
            .AddColumn(new TableColumn("followed").RightAligned())
            .AddColumn(new TableColumn("judge's check right").RightAligned());
        foreach (KindMeasurement kind in result.Kinds)
        {
            table.AddRow(kind.Kind, kind.Family, kind.Count.ToString(CultureInfo.InvariantCulture), Percent(kind.Followed), Percent(kind.JudgeRight));
        }

        return table;
    }

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");
}
