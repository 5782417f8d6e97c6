using System.Text.Json;
using Spar.Calls;
using Spar.Evaluation.Data;
using Spar.Evaluation.Gsm8k;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;
using Spar.Evaluation.Tests.Harness;

namespace Spar.Evaluation.Tests.Gsm8k;

public class Gsm8kTests
{
    [Fact]
    public void Extractions_and_verdicts_equal_the_reference()
    {
        IReadOnlyList<JsonElement> rows = GoldenFile.Rows("gsm8k", "extraction_vectors.jsonl");
        Assert.NotEmpty(rows);
        Assert.All(
            rows,
            row =>
            {
                string response = row.GetProperty("response").GetString()!;
                string gold = row.GetProperty("gold").GetString()!;
                void Check(string name, string extracted)
                {
                    Assert.Equal(row.GetProperty(name).GetString(), extracted);
                    Assert.Equal(
                        row.GetProperty($"{name}_correct").GetBoolean(),
                        NumberExtraction.Same(extracted, gold)
                    );
                }

                Check("strict_cot", NumberExtraction.StrictChainOfThought(response));
                Check("strict_hash", NumberExtraction.StrictHash(response));
                Check("flexible", NumberExtraction.Flexible(response));
            }
        );
    }

    [Fact]
    public void Real_solutions_get_the_stored_verdicts()
    {
        IReadOnlyList<JsonElement> rows = GoldenFile.Rows("gsm8k", "model_solutions.jsonl");
        Assert.Equal(300, rows.Count);
        Assert.All(
            rows,
            row =>
            {
                string number = NumberExtraction.Flexible(row.GetProperty("response").GetString()!);
                Assert.Equal(row.GetProperty("flexible").GetString(), number);
                bool correct = NumberExtraction.Same(number, row.GetProperty("gold").GetString()!);
                Assert.Equal(row.GetProperty("flexible_correct").GetBoolean(), correct);
                Assert.Equal(row.GetProperty("stored_is_correct").GetBoolean(), correct);
            }
        );
    }

    [Fact]
    public void Finals_and_rationales_come_out_of_the_published_answers()
    {
        DataFolder folder = GoldenFile.Data("gsm8k");
        Assert.Equal(
            GoldenFile.Rows("gsm8k", "test.jsonl").Select(row => row.GetProperty("final").GetString()),
            Gsm8kData.LoadTest(folder, new DataProblems()).Select(problem => problem.Final)
        );
        Assert.Equal(
            GoldenFile.Rows("gsm8k", "fewshot_pool.jsonl").Select(row => row.GetProperty("rationale").GetString()),
            Gsm8kData.LoadShots(folder, new DataProblems()).Select(problem => problem.Rationale)
        );
    }

    [Fact]
    public async Task The_published_answers_are_all_right_in_the_hash_form()
    {
        DataFolder folder = GoldenFile.Data("gsm8k");
        IReadOnlyList<Gsm8kProblem> problems = Gsm8kData.LoadTest(folder, new DataProblems());
        var benchmark = new Gsm8kBenchmark(problems, Gsm8kData.LoadShots(folder, new DataProblems()), Gsm8kForm.Hash);
        EvaluationScore score = await benchmark.ScoreAsync(
            problems.ToDictionary(problem => problem.Id, problem => new Answer(problem.Answer)),
            new Dictionary<string, Answer>(),
            default
        );
        Assert.Equal(1, score.Metrics.Single(metric => metric.Filter == "strict-match").Value);
        Assert.Equal(2 * 1319, score.Samples.Count);
    }

    [Fact]
    public void Prompts_hold_worked_examples_and_end_in_the_open_answer()
    {
        Gsm8kProblem[] pool = [new("1", "Two?", "It is <<1+1=2>>2.\n#### 2"), new("2", "Three?", "3.\n#### 3")];
        Assert.Equal(
            "Q: Two?\nA: It is 2. The answer is 2.\n\nQ: Three?\nA:",
            new Gsm8kBenchmark([pool[1]], pool, Gsm8kForm.ChainOfThought, shots: 1).Requests[0].Prompt
        );
        Assert.Equal(
            "Question: Two?\nAnswer: It is <<1+1=2>>2.\n#### 2\n\nQuestion: Three?\nAnswer:",
            new Gsm8kBenchmark([pool[1]], pool, Gsm8kForm.Hash, shots: 1).Requests[0].Prompt
        );
        Assert.Throws<EvaluationException>(() => new Gsm8kBenchmark(pool, pool, shots: 3));
    }
}
