using System.Text.Json;
using Spar.Evaluation.Harness;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Results;
using Spar.TestSupport;

namespace Spar.Evaluation.Tests.Harness;

public class InstructionBenchmarkTests
{
    [Fact]
    public async Task Ready_responses_give_the_reference_accuracies_and_verdicts()
    {
        const string model = "Mistral-7B-Instruct-v0.3";
        IReadOnlyList<InstructionPrompt> prompts = InstructionPrompt
            .Load(SharedData.Path("data", "ifeval", "prompts.jsonl"))
            .Items;
        InstructionResponses responses = InstructionResponses.Load(
            SharedData.Path("data", "ifeval", "responses", model + ".jsonl.gz"),
            prompts
        );
        using var folder = new TemporaryFolder();
        EvaluationScore score = await EvaluationRun.ScoreResponsesAsync(
            new InstructionBenchmark("ifeval", prompts),
            responses.ByKey,
            model,
            folder.Root,
            new EvaluationRunOptions()
        );

        Dictionary<string, JsonElement> golden = GoldenFile
            .Rows("ifeval", "responses", model + ".jsonl.gz")
            .ToDictionary(row => row.GetProperty("key").ToString());
        int disputed = 0;
        foreach (string line in File.ReadLines(Path.Combine(folder.Root, "samples.jsonl")))
        {
            JsonElement sample = JsonDocument.Parse(line).RootElement;
            JsonElement row = golden[sample.GetProperty("key").ToString()];
            if (row.TryGetProperty("disputed", out _))
            {
                disputed++;
                continue;
            }

            Assert.Equal(Booleans(row, "strict"), Booleans(sample, "strict"));
            Assert.Equal(Booleans(row, "loose"), Booleans(sample, "loose"));
        }

        Assert.InRange(disputed, 0, 40);
        Dictionary<string, double> value = score.Metrics.Where(metric => metric.Task == "ifeval")
            .ToDictionary(metric => metric.Name, metric => metric.Value);
        double strict = (value["prompt_level_strict_acc"] + value["inst_level_strict_acc"]) / 2;
        double loose = (value["prompt_level_loose_acc"] + value["inst_level_loose_acc"]) / 2;
        Assert.Equal(strict, value["strict_average"], 1e-12);
        Assert.Equal((strict + loose) / 2, value["average"], 1e-12);
        Assert.Equal(541, StoredResult.Load(folder.Root).Samples["prompt_level_strict_acc,none"].Count);
    }

    [Fact]
    public async Task A_missing_response_is_named()
    {
        IReadOnlyList<InstructionPrompt> prompts = InstructionPrompt
            .Load(SharedData.Path("data", "ifeval", "prompts.jsonl"))
            .Items;
        EvaluationException fault = await Assert.ThrowsAsync<EvaluationException>(() =>
            EvaluationRun.ScoreResponsesAsync(
                new InstructionBenchmark("ifeval", prompts, limit: 2),
                new Dictionary<string, string>(),
                "m",
                null,
                new EvaluationRunOptions()
            )
        );
        Assert.Contains("2 of 2", fault.Message);
    }

    private static bool[] Booleans(JsonElement row, string name) =>
        [.. row.GetProperty(name).EnumerateArray().Select(item => item.GetBoolean())];
}
