using System.Text.Json;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Tests.Instructions;

namespace Spar.Evaluation.Tests.IFTrain;

/// <summary>Compares every verdict that nobody disputes with those of the reference verifiers.</summary>
public class GoldenTests
{
    private static readonly GoldenVerdicts s_goldens = new("iftrain");

    [Fact]
    public void Every_edge_case_equals_the_reference()
    {
        (List<string> wrong, HashSet<string> ids) = s_goldens.EdgeCases();
        Assert.Empty(wrong);
        IEnumerable<string> all =
            InstructionRegistry.Ids.Where(id => InstructionRegistry.SetOf(id) == InstructionSet.IFTrain);
        Assert.Equal(all.Order(), ids.Order());
    }

    [Fact]
    public void Every_verdict_on_texts_of_all_sorts_equals_the_reference()
    {
        (List<string> wrong, int count) = s_goldens.Texts();
        Assert.Empty(wrong);
        Assert.InRange(count, 2000, int.MaxValue);
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

    [Fact]
    public void Every_text_is_split_into_the_references_sentences()
    {
        foreach (JsonElement record in GoldenVerdicts.Records(s_goldens.File("sentence_split.jsonl")))
        {
            string[] wanted = record.GetProperty("sentences").Deserialize<string[]>()!;
            Assert.Equal(wanted, RegexSentenceSplitter.Split(record.GetProperty("text").GetString()!));
        }
    }
}
