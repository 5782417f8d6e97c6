using System.Text.Json;
using Spar.Calls;
using Spar.Evaluation.Data;
using Spar.Evaluation.Harness;
using Spar.Evaluation.LlmBar;
using Spar.Evaluation.Results;
using Spar.Evaluation.Tests.Harness;

namespace Spar.Evaluation.Tests.LlmBar;

public class LlmBarTests
{
    [Fact]
    public void Measures_of_all_stored_judgments_equal_the_reference()
    {
        var labels = LlmBarData
            .Load(GoldenFile.Data("llmbar"), new DataProblems())
            .ToDictionary(instance => instance.Id, instance => instance.Label);
        Dictionary<string, LlmBarFigures> figures = GoldenFile
            .Rows("llmbar", "judgments.jsonl.gz")
            .ToDictionary(
                Key,
                row => new LlmBarFigures([
                    .. row.GetProperty("verdicts").EnumerateArray().Select(verdict => Verdict(verdict, labels)),
                ])
            );
        IReadOnlyList<JsonElement> rows = GoldenFile.Rows("llmbar", "metrics.jsonl");
        Assert.Equal(figures.Count, rows.Count);
        Assert.All(
            rows,
            row =>
            {
                LlmBarFigures ours = figures[Key(row)];
                Assert.Equal(Count(row, "n"), ours.Count);
                Assert.Equal(Count(row, "unparsed_original"), ours.UnparsedOriginal);
                Assert.Equal(Count(row, "unparsed_swapped"), ours.UnparsedSwapped);
                Assert.Equal(Count(row, "correct_original"), ours.CorrectOriginal);
                Assert.Equal(Count(row, "correct_swapped"), ours.CorrectSwapped);
                Assert.Equal(Count(row, "correct_both"), ours.CorrectBoth);
                Assert.Equal(Count(row, "agree"), ours.Agree);
                Assert.Equal(Figure(row, "accuracy_original"), ours.AccuracyOriginal);
                Assert.Equal(Figure(row, "accuracy_swapped"), ours.AccuracySwapped);
                Assert.Equal(Figure(row, "accuracy_average"), ours.AccuracyAverage);
                Assert.Equal(Figure(row, "positional_agreement"), ours.PositionalAgreement);
                Assert.Equal(Figure(row, "f1_original_pos1"), ours.F1(1, swapped: false));
                Assert.Equal(Figure(row, "f1_original_pos2"), ours.F1(2, swapped: false));
                Assert.Equal(Figure(row, "f1_swapped_pos1"), ours.F1(1, swapped: true));
                Assert.Equal(Figure(row, "f1_swapped_pos2"), ours.F1(2, swapped: true));
                Assert.Equal(Figure(row, "macro_f1_original"), ours.MacroF1(swapped: false));
                Assert.Equal(Figure(row, "macro_f1_swapped"), ours.MacroF1(swapped: true));
            }
        );
    }

    [Fact]
    public void Completions_are_read_as_the_reference_reads_them()
    {
        IReadOnlyList<JsonElement> rows = GoldenFile.Rows("llmbar", "parse_vectors.jsonl");
        Assert.NotEmpty(rows);
        Assert.All(
            rows,
            row =>
            {
                JsonElement patterns = row.GetProperty("patterns");
                var template = new PairwiseTemplate(
                    "{input}{output_1}{output_2}",
                    patterns.GetProperty("1").GetString()!,
                    patterns.GetProperty("2").GetString()!
                );
                JsonElement winner = row.GetProperty("shown_winner");
                int? expected = winner.ValueKind == JsonValueKind.Null ? null : int.Parse(winner.ToString());
                Assert.Equal(expected, template.ShownWinner(row.GetProperty("completion").GetString()!));
            }
        );
    }

    [Fact]
    public void Data_have_the_published_subsets() =>
        Assert.Equal(
            [100, 134, 92, 47, 46],
            LlmBarData.Subsets.Select(subset =>
                LlmBarData
                    .Load(GoldenFile.Data("llmbar"), new DataProblems())
                    .Count(instance => instance.Subset == subset)
            )
        );

    [Fact]
    public async Task A_judge_with_a_position_bias_is_right_half_the_time_and_never_agrees()
    {
        EvaluationScore score = await Judge(s_instances, votes: 1, (_, _) => "Output (a) is better.");
        Assert.Equal(0.5, Value(score, "llmbar", "acc"));
        Assert.Equal(0, Value(score, "llmbar", "positional_agreement"));
        Assert.Equal(0, score.Counts["unparseable_votes"]);
    }

