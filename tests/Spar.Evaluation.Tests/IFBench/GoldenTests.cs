using System.Text.Json;
using Spar.Evaluation.IFBench;
using Spar.Evaluation.IFBench.Verifiers;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Tests.Instructions;

namespace Spar.Evaluation.Tests.IFBench;

/// <summary>Compares every verdict that nobody disputes with those of the reference verifiers.</summary>
public sealed class GoldenTests() : GoldenVerdictTests("ifbench", InstructionSet.IFBench, 58, 5000)
{
    [Theory]
    [InlineData("sample_output", 150)]
    [InlineData("sample_mutated", 876)]
    [InlineData("synthetic", 1389)]
    public void Every_verdict_on_responses_to_the_prompts_equals_the_reference(string file, int count)
    {
        Dictionary<string, InstructionPrompt> prompts = InstructionPrompt.Load(Goldens.File("prompts.jsonl")).Items
            .ToDictionary(prompt => prompt.Key);
        List<string> wrong = [];
        int found = 0;
        foreach (JsonElement record in GoldenVerdicts.Records(Goldens.File("responses", file + ".jsonl.gz")))
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
        string file = Goldens.File("resources", "word_tokens_and_tags.jsonl");
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
        foreach (JsonElement record in GoldenVerdicts.Records(Goldens.File("resources", "syllables_golden.jsonl")))
        {
            string word = record.GetProperty("word").GetString()!;
            Assert.Equal((word, record.GetProperty("syllables").GetInt32()), (word, Syllables.Count(word)));
        }
    }
}
