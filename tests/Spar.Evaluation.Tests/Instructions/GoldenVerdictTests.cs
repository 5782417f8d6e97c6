using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;

namespace Spar.Evaluation.Tests.Instructions;

/// <summary>What the golden files of every set are compared for.</summary>
/// <param name="folder">The folder of the set.</param>
/// <param name="set">The set.</param>
/// <param name="checks">How many checks it has.</param>
/// <param name="leastTexts">How many verdicts on texts of all sorts there are at least.</param>
public abstract class GoldenVerdictTests(string folder, InstructionSet set, int checks, int leastTexts)
{
    private protected GoldenVerdicts Goldens { get; } = new(folder);

    [Fact]
    public void Every_edge_case_equals_the_reference()
    {
        (List<string> wrong, HashSet<string> ids) = Goldens.EdgeCases();
        Assert.Empty(wrong);
        Assert.Equal(checks, ids.Count);
        IEnumerable<string> all = InstructionRegistry.Ids.Where(id => InstructionRegistry.SetOf(id) == set);
        Assert.Equal(all.Order(), ids.Order());
    }

    [Fact]
    public void Every_verdict_on_texts_of_all_sorts_equals_the_reference()
    {
        (List<string> wrong, int count) = Goldens.Texts();
        Assert.Empty(wrong);
        Assert.InRange(count, leastTexts, int.MaxValue);
    }

    [Theory]
    [InlineData("gpt-4o-mini-2024-07-18")]
    [InlineData("Qwen2.5-0.5B-Instruct-GPTQ-Int4")]
    public void Every_verdict_on_the_responses_of_a_model_equals_the_reference(string model)
    {
        (List<string> wrong, int count) = Goldens.Responses(model);
        Assert.Empty(wrong);
        Assert.InRange(count, 5000, int.MaxValue);
    }
}
