using System.Text.Json;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Tests.Instructions;

namespace Spar.Evaluation.Tests.IFTrain;

/// <summary>Compares every verdict that nobody disputes with those of the reference verifiers.</summary>
public sealed class GoldenTests() : GoldenVerdictTests("iftrain", InstructionSet.IFTrain, 29, 2000)
{
    [Fact]
    public void Every_text_is_split_into_the_references_sentences()
    {
        foreach (JsonElement record in GoldenVerdicts.Records(Goldens.File("sentence_split.jsonl")))
        {
            string[] wanted = record.GetProperty("sentences").Deserialize<string[]>()!;
            Assert.Equal(wanted, RegexSentenceSplitter.Split(record.GetProperty("text").GetString()!));
        }
    }
}
