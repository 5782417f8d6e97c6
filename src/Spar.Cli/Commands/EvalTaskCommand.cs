using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Evaluation;
using Spar.Evaluation.Catalog;
using Spar.Evaluation.Data;
using Spar.Evaluation.Harness;
using Spar.Evaluation.HumanEval;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Results;
using Spar.Ground;
using Spar.Runtime.Models;
using Spar.Seams;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar eval TASK</c>: a benchmark against a model, or against responses that are there already.</summary>
internal static class EvalTaskCommand
{
    private static readonly Dictionary<string, string> s_about = new()
    {
        ["ifeval"] = "IFEval: 541 prompts with checkable instructions, scored strictly and loosely.",
        ["ifbench"] = "IFBench: 300 prompts with instructions that nobody trains on, scored strictly and loosely.",
        ["followbench"] =
            "FollowBench: five kinds of constraints and mixed, five levels; HSR, SSR, CSL. Needs a judge.",
        ["llmbar"] = "LLMBar: can the model tell which of two outputs follows the instruction?",
        ["gsm8k"] = "GSM8K: grade-school mathematics.",
        ["triviaqa"] = "TriviaQA: short questions of general knowledge.",
        ["mmlu"] = "MMLU: multiple choice in 57 subjects.",
        ["perplexity"] = "Perplexity of plain texts, by bytes and by words: has a training spoilt the language model?",
        ["humaneval"] = "HumanEval: programs from docstrings. Programs are run only with --execute.",
    };

    public static IEnumerable<Command> CreateAll(CommandContext context) =>
        Benchmarks.Names.Select(name => Create(name, context));

