using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Evaluation.Gsm8k;
using Spar.Evaluation.Harness;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.LlmBar;
using Spar.Evaluation.Refinement;
using Spar.Evaluation.Results;

namespace Spar.Evaluation.Tests.Harness;

/// <summary>What evaluations do with answers that are missing, cut off, empty or refused, and with thoughts.</summary>
public sealed class AnswerStatusTests : IDisposable
{
    private static readonly EvaluationRunOptions s_options = new() { Concurrency = 4 };

    private static readonly Gsm8kProblem[] s_problems =
    [
        .. Enumerable.Range(0, 20).Select(i => new Gsm8kProblem($"p{i:00}", $"What is {i}+0?", $"It is {i}.\n#### {i}")),
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Failed_calls_are_left_out_of_the_score_where_they_are_allowed()
    {
        EvaluationModel model = Model(i => i < 2 ? throw new HttpRequestException("too long") : Right(i));
        EvaluationException refused = await Assert.ThrowsAsync<EvaluationException>(() => RunAsync(model, 0.09));
        Assert.Contains("2 of 20 answers are missing", refused.Message);
        Assert.Contains("--allow-failed 10%", refused.Message);
        Assert.False(File.Exists(Path.Combine(_folder.Root, ResultsWriter.ResultsFile)));

        EvaluationScore score = await RunAsync(model, 0.1);
        Assert.All(score.Metrics, metric => Assert.Equal(1, metric.Value));
        Assert.Equal(2, score.Counts["answers_missing"]);
        JsonNode results = JsonNode.Parse(
            await File.ReadAllTextAsync(Path.Combine(_folder.Root, ResultsWriter.ResultsFile)))!;
        Assert.Equal(2, (int)results["counts"]!["answers_missing"]!);
        Assert.Equal(18, (int)results["n-samples"]!["gsm8k"]!["effective"]!);

        EvaluationException rescored = await Assert.ThrowsAsync<EvaluationException>(() =>
            EvaluationRun.RescoreAsync(Benchmark(), _folder.Root, s_options));
        Assert.Contains("--allow-failed 10%", rescored.Message);
        EvaluationScore again = await EvaluationRun.RescoreAsync(
            Benchmark(), _folder.Root, s_options with { AllowFailed = 0.1 });
        Assert.Equal(score.Metrics, again.Metrics);

        // Without the share the same command asks again, and the score is whole.
        Assert.False((await RunAsync(Model(Right), 0)).Counts.ContainsKey("answers_missing"));
    }

    [Fact]
    public async Task A_score_of_nothing_is_never_allowed() =>
        await Assert.ThrowsAsync<EvaluationException>(() =>
            RunAsync(Model(_ => throw new HttpRequestException("no")), 0.999));

    [Fact]
    public async Task What_is_not_complete_is_scored_for_what_it_says_and_counted()
    {
        EvaluationScore score = await RunAsync(Model(i => i switch
        {
            0 => Answer("", "length"),
            1 => Answer("The answer is 1", "length"),
            2 => Answer("<think>\nThe answer is 2.", "stop"),
            3 => Answer(" \n", "stop"),
            4 => Answer("I cannot help. The answer is 5.", "content_filter"),
            _ => Right(i),
        }), 0);
        Assert.Equal(
            (3, 3, 1),
            (score.Counts["answers_cut_off"], score.Counts["answers_empty"], score.Counts["answers_refused"]));
        Assert.Equal(16 / 20.0, score.Metrics.First(metric => metric.Filter == "flexible-extract").Value);
        Assert.Equal(
            ["cut off at the token limit", "cut off at the token limit", "unfinished thought", "empty", "refused by the server's filter", null],
            score.Samples.Take(6).Select(sample => (string?)sample.Extra?["answer_status"]));
        string kept = await File.ReadAllTextAsync(Path.Combine(_folder.Root, EvaluationRun.AnswersFile));
        Assert.Contains("think", kept);
    }

    [Fact]
    public async Task Thoughts_are_no_part_of_what_is_scored_and_stay_in_the_sample()
    {
        string file = _folder.File("prompts.jsonl", [.. new[] { 1, 2 }.Select(key =>
            $$"""{"key": {{key}}, "prompt": "No commas.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}""")]);
        InstructionBenchmark benchmark = new("ifeval", InstructionPrompt.Load(file).Items);
        EvaluationScore score = await EvaluationRun.ScoreResponsesAsync(
            benchmark,
            new Dictionary<string, string>
            {
                ["1"] = "<think>\nPlan, list, and count.\n</think>\n\nThe sea is calm today.",
                ["2"] = "<think>\nNo end",
            },
            "m",
            null,
            s_options);
        Assert.Equal([1, 0], score.Samples.Select(sample => sample.Values["prompt_level_strict_acc"]));
        Assert.Contains("Plan, list", Assert.Single(score.Samples[0].Responses));
        Assert.Equal(("unfinished thought", 1), ((string?)score.Samples[1].Extra!["answer_status"], score.Counts["answers_empty"]));
    }

    [Theory]
    [InlineData("stop", 0)]
    [InlineData("length", 2)]
    public async Task A_vote_that_was_cut_off_is_none(string finish, int unreadable)
    {
        LlmBarBenchmark benchmark = new([new LlmBarInstance("i", "Natural", "x", "a", "b", 1)]);
        EvaluationScore score = await EvaluationRun.RunAsync(
            benchmark, new EvaluationModel("m", Client(_ => Answer("Output (a) is better.", finish))), null, _folder.Root, s_options);
        Assert.Equal(unreadable, score.Counts["unparseable_votes"]);
    }

    [Fact]
    public async Task A_judges_word_on_a_repair_counts_only_where_it_is_complete()
    {
        RepairJudge yes = new("yes", (_, _) => Task.FromResult(Answer("yes", "stop")), Read);
        RepairJudge cut = new("cut", (_, _) => Task.FromResult(Answer("It says yes", "length")), Read);
        EvaluationScore score = await RepairEvaluation.RunAsync(
            [new RepairCase("1", "Write.", "bad", "good")], "r", yes, cut, _folder.Root, s_options);
        Assert.Equal((0, 1), (score.Counts["unparseable_by_yes"], score.Counts["unparseable_by_cut"]));
        Assert.DoesNotContain(score.Metrics, metric => metric.Name == "repaired_by_cut");

        static bool? Read(Answer answer) => answer.Read().Complete ? answer.Text == "yes" : null;
    }

    [Fact]
    public async Task A_judgement_of_a_repair_that_failed_is_missing_and_not_a_no()
    {
        RepairCase[] cases = [.. Enumerable.Range(0, 10).Select(i => new RepairCase($"{i}", "Write.", "bad", "good"))];
        RepairJudge yes = new("yes", (_, _) => Task.FromResult(Answer("yes", "stop")), _ => true);
        RepairJudge failing = new(
            "other", (item, _) => item.Id == "3" ? throw new HttpRequestException("gone") : Task.FromResult(Answer("yes", "stop")), _ => true);
        EvaluationScore score = await RepairEvaluation.RunAsync(
            cases, "r", yes, failing, _folder.Root, s_options with { AllowFailed = 0.1 });
        Assert.Equal(1, score.Counts["judgments_missing"]);
        Assert.Equal(1, score.Metrics.Single(metric => metric.Name == "repaired_by_other").Value);
        Assert.Equal(0, score.Counts["unparseable_by_other"]);
    }

    private static Gsm8kBenchmark Benchmark() => new(s_problems, s_problems, shots: 0);

    private static Answer Answer(string text, string finish) => new(text, Finish: finish);

    private static Answer Right(int i) => Answer($"The answer is {i}.", "stop");

    private static FunctionChatClient Client(Func<string, Answer> answer) =>
        new((messages, _, _) => Task.FromResult(answer(messages[^1].Text)));

    private static EvaluationModel Model(Func<int, Answer> answer) =>
        new("m", Client(prompt => answer(int.Parse(prompt.Split(' ')[3].Split('+')[0], null))));

    private Task<EvaluationScore> RunAsync(EvaluationModel model, double allowFailed) =>
        EvaluationRun.RunAsync(
            Benchmark(), model, null, _folder.Root, s_options with { AllowFailed = allowFailed });
}
