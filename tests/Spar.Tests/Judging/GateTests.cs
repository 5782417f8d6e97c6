using Spar.Calls;
using Spar.Decoding;
using Spar.Judging;
using Spar.Methods;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Templates;
using Spar.Tests.Fakes;

namespace Spar.Tests.Judging;

/// <summary>A gate other than 0.5 holds wherever it is asked whether a response passed.</summary>
public sealed class GateTests
{
    private static readonly Sampling s_sampling = new(0.7, 1, 9);
    private static readonly Gate s_strict = new(0.7);

    [Theory]
    [InlineData(0.7, 0.8, Verdict.Yes)]
    [InlineData(0.7, 0.7, Verdict.Tie)]
    [InlineData(0.7, 0.6, Verdict.No)]
    [InlineData(0.3, 0.4, Verdict.Yes)]
    [InlineData(0.5, null, Verdict.Undecided)]
    public void A_value_passes_only_above_the_gate(double threshold, double? value, Verdict verdict)
    {
        Assert.Equal(verdict, new Gate(threshold).VerdictOn(value));
        Valuation? valuation = value is null ? null : new(0, 0, null) { Probability = value };
        Assert.Equal(verdict == Verdict.Yes, new Gate(threshold).Passes(valuation));
    }

    [Fact]
    public void The_critique_that_is_kept_agrees_with_the_gate()
    {
        Judgement[] votes = [new("fine", true, null), new("flawed", false, null), new("good", true, null)];
        Assert.Equal("flawed", Valuation.Of(votes, s_strict).Critique);
        Assert.Equal("fine", Valuation.Of(votes, Gate.Majority).Critique);
    }

    [Fact]
    public void Accuracy_is_that_of_the_gates_verdicts()
    {
        (Valuation, bool)[] judged = [(new(3, 2, "x"), false), (new(4, 1, "x"), true)];
        Assert.Equal(1, JudgeQuality.Of(judged, s_strict).Accuracy);
        Assert.Equal(0.5, JudgeQuality.Of(judged, Gate.Majority).Accuracy);
    }

    [Fact]
    public void What_the_refiner_learns_is_sorted_by_the_gate()
    {
        // 3 of 5 votes are a yes for the majority, and a no for this gate.
        PlayRecord record = new(
            "a",
            "task",
            [new PlayedResponse("bad", new Valuation(3, 2, "on bad"))],
            0,
            new SearchTree(
                SearchOutcome.Success,
                2,
                [
                    new SearchNode(0, null, 0, "bad", null, new Valuation(3, 2, "on bad")),
                    new SearchNode(1, 0, 1, "mid", "refined: mid", new Valuation(3, 2, "on mid")),
                    new SearchNode(2, 0, 1, "found", "refined: found", new Valuation(4, 1, "on found")),
                ],
                9,
                []));
        Recipe recipe = TestRuns.Small with { Search = new SearchSettings { Gate = s_strict.Threshold } };
        Assert.Equal(
            [(RowKinds.Refinement, "refined: found"), (RowKinds.TreeYes, "on found"), (RowKinds.TreeNo, "on mid"),
                (RowKinds.VoteNo, "on bad")],
            TestRuns.DataOf([record], recipe, 1).RefinerRows.Select(
                row => (row.Kind, row.Response)));
    }

    [Fact]
    public void A_critique_that_argues_against_the_gate_is_not_learnt()
    {
        // The one judgement says yes, with a probability that this gate does not take.
        Valuation doubtful = new(1, 0, "judgement: yes") { Probability = 0.6 };
        PlayRecord record = new("a", "task", [new PlayedResponse("bad", doubtful)], 0, new SearchTree(
            SearchOutcome.Exhausted, null,
            [new(0, null, 0, "bad", null, doubtful), new(1, 0, 1, "mid", "refined: mid", doubtful)], 2, []));
        Recipe recipe = TestRuns.Small with { Search = new SearchSettings { Gate = s_strict.Threshold } };
        Assert.Empty(TestRuns.DataOf([record], recipe, 1).RefinerRows);
    }

    [Fact]
    public void Without_refinement_a_chosen_sample_passes_the_gate()
    {
        PlayedResponse[] responses = [
            new("bad", new Valuation(1, 4, "x")), new("so-so", new Valuation(3, 2, "x")),
            new("good", new Valuation(4, 1, "x"))];
        PlayRecord record = new("a", "task", responses, 0, null);
        for (ulong seed = 0; seed < 20; seed++)
        {
            Assert.Equal(
                "good", PreferencePairs.OfPlay(record, RefinementKind.None, s_strict, seed)!.Value.Pair.Chosen);
        }
    }

    [Fact]
    public async Task The_negatives_of_a_run_are_those_below_its_gate()
    {
        using TempDirectory directory = new();
        Recipe recipe = TestRuns.Small with
        {
            Votes = 5,
            Iterations = 1,
            PromptsPerIteration = 20,
            Search = new SearchSettings { Gate = s_strict.Threshold }
        };
        await TestRuns.RunAsync(directory.Path, recipe, new FakeWorld());
        using Spar.Store.RunStore store = Spar.Store.RunStore.OpenForReading(directory.Path);
        PlayRecord[] records = [.. store.ReadItems<PlayRecord>(StageNames.Play(1)).Select(entry => entry.Record)];
        Valuation[] negatives = [
            .. records.Where(record => record.Negative is not null)
                .Select(record => record.Responses[record.Negative!.Value].Valuation!)];
        Assert.Contains(negatives, negative => negative.Value is > 0.5 and < 0.7);
        Assert.All(negatives, negative => Assert.True(negative.Value < 0.7));
        Assert.All(records.SelectMany(record => record.Responses), response => Assert.True(
            response.Valuation!.Critique is not { } critique
                || critique.EndsWith("yes", StringComparison.Ordinal) == response.Valuation.Value > 0.7));
        SearchTree[] found = [
            .. records.Select(record => record.Tree).OfType<SearchTree>().Where(tree => tree.Found is not null)];
        Assert.NotEmpty(found);
        Assert.All(found, tree => Assert.True(tree.Best.Value > 0.7));
    }

    [Theory]
    [InlineData(0.5, "word 3", 1)]
    [InlineData(0.7, "word 9", 2)]
    public async Task Decoding_takes_a_response_as_it_is_only_above_the_gate(
        double gate, string expected, int responses)
    {
        // Two of three votes hold "word 3" good, all of them "word 9".
        using CallSession session = new(1, 4);
        ModelCaller model = new(
            new ScriptedClient((prompt, options) => Task.FromResult(
                prompt.StartsWith("judge", StringComparison.Ordinal) ? prompt.Contains(
                    "word 9", StringComparison.Ordinal) || !IsVote(options, 2) ? "judgement: yes" : "judgement: no"
                : prompt.StartsWith("refine", StringComparison.Ordinal) ? "refined: word 9" : "word 3")),
            session);
        DecodingSettings settings = new(
            s_sampling, s_sampling, s_sampling, Votes: 3, Samples: 1, new SearchSettings { Gate = gate });
        Decoded decoded = await DecodingStrategies.Create("iterative", model, model, TestRuns.Compact, settings)
            .DecodeAsync("d", "task", default);
        Assert.Equal((expected, responses), (decoded.Response, decoded.Candidates.Count));

        bool IsVote(Microsoft.Extensions.AI.ChatOptions options, int vote) =>
            options.Seed == (long)(session.SeedOf($"d/judge/v{vote}") >> 1);
    }
}
