using System.Text.Json;
using Spar.Calls;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;
using Spar.Evaluation.Tests.Harness;
using Spar.Evaluation.TriviaQa;

namespace Spar.Evaluation.Tests.TriviaQa;

public class TriviaQaTests
{
    [Fact]
    public void Matches_equal_the_reference()
    {
        IReadOnlyList<JsonElement> rows = GoldenFile.Rows("triviaqa", "match_vectors.jsonl");
        Assert.NotEmpty(rows);
        Assert.All(
            rows,
            row =>
            {
                string prediction = row.GetProperty("prediction").GetString()!;
                string[] aliases = Texts(row, "aliases");
                Assert.Equal(
                    row.GetProperty("harness_match").GetBoolean(),
                    AnswerMatching.HarnessMatch(prediction, aliases)
                );
                Assert.Equal(
                    row.GetProperty("normalized_prediction").GetString(),
                    AnswerMatching.Normalize(prediction)
                );
                Assert.Equal(Texts(row, "normalized_aliases"), aliases.Select(AnswerMatching.Normalize));
                Assert.Equal(
                    row.GetProperty("original_match").GetBoolean(),
                    AnswerMatching.OriginalMatch(prediction, aliases)
                );
                Assert.Equal(row.GetProperty("f1").GetDouble(), AnswerMatching.F1(prediction, aliases));
            }
        );
    }

    [Fact]
    public async Task Questions_are_asked_with_examples_and_scored_three_ways()
    {
        TriviaQaQuestion[] pool = [new("t", "Capital of France?", ["Paris"])];
        var benchmark = new TriviaQaBenchmark([new("q", "Who sang it", ["The Beatles", "Beatles"])], pool);
        Assert.Equal(
            "Question: Capital of France?\nAnswer: Paris\n\nQuestion: Who sang it?\nAnswer:",
            benchmark.Requests[0].Prompt
        );
        EvaluationScore score = await benchmark.ScoreAsync(
            new Dictionary<string, Answer> { ["q"] = new(" a beatles") },
            new Dictionary<string, Answer>(),
            default
        );
        Assert.Equal([0, 1, 1], score.Metrics.Select(metric => metric.Value));
    }

    private static string[] Texts(JsonElement row, string name) =>
        [.. row.GetProperty(name).EnumerateArray().Select(item => item.GetString()!)];
}
