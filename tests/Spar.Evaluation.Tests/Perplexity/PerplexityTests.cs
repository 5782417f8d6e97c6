using Spar.Calls;
using Spar.Evaluation.Data;
using Spar.Evaluation.Perplexity;
using Spar.Evaluation.Results;

namespace Spar.Evaluation.Tests.Perplexity;

public sealed class PerplexityTests
{
    [Fact]
    public async Task The_rest_of_a_text_counts_by_bytes_and_by_words()
    {
        PerplexityBenchmark benchmark = new(
            [new("a", "One two three"), new("b", "Ein schöner Tag"), new("c", "not asked")], 2);
        Assert.Equal(["One", "Ein"], benchmark.Requests.Select(request => request.Prompt));
        Assert.Equal([" two three"], benchmark.Requests[0].Choices!);
        EvaluationScore score = await benchmark.ScoreAsync(
            new Dictionary<string, Answer>
            {
                ["a"] = new("", LogLikelihoods: [-8]),
                ["b"] = new("", LogLikelihoods: [-12]),
            },
            new Dictionary<string, Answer>(), TestContext.Current.CancellationToken);

        // 10 and 13 bytes (ö takes two), 2 and 2 words.
        Assert.Equal(
            [20 / 23.0 / Math.Log(2), Math.Exp(20 / 23.0), Math.Exp(20 / 4.0)],
            score.Metrics.Select(metric => metric.Value).ToArray(), (one, other) => Math.Abs(one - other) < 1e-12);
        Assert.Equal((23, 4), (score.Counts["bytes"], score.Counts["words"]));
        Assert.All(score.Metrics, metric => Assert.False(metric.IsShare));
    }

    [Fact]
    public async Task A_model_without_likelihoods_is_not_scored() =>
        Assert.Contains(
            "no log-likelihoods",
            (await Assert.ThrowsAsync<EvaluationException>(
                async () => await new PerplexityBenchmark([new("a", "One two")]).ScoreAsync(
                    new Dictionary<string, Answer> { ["a"] = new("two") }, new Dictionary<string, Answer>(),
                    TestContext.Current.CancellationToken))).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Texts_of_one_word_are_refused_with_their_line()
    {
        string root = Directory.CreateTempSubdirectory("spar-perplexity").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(root, "perplexity"));
            File.WriteAllText(
                Path.Combine(root, "perplexity", "texts.jsonl"), "{\"text\": \"two words\"}\n{\"text\": \" one \"}\n");
            EvaluationException fault = Assert.Throws<EvaluationException>(
                () => PerplexityBenchmark.Load(new DataFolder(root), new DataProblems(lenient: false)));
            Assert.Contains("line 2", fault.Message, StringComparison.Ordinal);
            Assert.Equal(
                new PlainText("perplexity-0", "two words"),
                Assert.Single(PerplexityBenchmark.Load(new DataFolder(root), new DataProblems(lenient: true))));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }
}
