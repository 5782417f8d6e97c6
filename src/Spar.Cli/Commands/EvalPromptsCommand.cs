using System.CommandLine;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Evaluation;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;
using Spar.Ground;
using Spar.Runtime.Composition;
using Spar.Runtime.Evaluation;
using Spar.Runtime.Models;
using Spar.Seams;
using Spar.SelfPlay;

namespace Spar.Cli.Commands;

/// <summary><c>spar eval prompts</c>: a model on prompts of one's own, as the yardstick held_out of a run does it.</summary>
internal static class EvalPromptsCommand
{
    private const string Help = """
        Measures a model on prompts of your own: the share that it follows, by the constraints that come with them
        (instruction_id_list and kwargs), and where a judge is named by its verdict on the others. It is what a recipe's
        'evaluation: [{ name: held_out }]' measures; the prompts that a run held out are in its folder.

        Examples:
          spar eval prompts --data FILE.jsonl -m MODEL_DIR
          spar eval prompts --data runs/mine/evaluation/held_out.jsonl \
            --model http://localhost:8000/v1#NAME
          spar eval prompts --data FILE.csv -m MODEL_DIR --judge JUDGE_DIR --votes 5
        """;

    public static Command Create(CommandContext context)
    {
        ModelOptions model = new("model", "the model to measure", aliases: "-m");
        ModelOptions judge = new("judge", "the model that judges prompts without constraints", ModelRole.Refiner);
        Option<string> data = Options.RequiredText(
            "--data",
            "file of prompts in any layout that recipes take; - reads standard input",
            "file"
        );
        Option<int> votes = Options.Count("--votes", "judgements a response, of which the majority decides", 1, most: 1000);
        Option<int> maxTokens = Options.MaxTokens(s_defaults.Respond.MaxTokens);
        Option<string> output = Shared.Output(
            "folder for answers, samples.jsonl and results.json; run again with the same folder, only what is missing is "
                + "asked",
            Path.Combine("eval", PromptsBenchmark.Name)
        );
        Option<int?> limit = Options.OptionalCount("--limit", "first prompts that can be measured");
        Option<int> concurrency = Options.Concurrency();
        Option<long> seed = Options.EvaluationSeed();
        Option<int> threads = Options.Threads();
        Option<double> allowFailed = Options.AllowFailed();
        Option<bool> json = Shared.Json("print results.json instead of a table");
        Command command = new ResumableCommand(PromptsBenchmark.Name, Help) { data };
        model.AddTo(command);
        judge.AddTo(command);
        foreach (
            Option option in new Option[] { votes, maxTokens, output, limit, allowFailed, concurrency, seed, threads, json }
        )
        {
            command.Add(option);
        }

        command.SetAction(
            async (parse, cancellationToken) =>
            {
                string file = parse.GetValue(data)!;
                int cast = parse.GetValue(votes);
                string? judgeModel = parse.GetValue(judge.Model) is { } named
                    ? ModelReference.Resolve(named, ModelRole.Refiner).Location
                    : null;
                PromptsBenchmark benchmark = new(
                    InputLines.Name(file),
                    OwnPrompts.Read(InputLines.Name(file), InputLines.Reader(file, context)),
                    parse.GetValue(maxTokens),
                    judgeModel is null ? null : OwnPrompts.JudgedBy(judgeModel, cast, s_defaults),
                    parse.GetValue(limit)
                );
                string folder = parse.GetValue(output)!;
                Shared.MakeFolder(folder);
                using ProgressLine progress = new(context);
                EvaluationModel asked =
                    await model.OpenAsync(parse, parse.GetValue(threads), progress, cancellationToken)
                    ?? throw new EvaluationException("There is nothing to measure: name a model with --model.");
                using IDisposable client = asked.Client;
                EvaluationModel? second = await judge.OpenAsync(
                    parse,
                    parse.GetValue(threads),
                    progress,
                    cancellationToken
                );
                using IDisposable? judging = second?.Client;
                progress.Begin(PromptsBenchmark.Name, benchmark.Requests.Count);
                EvaluationScore score = await EvaluationRun.RunAsync(
                    benchmark,
                    asked,
                    second,
                    folder,
                    new EvaluationRunOptions
                    {
                        Concurrency = parse.GetValue(concurrency),
                        Seed = parse.GetValue(seed),
                        AllowFailed = parse.GetValue(allowFailed),
                        Time = context.Time,
                    },
                    new Relay<EvaluationProgress>(now =>
                        progress.Set(
                            now.Done,
                            now.Total,
                            0,
                            now.Failed > 0 ? $"{now.Stage}, {now.Failed} failed" : now.Stage
                        )
                    ),
                    cancellationToken
                );
                progress.End();
                int code = EvalTaskCommand.Show(
                    context,
                    score,
                    () => EvalTaskCommand.ReadResults(folder),
                    parse.GetValue(json)
                );
                context.Say($"Answers, samples and results are in {folder}.");
                return code;
            }
        );
        return command;
    }

    // How judgements are sampled and how long responses may be where no recipe says so.
    private static readonly Recipe s_defaults = new() { BaseModel = "" };
}
