using System.Text.Json;
using Spar.Evaluation.IFBench;
using Spar.Evaluation.IFBench.Verifiers;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Tests.Instructions;

namespace Spar.Evaluation.Tests.IFBench;

/// <summary>Compares every verdict that nobody disputes with those of the reference verifiers.</summary>
public class GoldenTests
{
    private static readonly GoldenVerdicts s_goldens = new("ifbench");

    [Fact]
    public void Every_edge_case_equals_the_reference()
    {
        (List<string> wrong, HashSet<string> ids) = s_goldens.EdgeCases();
        Assert.Empty(wrong);
        Assert.Equal(58, ids.Count);
        IEnumerable<string> all =
            InstructionRegistry.Ids.Where(id => InstructionRegistry.SetOf(id) == InstructionSet.IFBench);
        Assert.Equal(all.Order(), ids.Order());
    }

    [Fact]
    public void Every_verdict_on_texts_of_all_sorts_equals_the_reference()
    {
        (List<string> wrong, int count) = s_goldens.Texts();
        Assert.Empty(wrong);
        Assert.InRange(count, 5000, int.MaxValue);
    }

    [Theory]
    [InlineData("gpt-4o-mini-2024-07-18")]
    [InlineData("Qwen2.5-0.5B-Instruct-GPTQ-Int4")]
    public void Every_verdict_on_the_responses_of_a_model_equals_the_reference(string model)
    {
        (List<string> wrong, int count) = s_goldens.Responses(model);
        Assert.Empty(wrong);
        Assert.InRange(count, 5000, int.MaxValue);
    }

    [Theory]
    [InlineData("sample_output", 150)]
    [InlineData("sample_mutated", 876)]
    [InlineData("synthetic", 1389)]
    public void Every_verdict_on_responses_to_the_prompts_equals_the_reference(string file, int count)
    {
        Dictionary<string, InstructionPrompt> prompts = InstructionPrompt.Load(s_goldens.File("prompts.jsonl")).Items
            .ToDictionary(prompt => prompt.Key);
        List<string> wrong = [];
        int found = 0;
        foreach (JsonElement record in GoldenVerdicts.Records(s_goldens.File("responses", file + ".jsonl.gz")))
        {
            InstructionPrompt prompt = prompts[record.GetProperty("key").GetString()!];
            InstructionSample sample = InstructionScorer.Score(prompt, record.GetProperty("response").GetString()!);
            bool[] strict = record.GetProperty("strict").Deserialize<bool[]>()!;
            bool[] loose = record.GetProperty("loose").Deserialize<bool[]>()!;
            bool equal = strict.SequenceEqual(sample.Strict) && loose.SequenceEqual(sample.Loose);
            if (!equal && !record.TryGetProperty("disputed", out _))
            {
                wrong.Add($"line {found + 1}, prompt {prompt.Key}: {string.Join("; ", sample.Explanations)}");
            }

            found++;
        }

        Assert.Empty(wrong);
        Assert.Equal(count, found);
    }

    [Fact]
    public void Tokens_and_tags_equal_the_reference()
    {
        string file = s_goldens.File("resources", "word_tokens_and_tags.jsonl");
        foreach (JsonElement record in GoldenVerdicts.Records(file))
        {
            List<string> tokens = WordTokenizer.Tokens(record.GetProperty("text").GetString()!);
            Assert.Equal(record.GetProperty("tokens").Deserialize<string[]>()!, tokens);
            string[] tags = PerceptronTagger.English.Tag(tokens, tokens.Count);
            Assert.Equal(record.GetProperty("tags").Deserialize<string[]>()!, tags);
        }
    }

    [Fact]
    public void Syllables_equal_the_reference()
    {
        foreach (JsonElement record in GoldenVerdicts.Records(s_goldens.File("resources", "syllables_golden.jsonl")))
        {
            string word = record.GetProperty("word").GetString()!;
            Assert.Equal((word, record.GetProperty("syllables").GetInt32()), (word, Syllables.Count(word)));
        }
    }
}