    [Fact]
    public async Task Votes_are_counted_from_the_same_samples()
    {
        // Votes 1 and 3 are wrong in the first position and right in the second; from five votes on, the majority is
        // right.
        EvaluationScore score = await Judge(
            s_instances,
            votes: 5,
            (request, vote) => vote is 1 or 3 ? Wrong(request) : Right(request)
        );
        Assert.Equal(
            [0, 0, 0, 0, 1],
            Enumerable.Range(1, 5).Select(count => Value(score, "llmbar_votes", $"acc_votes_{count}"))
        );
        Assert.Equal(1, Value(score, "llmbar", "acc"));
        Assert.Equal(1, Value(score, "llmbar_adversarial_pooled", "f1"));
    }

    [Fact]
    public async Task An_answer_that_cannot_be_read_is_counted_and_never_right()
    {
        EvaluationScore score = await Judge(s_instances, votes: 1, (_, _) => "Both are fine.");
        Assert.Equal(0, Value(score, "llmbar", "acc"));
        Assert.Equal(12, score.Counts["unparseable_votes"]);
        Assert.Equal(12, score.Counts["judgments_without_winner"]);
    }

    [Theory]
    [InlineData("Because of that, Output (b) is better.", 2)]
    [InlineData("Output (a) is better.\nNo, wait.\n**Output (b) is better.**\n", 2)]
    [InlineData("One might say Output (b) is better. I do not.", null)]
    public void The_default_template_reads_the_closing_line(string completion, int? winner) =>
        Assert.Equal(winner, PairwiseTemplate.Default.ShownWinner(completion));

    [Fact]
    public void Placeholders_in_the_data_stay_as_they_are()
    {
        string text = PairwiseTemplate.Default.Messages("say {output_2}", "one", "two")[^1].Text;
        Assert.Contains("say {output_2}", text);
        Assert.Contains("[Output (b)]\ntwo", text);
    }

    private static readonly LlmBarInstance[] s_instances =
    [
        .. Enumerable
            .Range(0, 6)
            .Select(i =>
                i % 2 == 0
                    ? new LlmBarInstance($"i{i}", i < 2 ? "Natural" : "Manual", "do", $"good{i}", $"bad{i}", 1)
                    : new LlmBarInstance($"i{i}", i < 2 ? "Natural" : "Manual", "do", $"bad{i}", $"good{i}", 2)
            ),
    ];

    private static string Right(string prompt) => Says(prompt.IndexOf("good") < prompt.IndexOf("bad"));

    private static string Wrong(string prompt) => Says(prompt.IndexOf("good") > prompt.IndexOf("bad"));

    private static string Says(bool first) => first ? "Output (a) is better." : "Output (b) is better.";

    private static async Task<EvaluationScore> Judge(
        LlmBarInstance[] instances,
        int votes,
        Func<string, int, string> answer
    )
    {
        var benchmark = new LlmBarBenchmark(instances, votes: votes);
        Dictionary<string, Answer> answers = benchmark.Requests.ToDictionary(
            request => request.Id,
            request => new Answer(answer(request.Prompt, int.Parse(request.Id.Split('/')[2])))
        );
        return await benchmark.ScoreAsync(answers, new Dictionary<string, Answer>(), CancellationToken.None);
    }

    private static double Value(EvaluationScore score, string task, string name) =>
        Math.Round(score.Metrics.Single(metric => metric.Task == task && metric.Name == name).Value, 12);

    private static string Key(JsonElement row) =>
        $"{row.GetProperty("evaluator")}/{row.GetProperty("strategy")}/{row.GetProperty("subset")}";

    private static LlmBarVerdict Verdict(JsonElement verdict, Dictionary<string, int> labels) =>
        new(
            Winner(verdict.GetProperty("original")),
            Winner(verdict.GetProperty("swapped")),
            labels[verdict.GetProperty("id").GetString()!]
        );

    private static int? Winner(JsonElement winner) =>
        winner.ValueKind == JsonValueKind.Null ? null : int.Parse(winner.ToString());

    private static int Count(JsonElement row, string name) => row.GetProperty(name).GetInt32();

    private static double Figure(JsonElement row, string name) => row.GetProperty(name).GetDouble();
}