    private static Command Create(string name, CommandContext context)
    {
        ModelOptions model = new("model", "the model to measure", aliases: "-m");
        ModelOptions judge = new("judge", "the model that judges, where the benchmark needs one", ModelRole.Refiner);
        Option<string> data = Options.Text(
            "--data",
            "folder with the benchmarks' data, one folder a benchmark; for IFEval and IFBench also a file of prompts",
            "dir",
            "data"
        );
        Option<string?> output = Options.OptionalText(
            "--output",
            "folder for answers, samples.jsonl and results.json; run again with the same folder, only what is "
                + "missing is asked (default: eval/TASK)",
            "dir",
            "-o"
        );
        Option<string?> responses = Options.OptionalText(
            "--responses",
            "score ready responses instead of asking a model: JSON lines with key (or prompt) and response; - "
                + "reads standard input",
            "file"
        );
        Option<bool> rescore = Options.Flag(
            "--rescore",
            "score the answers in the output folder again, asking no model"
        );
        Option<bool> lenient = Options.Flag("--lenient", "skip and count bad records instead of stopping");
        Option<int?> limit = Options.OptionalCount("--limit", "first documents only (of each subset)");
        Option<int?> shots = Options.OptionalCount("--shots", "worked examples in each prompt", least: 0, most: 1000);
        Option<int> samples = Options.Count(
            "--samples",
            "HumanEval: samples a problem; LLMBar: votes an order",
            1,
            most: 10_000,
            aliases: "-n"
        );
        Option<int> concurrency = Options.Concurrency();
        Option<bool> execute = Options.Flag(
            "--execute",
            "run the programs that the model wrote, in a process of their own with limits and without network"
        );
        Option<bool> json = Shared.Json("print results.json instead of a table");
        Option<long> seed = Options.EvaluationSeed();
        Option<int> threads = Options.Threads();
        Option<double> allowFailed = Options.AllowFailed();
        bool scoresFiles = InstructionBenchmark.Names.Contains(name);
        Command command = new ResumableCommand(
            name,
            $"{s_about[name]}\n\nExamples:\n{string.Join('\n', Examples(name, scoresFiles))}"
        );
        model.AddTo(command);
        foreach (
            Option option in new Option[] { data, output, rescore, lenient, limit, allowFailed, concurrency, seed, threads, json }
        )
        {
            command.Add(option);
        }

        Option<int?> rewordings = Options.OptionalCount(
            "--rewordings",
            "ask each prompt in so many rewordings and report reliable@n: prompts of which all are followed",
            most: 100
        );
        Option<int?> maxTokens = Options.OptionalCount(
            "--max-tokens",
            "most tokens of an answer (the benchmark's usual number); figures of different numbers are not comparable"
        );
        if (scoresFiles)
        {
            command.Add(responses);
            command.Add(maxTokens);
            command.Add(rewordings);
        }

        if (name is "followbench")
        {
            judge.AddTo(command);
        }

        if (name is "gsm8k" or "triviaqa" or "mmlu")
        {
            command.Add(shots);
        }

        if (name is "humaneval" or "llmbar")
        {
            command.Add(samples);
        }

        if (name is "humaneval")
        {
            command.Add(execute);
        }

        command.SetAction(
            async (parse, cancellationToken) =>
            {
                BenchmarkOptions options = new()
                {
                    Lenient = parse.GetValue(lenient),
                    Limit = parse.GetValue(limit),
                    Shots = command.Options.Contains(shots) ? parse.GetValue(shots) : null,
                    Samples = command.Options.Contains(samples) ? parse.GetValue(samples) : 1,
                    MaxTokens = scoresFiles ? parse.GetValue(maxTokens) : null,
                    Rewordings = scoresFiles ? parse.GetValue(rewordings) : null,
                    ProgramRunner =
                        command.Options.Contains(execute) && parse.GetValue(execute)
                            ? await ProgramRunner.CreateAsync(cancellationToken: cancellationToken)
                            : null,
                };
                EvaluationRunOptions run = new()
                {
                    Concurrency = parse.GetValue(concurrency),
                    Seed = parse.GetValue(seed),
                    AllowFailed = parse.GetValue(allowFailed),
                    Time = context.Time,
                };
                DataFolder folder = new(parse.GetValue(data)!);
                string? file = command.Options.Contains(responses) ? parse.GetValue(responses) : null;
                if (file is not null)
                {
                    if (options.Rewordings is not null)
                    {
                        throw new EvaluationException(
                            "--rewordings asks each prompt anew, and ready responses answer the prompts as they "
                                + "stand: give --model in the place of --responses, or leave --rewordings out."
                        );
                    }

                    (EvaluationScore ready, BenchmarkFacts facts) = await ScoreFileAsync(
                        name,
                        file,
                        folder,
                        options,
                        parse.GetValue(output),
                        run,
                        context,
                        cancellationToken
                    );
                    return Show(
                        context,
                        ready,
                        () =>
                            ResultsWriter.Results(
                                facts,
                                ready,
                                new RunDescription(Path.GetFileName(file), null, run.Seed, run.Time.GetUtcNow())
                            ),
                        parse.GetValue(json)
                    );
                }

                (IBenchmark benchmark, IReadOnlyList<string> skipped) = Benchmarks.Open(name, folder, options);
                Warn(context, skipped);
                string target =
                    parse.GetValue(output)
                    ?? Path.Combine("eval", options.Rewordings is null ? name : benchmark.Facts.Name);
                EvaluationScore score;
                if (parse.GetValue(rescore))
                {
                    score = await EvaluationRun.RescoreAsync(benchmark, target, run, cancellationToken);
                }
                else
                {
                    Shared.MakeFolder(target);
                    using ProgressLine progress = new(context);
                    EvaluationModel asked =
                        await model.OpenAsync(parse, parse.GetValue(threads), progress, cancellationToken)
                        ?? throw new EvaluationException(
                            "There is nothing to measure: name a model with --model"
                                + (scoresFiles ? ", or give ready responses with --responses." : ".")
                        );
                    using IDisposable client = asked.Client;
                    EvaluationModel? second = command.Options.Contains(judge.Model)
                        ? await judge.OpenAsync(parse, parse.GetValue(threads), progress, cancellationToken)
                        : null;
                    using IDisposable? judging = second?.Client;
                    progress.Begin(name, benchmark.Requests.Count);
                    score = await EvaluationRun.RunAsync(
                        benchmark,
                        asked,
                        second,
                        target,
                        run,
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
                }

                int code = Show(context, score, () => ReadResults(target), parse.GetValue(json));
                context.Say($"Answers, samples and results are in {target}.");
                return code;
            }
        );
        return command;
    }

    private static IEnumerable<string> Examples(string name, bool scoresFiles)
    {
        string judge = name == "followbench" ? " --judge JUDGE_DIR" : "";
        yield return $"  spar eval {name} -m MODEL_DIR{judge} --data DATA --limit 20";
        yield return $"  spar eval {name} --model http://localhost:8000/v1#NAME \\";
        yield return $"   {judge} --data DATA_DIR";
        if (scoresFiles)
        {
            yield return $"  spar eval {name} --responses FILE.jsonl --data DATA_DIR";
        }

        if (name == "humaneval")
        {
            yield return "  spar eval humaneval --rescore --execute --data DATA_DIR";
        }
    }

    private static async Task<(EvaluationScore Score, BenchmarkFacts Facts)> ScoreFileAsync(
        string name,
        string file,
        DataFolder folder,
        BenchmarkOptions options,
        string? output,
        EvaluationRunOptions run,
        CommandContext context,
        CancellationToken cancellationToken
    )
    {
        LoadedFile<InstructionPrompt> loaded = InstructionPrompt.Load(folder.RequirePrompts(name), options.Lenient);
        IReadOnlyList<InstructionPrompt> prompts = [.. loaded.Items.Take(options.Limit ?? int.MaxValue)];
        InstructionResponses responses = InstructionResponses.Load(
            InputLines.Name(file),
            prompts,
            options.Lenient,
            InputLines.Reader(file, context)
        );
        Warn(context, [.. loaded.Skipped, .. responses.Skipped]);
        if (responses.Missing.Count > 0)
        {
            context.Warn($"{responses.Missing.Count} of {prompts.Count} prompts have no response and are left out");
            prompts = [.. prompts.Where(prompt => responses.ByKey.ContainsKey(prompt.Key))];
        }

        if (prompts.Count == 0)
        {
            throw new EvaluationException($"{file} has no response to any of the prompts.");
        }

        InstructionBenchmark benchmark = new(name, prompts, skipped: loaded.Skipped.Count + responses.Skipped.Count);
        return (
            await EvaluationRun.ScoreResponsesAsync(
                benchmark,
                responses.ByKey,
                Path.GetFileName(file),
                output,
                run,
                cancellationToken
            ),
            benchmark.Facts
        );
    }

    internal static void Warn(CommandContext context, IReadOnlyList<string> skipped)
    {
        foreach (string message in skipped.Take(10))
        {
            context.Messages.MarkupLine($"[yellow]skipped:[/] {Markup.Escape(message)}");
        }

        if (skipped.Count > 10)
        {
            context.Messages.MarkupLine($"[yellow]skipped:[/] and {skipped.Count - 10} more");
        }
    }

    internal static JsonNode ReadResults(string folder) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(folder, ResultsWriter.ResultsFile)))!;

    internal static int Show(CommandContext context, EvaluationScore score, Func<JsonNode> results, bool json)
    {
        int code = WarnOfMissing(context, score) ? ExitCode.Incomplete : ExitCode.Success;
        if (json)
        {
            context.Print(results().ToJsonString(JsonSettings.Readable) + "\n");
            return code;
        }

        if (score.Metrics.Count > 0)
        {
            ToFigures(score).WriteTo(context.Output);
        }
        else
        {
            context.Output.WriteLine(
                score.Counts.GetValueOrDefault("not_executed") > 0
                    ? "The answers were collected, but the programs in them were not run, so nothing is scored. "
                        + "--rescore --execute runs them."
                    : "Nothing was scored; the counts say why."
            );
        }

        foreach ((string name, int count) in score.Counts.Where(count => count.Value > 0))
        {
            context.Output.WriteLine($"{name.Replace('_', ' ')}: {count}");
        }

        return code;
    }

    // Says what calls that failed leave out of the score; true when there are any.
    private static bool WarnOfMissing(CommandContext context, EvaluationScore score)
    {
        int answers = score.Counts.GetValueOrDefault("answers_missing");
        int judgments = score.Counts.GetValueOrDefault("judgments_missing");
        if (answers + judgments > 0)
        {
            context.Warn(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{answers} answers and {judgments} judgments are missing, because their calls failed. They are left "
                        + $"out of the score; without --allow-failed the same command asks for them again."
                )
            );
        }

        return answers + judgments > 0;
    }

    private static Figures ToFigures(EvaluationScore score)
    {
        Figures table = new Figures()
            .Column("task")
            .Column("measure")
            .Column("value", right: true)
            .Column("95 % interval", right: true);
        foreach (Metric metric in score.Metrics)
        {
            table.Row(
                metric.Task,
                metric.Filter == Metric.NoFilter ? metric.Name : $"{metric.Name} ({metric.Filter})",
                Figure(metric.Value, metric.IsShare),
                metric.Interval is { } interval
                    ? $"{Figure(interval.Low, metric.IsShare)} to {Figure(interval.High, metric.IsShare)}"
                    : ""
            );
        }

        return table;
    }

    internal static string Figure(double value, bool share) =>
        share
            ? string.Create(CultureInfo.InvariantCulture, $"{100 * value:0.00} %")
            : string.Create(CultureInfo.InvariantCulture, $"{value:0.000}");
}
