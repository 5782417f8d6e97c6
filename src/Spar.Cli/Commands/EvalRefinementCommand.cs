using System.CommandLine;
using Spar.Calls;
using Spar.Cli.Console;
using Spar.Decoding;
using Spar.Evaluation;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Refinement;
using Spar.Evaluation.Results;
using Spar.Evaluation.Statistics;
using Spar.Templates;
using Spar.Runtime.Evaluation;
using Spar.Search;
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
          spar eval refinement --cases failed.jsonl --model models/nano --strategy bfs --judge models/nano --second-judge checks
          spar eval refinement --cases failed.jsonl --model runs/mine/checkpoints/refiner-3 --prompts full --judge small --judge-endpoint http://localhost:8000/v1 --second-judge large --second-judge-endpoint http://localhost:8001/v1
        """;

    public static Command Create(CommandContext context)
    {
        ModelOptions refiner = new("model", "the refiner");
        ModelOptions judge = new("judge", "one judge");
        ModelOptions second = new("second-judge", "the other judge");
        Option<string> cases = new("--cases") { Description = "failed responses, JSON lines", Required = true };
        Option<string> strategy = new("--strategy", "-s") { Description = string.Join(", ", CaseRefiner.StrategyNames), DefaultValueFactory = _ => "bfs" };
        strategy.AcceptOnlyFromAmong([.. CaseRefiner.StrategyNames]);
        Option<string> prompts = new("--prompts") { Description = "prompt set: compact (nano model), full, or a folder", DefaultValueFactory = _ => "compact" };
        Option<int> votes = new("--votes") { Description = "the refiner's judgements a response", DefaultValueFactory = _ => 5 };
        Option<int> maxTokens = new("--max-tokens") { Description = "most tokens of one output", DefaultValueFactory = _ => 512 };
        Option<string> output = new("--output", "-o") { Description = "folder for refinements, verdicts, samples.jsonl and results.json; run again with the same folder, only what is missing is asked", DefaultValueFactory = _ => Path.Combine("eval", "refinement") };
        Option<int?> limit = new("--limit") { Description = "first cases only" };
        Option<bool> lenient = new("--lenient") { Description = "skip and count bad records instead of stopping" };
        Option<int> concurrency = new("--concurrency") { Description = "most calls in flight", DefaultValueFactory = _ => 32 };
        Option<long> seed = new("--seed") { Description = "seed of sampling and of confidence intervals" };
        Option<int> threads = Shared.Threads();
        Option<bool> json = new("--json") { Description = "print results.json instead of a table" };
        foreach (Option<int> atLeastOne in new[] { votes, maxTokens, concurrency })
        {
            atLeastOne.Validators.Add(result => Shared.Check(result.GetValueOrDefault<int>() >= 1, result, $"{atLeastOne.Name} must be at least 1"));
        }

        limit.Validators.Add(result => Shared.Check(result.GetValueOrDefault<int?>() is null or >= 1, result, "--limit must be at least 1"));
        Command command = new("refinement", Help) { cases };
        refiner.AddTo(command);
        judge.AddTo(command);
        second.AddTo(command);
        foreach (Option option in new Option[] { strategy, prompts, votes, maxTokens, output, limit, lenient, concurrency, seed, threads, json })
        {
            command.Add(option);
        }

        command.SetAction(async (parse, cancellationToken) =>
        {
            DataProblems problems = new(parse.GetValue(lenient));
            string file = parse.GetValue(cases)!;
            IReadOnlyList<RepairCase> given = [.. RepairCase.Load(file, problems).Take(parse.GetValue(limit) ?? int.MaxValue)];
            EvalTaskCommand.Warn(context, problems.Skipped);
            if (given.Count == 0)
            {
                throw new EvaluationException($"{file} has no cases.");
            }

            string folder = parse.GetValue(output)!;
            Directory.CreateDirectory(folder);
            EvaluationRunOptions run = new() { Concurrency = parse.GetValue(concurrency), Seed = parse.GetValue(seed), Time = context.Time };
            TemplateSet set = TemplateSet.Load(parse.GetValue(prompts)!);
            int tokens = parse.GetValue(maxTokens);
            EvaluationModel? firstModel = await OpenJudgeAsync(judge);
            using IDisposable? firstClient = firstModel?.Client;
            EvaluationModel? otherModel = await OpenJudgeAsync(second);
            using IDisposable? otherClient = otherModel?.Client;
            RepairJudge first = Judge(judge, firstModel), other = Judge(second, otherModel);
            EvaluationModel? model = given.Any(item => item.Repaired is null) ? await refiner.OpenAsync(parse, parse.GetValue(threads), cancellationToken) : null;
            using IDisposable? client = model?.Client;
            string name = parse.GetValue(refiner.Model) ?? "as given";
            using ProgressLine progress = new(context.Messages, context.Time);
            Relay<EvaluationProgress> relay = new(now => progress.Set(now.Done, now.Total, 0, now.Failed > 0 ? $"{now.Stage}, {now.Failed} failed" : now.Stage));
            progress.Begin("refinement", given.Count);
            if (model is not null)
            {
                SearchSettings search = new();
                CaseRefiner work = new(
                    name, model.Client, set, parse.GetValue(strategy)!,
                    new DecodingSettings(new Sampling(0.9, 0.9, tokens), new Sampling(0.7, 1, tokens), new Sampling(0.7, 1, tokens), parse.GetValue(votes), 1, search));
                given = await work.RefineAsync(given, Path.Combine(folder, "refinements.jsonl"), run, relay, cancellationToken);
            }

            if (given.All(item => item.Repaired is null))
            {
                throw new EvaluationException($"{file} has no refinements: name the refiner with --model.");
            }

            EvaluationScore score = await RepairEvaluation.RunAsync(given, name, first, other, folder, run, relay, cancellationToken);
            progress.End();
            int code = EvalTaskCommand.Show(context, score, () => EvalTaskCommand.ReadResults(folder), parse.GetValue(json));
            context.Messages.WriteLine($"Refinements, verdicts, samples and results are in {folder}.");
            return code;

            bool IsChecks(ModelOptions options) => parse.GetValue(options.Model) == RepairJudges.Checks && parse.GetValue(options.Endpoint) is null;

            async ValueTask<EvaluationModel?> OpenJudgeAsync(ModelOptions options) =>
                IsChecks(options) ? null : await options.OpenAsync(parse, parse.GetValue(threads), cancellationToken);

            RepairJudge Judge(ModelOptions options, EvaluationModel? found) => (IsChecks(options), found) switch
            {
                (true, _) => RepairJudges.NanoChecks(given),
                (_, { } judging) => RepairJudges.Model(judging.Name, judging.Client, set, tokens),
                _ => throw new EvaluationException($"Two judges are needed: name one with {options.Model.Name}, a model or \"{RepairJudges.Checks}\"."),
            };
        });
        return command;
    }
}
