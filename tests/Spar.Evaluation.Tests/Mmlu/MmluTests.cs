using Spar.Calls;
using Spar.Evaluation.Data;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Mmlu;
using Spar.Evaluation.Results;
using Spar.Evaluation.Tests.Harness;

namespace Spar.Evaluation.Tests.Mmlu;

public class MmluTests
{
    [Fact]
    public async Task The_right_answers_score_fully_in_every_group_and_subject()
    {
        (MmluBenchmark benchmark, IReadOnlyList<MmluItem> items) = Open(limit: 3);
        EvaluationScore score = await benchmark.ScoreAsync(
            items.ToDictionary(item => item.Id, item => new Answer($" {MmluData.Letters[item.Answer]}.")),
            new Dictionary<string, Answer>(),
            default
        );
        Assert.All(score.Metrics, metric => Assert.Equal(1, metric.Value));
        Assert.Equal(2 + 4 + 57, score.Metrics.Count);
        Assert.Equal(57 * 3, benchmark.Facts.EffectiveCount);
    }

    [Fact]
    public async Task The_highest_log_likelihood_is_the_answer_where_the_backend_gives_them()
    {
        (MmluBenchmark benchmark, IReadOnlyList<MmluItem> items) = Open(limit: 1);
        using var folder = new TemporaryFolder();
        FakeClient client = new((_, _) => throw new InvalidOperationException("nothing is generated"));
        EvaluationScore score = await EvaluationRun.RunAsync(
            benchmark,
            new EvaluationModel("m", client, new PrefersC()),
            null,
            folder.Root,
            new EvaluationRunOptions()
        );
        Assert.Equal(57, score.Counts["scored_by_log_likelihood"]);
        Assert.Equal(
            items.Where(item => item.Index == 0).Average(item => item.Answer == 2 ? 1.0 : 0),
            score.Metrics[0].Value,
            1e-12
        );
        EvaluationScore again = await EvaluationRun.RescoreAsync(benchmark, folder.Root, new EvaluationRunOptions());
        Assert.Equal(score.Metrics.Select(metric => metric.Value), again.Metrics.Select(metric => metric.Value));
    }

    [Fact]
    public void Prompts_are_those_of_the_benchmark()
    {
        (MmluBenchmark benchmark, IReadOnlyList<MmluItem> items) = Open(limit: 1);
        string prompt = benchmark.Requests[0].Prompt;
        Assert.StartsWith(
            "The following are multiple choice questions (with answers) about abstract algebra.\n\nFind all c in Z_3",
            prompt
        );
        Assert.Contains("\nA. 0\nB. 1\nC. 2\nD. 3\nAnswer: B\n\n", prompt);
        Assert.EndsWith(
            $"{items[0].Question.Trim()}\nA. {items[0].Choices[0]}\nB. {items[0].Choices[1]}\nC. "
                + $"{items[0].Choices[2]}\nD. {items[0].Choices[3]}\nAnswer:",
            prompt
        );
        Assert.Equal(6, prompt.Split("Answer:").Length - 1);
    }

    [Theory]
    [InlineData("B", 1)]
    [InlineData(" C. Because", 2)]
    [InlineData("(D)", 3)]
    [InlineData("Answer: B", 1)]
    [InlineData("The answer is A, not B", 0)]
    [InlineData("Because", null)]
    [InlineData("b", null)]
    [InlineData("", null)]
    public void The_first_letter_that_stands_alone_counts(string text, int? expected) =>
        Assert.Equal(expected, MmluBenchmark.FirstLetter(text));

    [Fact]
    public async Task An_answer_without_a_letter_is_wrong_and_counted()
    {
        (MmluBenchmark benchmark, _) = Open(limit: 1);
        EvaluationScore score = await benchmark.ScoreAsync(
            benchmark.Requests.ToDictionary(request => request.Id, request => new Answer("I do not know")),
            new Dictionary<string, Answer>(),
            default
        );
        Assert.Equal((0, 57), (score.Metrics[0].Value, score.Counts["unparseable"]));
    }

    private static (MmluBenchmark Benchmark, IReadOnlyList<MmluItem> Items) Open(int limit)
    {
        DataFolder folder = GoldenFile.Data("mmlu");
        IReadOnlyList<MmluItem> items = MmluData.LoadTest(folder, new DataProblems());
        return (new MmluBenchmark(items, MmluData.LoadShots(folder, new DataProblems()), limit: limit), items);
    }

    private sealed class PrefersC : IChoiceScorer
    {
        public Task<IReadOnlyList<double>> ScoreAsync(
            string prompt,
            IReadOnlyList<string> continuations,
            CancellationToken cancellationToken
        ) => Task.FromResult<IReadOnlyList<double>>([.. continuations.Select(text => text == " C" ? -0.5 : -2.25)]);
    }
}
