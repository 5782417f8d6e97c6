using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text.Json;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;
using Spar.TestSupport;

namespace Spar.Evaluation.Tests.IFEval;

/// <summary>Compares every verdict with those of the reference verifiers.</summary>
public class GoldenTests
{
    private const string Gpt4OMini = "gpt-4o-mini-2024-07-18";
    private const string Mistral = "Mistral-7B-Instruct-v0.3";
    private const string Qwen = "Qwen2.5-0.5B-Instruct-GPTQ-Int4";

    private static readonly Lazy<IReadOnlyList<InstructionPrompt>> s_prompts = new(() =>
        InstructionPrompt.Load(SharedData.Path("data", "ifeval", "prompts.jsonl")).Items
    );

    private static string ResponseFile(string model) =>
        SharedData.Path("data", "ifeval", "responses", model + ".jsonl.gz");

    private static readonly ConcurrentDictionary<string, InstructionResult> s_results = [];

    private static InstructionResult ScoreModel(string model) =>
        s_results.GetOrAdd(
            model,
            m => InstructionScorer.Score(s_prompts.Value, InstructionResponses.Load(ResponseFile(m), s_prompts.Value).ByKey)
        );

    [Theory]
    [InlineData(Gpt4OMini)]
    [InlineData(Mistral)]
    [InlineData(Qwen)]
    public void Every_verdict_equals_the_references(string model)
    {
        Dictionary<string, InstructionSample> samples = ScoreModel(model).Samples.ToDictionary(s => s.Key);
        List<string> wrong = [];
        int count = 0;
        using StreamReader reader = new(new GZipStream(File.OpenRead(ResponseFile(model)), CompressionMode.Decompress));
        while (reader.ReadLine() is string line)
        {
            using JsonDocument document = JsonDocument.Parse(line);
            InstructionSample sample = samples[document.RootElement.GetProperty("key").ToString()];
            bool[] strict = document.RootElement.GetProperty("strict").Deserialize<bool[]>()!;
            bool[] loose = document.RootElement.GetProperty("loose").Deserialize<bool[]>()!;
            Assert.Equal(strict.Length, sample.Strict.Length);
            for (int i = 0; i < strict.Length; i++, count++)
            {
                if (strict[i] != sample.Strict[i] || loose[i] != sample.Loose[i])
                {
                    wrong.Add(
                        $"prompt {sample.Key}, instruction {i}: expected {strict[i]}, {loose[i]}; "
                            + $"{sample.Explanations[i]}"
                    );
                }
            }
        }

        // The disputed verdicts are in the count as well: the reference's own verdict on them is repeatable with its
        // seed.
        Assert.Empty(wrong);
        Assert.Equal(834, count);
    }

    [Theory]
    [InlineData(Gpt4OMini)]
    [InlineData(Mistral)]
    [InlineData(Qwen)]
    public void Accuracies_and_counts_equal_the_summary(string model)
    {
        InstructionResult result = ScoreModel(model);
        using JsonDocument document = JsonDocument.Parse(
            File.ReadAllText(SharedData.Path("data", "ifeval", "summary.json"))
        );
        JsonElement summary = document.RootElement.GetProperty(model);
        JsonElement reference = summary.GetProperty("reference");
        double Number(string name) => reference.GetProperty(name).GetDouble();
        Assert.Equal(
            new InstructionCount(
                (int)Number("prompts"),
                (int)Number("prompt_strict_correct"),
                (int)Number("prompt_loose_correct")
            ),
            result.Prompts
        );
        Assert.Equal(
            new InstructionCount(
                (int)Number("instructions"),
                (int)Number("inst_strict_correct"),
                (int)Number("inst_loose_correct")
            ),
            result.Instructions
        );
        Assert.Equal(Number("prompt_strict"), result.Prompts.StrictAccuracy);
        Assert.Equal(Number("prompt_loose"), result.Prompts.LooseAccuracy);
        Assert.Equal(Number("inst_strict"), result.Instructions.StrictAccuracy);
        Assert.Equal(Number("inst_loose"), result.Instructions.LooseAccuracy);
        Assert.Equal(
            (Number("prompt_strict") + Number("prompt_loose") + Number("inst_strict") + Number("inst_loose")) / 4,
            result.Average,
            1e-15
        );

        Dictionary<string, InstructionCount> types = summary
            .GetProperty("per_instruction_type")
            .EnumerateObject()
            .ToDictionary(
                p => p.Name,
                p => new InstructionCount(
                    p.Value.GetProperty("n").GetInt32(),
                    p.Value.GetProperty("strict").GetInt32(),
                    p.Value.GetProperty("loose").GetInt32()
                )
            );
        Assert.Equal(types.OrderBy(t => t.Key), result.ByType.OrderBy(t => t.Key));
        Assert.Equal(result.Instructions.Count, result.ByFamily.Values.Sum(c => c.Count));
        Assert.Equal(result.Instructions.Loose, result.ByFamily.Values.Sum(c => c.Loose));
        Assert.Equal(9, result.ByFamily.Count);
    }

    [Fact]
    public void Every_edge_case_equals_the_reference()
    {
        List<string> wrong = [];
        HashSet<string> ids = [];
        foreach (string line in File.ReadLines(SharedData.Path("data", "ifeval", "edge_cases.jsonl")))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            string id = root.GetProperty("instruction_id").GetString()!;
            InstructionArguments arguments = new(root.GetProperty("kwargs"));
            InstructionPrompt prompt = new(
                "0",
                "",
                [new Instruction(id, arguments, InstructionRegistry.Create(id, arguments))]
            );
            InstructionSample sample = InstructionScorer.Score(prompt, root.GetProperty("response").GetString()!);
            ids.Add(id);
            if (
                sample.Strict[0] != root.GetProperty("strict").GetBoolean()
                || sample.Loose[0] != root.GetProperty("loose").GetBoolean()
            )
            {
                wrong.Add($"{root.GetProperty("id")}, {id}: {sample.Explanations[0]}");
            }
        }

        Assert.Empty(wrong);
        Assert.Equal(InstructionRegistry.Ids.Take(25).Order(), ids.Order());
    }
}
