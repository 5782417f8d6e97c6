using System.CommandLine;
using Spar.Calls;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Decoding;
using Spar.Evaluation;
using Spar.Evaluation.Data;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Refinement;
using Spar.Evaluation.Results;
using Spar.Evaluation.Statistics;
using Spar.Runtime.Evaluation;
using Spar.Runtime.Models;
using Spar.Seams;
using Spar.Search;
using Spar.Templates;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar eval refinement</c>: how many failed responses a refiner repairs, by two judges.</summary>
internal static class EvalRefinementCommand
{
    private const string Help = """
        Refinement accuracy: a refiner repairs failed responses, two judges say side by side which repairs follow their instruction, and how often they agree.
        Cases are JSON lines with id, instruction, response, and refined where a refinement is there already (then no --model is needed).
        The judge "checks" is no model but the nano world's exact checks.

        Examples:
          spar eval nano --failures failed.jsonl
          spar eval refinement --cases failed.jsonl --model models/nano \
            --judge models/nano --second-judge checks
          spar eval refinement --cases CASES.jsonl --model MODEL_DIR --prompts full \
            --judge http://localhost:8000/v1#NAME \
            --second-judge http://localhost:8001/v1#NAME
        """;

    public static Command Create(CommandContext context)
    {
        ModelOptions refiner = new("model", "the refiner", ModelRole.Refiner, "-m");
        ModelOptions judge = new("judge", "one judge", ModelRole.Refiner);
        ModelOptions second = new("second-judge", "the other judge", ModelRole.Refiner);
        Option<string> cases = Options.RequiredText(
            "--cases",
            "failed responses, JSON lines; - reads standard input",
            "file"
        );
        Option<string> strategy = Options.Choice(
            "--strategy",
            "how a response is repaired",
            CaseRefiner.StrategyNames,
            "bfs",
            "-s"
        );
        Option<string> prompts = Shared.TemplateSet();
        Option<int> votes = Shared.Votes();
        Option<int> maxTokens = Options.MaxTokens(512);
        Option<string> output = Shared.Output(
            "folder for refinements, verdicts, samples.jsonl and results.json; run again with the same folder, "
                + "only what is missing is asked",
            Path.Combine("eval", "refinement")
        );
        Option<int?> limit = Options.OptionalCount("--limit", "first cases only");
        Option<bool> lenient = Options.Flag("--lenient", "skip and count bad records instead of stopping");
        Option<int> concurrency = Options.Concurrency();
        Option<long> seed = Options.EvaluationSeed();
        Option<int> threads = Options.Threads();
        Option<double> allowFailed = Options.AllowFailed();
        Option<bool> json = Shared.Json("print results.json instead of a table");
        Command command = new ResumableCommand("refinement", Help) { cases };
        refiner.AddTo(command);
        judge.AddTo(command);
        second.AddTo(command);
        foreach (
            Option option in new Option[]
            {
                strategy,
                prompts,
                votes,
                maxTokens,
                output,
                limit,
                lenient,
                allowFailed,
                concurrency,
                seed,
                threads,
                json,
            }
        )
        {
            command.Add(option);
        }

        command.SetAction(
            async (parse, cancellationToken) =>
            {
                DataProblems problems = new(parse.GetValue(lenient));
                string file = parse.GetValue(cases)!;
                IReadOnlyList<RepairCase> given =
                [
                    .. RepairCase
                        .Load(InputLines.Name(file), problems, InputLines.Reader(file, context))
                        .Take(parse.GetValue(limit) ?? int.MaxValue),
                ];
                EvalTaskCommand.Warn(context, problems.Skipped);
                if (given.Count == 0)
                {
                    throw new EvaluationException($"{file} has no cases.");
                }

                string folder = parse.GetValue(output)!;
                Shared.MakeFolder(folder);
                using ProgressLine progress = new(context);
                EvaluationRunOptions run = new()
                {
                    Concurrency = parse.GetValue(concurrency),
                    Seed = parse.GetValue(seed),
                    AllowFailed = parse.GetValue(allowFailed),
                    Time = context.Time,
                };
                TemplateSet set = TemplateSet.Load(parse.GetValue(prompts)!);
                int tokens = parse.GetValue(maxTokens);
                EvaluationModel? firstModel = await OpenJudgeAsync(judge);
                using IDisposable? firstClient = firstModel?.Client;
                EvaluationModel? otherModel = await OpenJudgeAsync(second);
                using IDisposable? otherClient = otherModel?.Client;
                RepairJudge first = Judge(judge, firstModel),
                    other = Judge(second, otherModel);
                EvaluationModel? model = given.Any(item => item.Repaired is null)
                    ? await refiner.OpenAsync(parse, parse.GetValue(threads), progress, cancellationToken)
                    : null;
                using IDisposable? client = model?.Client;
                string name = parse.GetValue(refiner.Model) ?? "as given";
                Relay<EvaluationProgress> relay = new(now =>
                    progress.Set(
                        now.Done,
                        now.Total,
                        0,
                        now.Failed > 0 ? $"{now.Stage}, {now.Failed} failed" : now.Stage
                    )
                );
                int all = given.Count;
                progress.Begin("refinement", given.Count);
                if (model is not null)
                {
                    SearchSettings search = new();
                    CaseRefiner work = new(
                        name,
                        model.Client,
                        set,
                        parse.GetValue(strategy)!,
                        new DecodingSettings(
                            new Sampling(0.9, 0.9, tokens),
                            new Sampling(0.7, 1, tokens),
                            new Sampling(0.7, 1, tokens),
                            parse.GetValue(votes),
                            1,
                            search
                        )
                    );
                    given = await work.RefineAsync(
                        given,
                        Path.Combine(folder, "refinements.jsonl"),
                        run,
                        relay,
                        cancellationToken
                    );
                }

                if (given.All(item => item.Repaired is null))
                {
                    throw new EvaluationException($"{file} has no refinements: name the refiner with --model.");
                }

                EvaluationScore score = await RepairEvaluation.RunAsync(
                    given,
                    name,
                    first,
                    other,
                    folder,
                    run,
                    relay,
                    cancellationToken,
                    all - given.Count
                );
                progress.End();
                int code = EvalTaskCommand.Show(
                    context,
                    score,
                    () => EvalTaskCommand.ReadResults(folder),
                    parse.GetValue(json)
                );
                context.Say($"Refinements, verdicts, samples and results are in {folder}.");
                return code;

                bool IsChecks(ModelOptions options) =>
                    parse.GetValue(options.Model) == RepairJudges.Checks;

                async ValueTask<EvaluationModel?> OpenJudgeAsync(ModelOptions options) =>
                    IsChecks(options)
                        ? null
                        : await options.OpenAsync(parse, parse.GetValue(threads), progress, cancellationToken);

                RepairJudge Judge(ModelOptions options, EvaluationModel? found) =>
                    (IsChecks(options), found) switch
                    {
                        (true, _) => RepairJudges.NanoChecks(given),
                        (_, { } judging) => RepairJudges.Model(judging.Name, judging.Client, set, tokens),
                        _ => throw new EvaluationException(
                            $"Two judges are needed: name one with {options.Model.Name}, a model or "
                                + $"\"{RepairJudges.Checks}\"."
                        ),
                    };
            }
        );
        return command;
    }
}
