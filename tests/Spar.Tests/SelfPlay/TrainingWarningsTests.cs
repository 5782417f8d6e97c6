using Spar.Seams;
using Spar.SelfPlay;

namespace Spar.Tests.SelfPlay;

public sealed class TrainingWarningsTests
{
    private static readonly SupervisedSettings s_settings = new() { LearningRate = 0.1, CutoffTokens = 64 };

    [Fact]
    public void A_training_at_rate_0_says_that_it_learnt_nothing()
    {
        string warning = Assert.Single(Of(Report([0])));
        Assert.Contains("actor-0 has learnt nothing", warning, StringComparison.Ordinal);
        Assert.Contains("its only step", warning, StringComparison.Ordinal);
        Assert.Contains("warmup_ratio", warning, StringComparison.Ordinal);
        Assert.Empty(Of(Report([0, 0.1])));
    }

    [Fact]
    public void A_training_that_ends_in_the_weights_it_began_with_says_so()
    {
        Assert.Contains("to the last bit", Assert.Single(Of(Report([0.1]) with { Unchanged = true })));
        Assert.Empty(Of(Report([0.1])));
    }

    [Fact]
    public void Rows_that_are_left_out_or_cut_are_told()
    {
        TrainingReport report = Report([0.1]) with
        {
            Examples = 3,
            TruncatedExamples = 3,
            LeftOut = new Dictionary<string, int> { ["empty response"] = 1 },
        };
        string[] warnings = [.. Of(report)];
        Assert.Equal(2, warnings.Length);
        Assert.Contains("1 of 4 rows are left out of actor-0 (empty response 1)", warnings[0], StringComparison.Ordinal);
        Assert.Contains("3 of the 3 sequences of actor-0 are cut at cutoff_tokens (64)", warnings[1], StringComparison.Ordinal);
    }

    private static IEnumerable<string> Of(TrainingReport report) =>
        TrainingWarnings.Of(
            "actor-0",
            new TrainingData.Supervised(
                [.. Enumerable.Range(0, 4).Select(i => new SupervisedRow($"p{i}", "response", "say", "a"))], s_settings),
            report);

    private static TrainingReport Report(double[] rates) =>
        new("model", [.. rates.Select((rate, i) => new TrainingStep(i + 1, rates.Length, 1, rate, 9))], 4, 0);
}
