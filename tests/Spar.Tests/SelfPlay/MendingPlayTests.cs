using Spar.Calls;
using Spar.Exports;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.SelfPlay;

/// <summary>What rules make in play of responses that run into their limit.</summary>
public sealed class MendingPlayTests : IDisposable
{
    private static readonly Recipe s_oneIteration = TestRuns.Small with
    {
        Iterations = 1,
        ActorSft = TestRuns.Small.ActorSft with { Epochs = 0 },
        RefinerSft = TestRuns.Small.RefinerSft with { Epochs = 0 },
    };

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cut_off_response_is_ended_and_mended_and_rejected_as_what_it_is(bool inPlay)
    {
        Recipe recipe = s_oneIteration with { Judging = new JudgingSettings { ConstraintsSuffice = true } };
        using RunStore store = await PlayCutOffAsync(recipe, inPlay);
        PlayRecord[] records = [.. store.ReadItems<PlayRecord>(StageNames.Play(1)).Select(one => one.Record)];
        Assert.Equal(recipe.PromptsPerIteration, records.Length);
        Assert.All(records, record =>
        {
            Assert.All(record.Responses, response => Assert.True(response.IsCutOff));
            Assert.Equal(inPlay ? SearchOutcome.Success : null, record.Tree?.Outcome);
        });
        IReadOnlyDictionary<string, long> counts =
            store.FindProduct<PlayProduct>(StageNames.Play(1))!.Statistics.Counts;
        Assert.Equal(18, counts[$"responses left out: {AnswerReading.CutOff}"]);
        Assert.Equal(inPlay ? 6 : 0, counts.GetValueOrDefault("of these: cut off"));
        IReadOnlyList<PreferencePair> pairs = DataProduct.Find(store, 1)!.Pairs;
        Assert.Equal(inPlay ? 6 : 0, pairs.Count);
        Assert.All(pairs, pair =>
        {
            Assert.True(pair.RejectedCutOff);
            Assert.Matches("^word . so\\.$", pair.Chosen);
            Assert.EndsWith("and then, and then", pair.Rejected, StringComparison.Ordinal);
        });
        Assert.Empty(TrainerRows.Whole(pairs));
    }

    [Fact]
    public async Task Without_refinement_a_cut_off_response_is_rejected_and_nothing_is_mended()
    {
        Recipe recipe = s_oneIteration with { Refinement = RefinementKind.None };
        using RunStore store = await PlayCutOffAsync(recipe, inPlay: true);
        PlayRecord[] records = [.. store.ReadItems<PlayRecord>(StageNames.Play(1)).Select(one => one.Record)];
        Assert.Equal(recipe.PromptsPerIteration, records.Length);
        Assert.All(records, record =>
        {
            Assert.NotNull(record.Negative);
            Assert.Null(record.Tree);
        });
    }

    [Fact]
    public async Task The_calls_that_rejected_a_mended_response_are_counted_with_the_search()
    {
        using CallSession session = new(1, 1);
        Strict judge = new();
        MendingSearch search = new(
            new Fruitless(), new Rules(), judge, Gate.Majority, TestRuns.Compact.Format, session);
        CancellationToken token = TestContext.Current.CancellationToken;
        SearchTree searched = await search.SearchAsync("a", "say it", "so, so", judge.No, token);
        Assert.Equal((SearchOutcome.Exhausted, 10), (searched.Outcome, searched.Calls));
        SearchTree ended = await search.EndAsync("b", "say it", "so, so. and", ["so, no"], token);
        Assert.Equal((SearchOutcome.Exhausted, 6), (ended.Outcome, ended.Calls));
    }

    [Theory]
    [InlineData("so, so. and", "so so.")]
    [InlineData("so, so, and", "but no")]
    public async Task Another_response_takes_the_place_of_one_that_nothing_is_left_of(string endless, string chosen)
    {
        using CallSession session = new(1, 1);
        MendingSearch search = new(
            new Fruitless(), new Rules(), new Strict { Passing = 1 }, Gate.Majority, TestRuns.Compact.Format, session);
        SearchTree ended = await search.EndAsync(
            "a", "say it", endless, ["but, no"], TestContext.Current.CancellationToken);
        Assert.Equal((SearchOutcome.Success, true), (ended.Outcome, ended.Mended));
        Assert.Equal([endless, chosen], ended.Nodes.Select(node => node.Response));
    }

    [Theory]
    [InlineData("so, so again, so", "so so")]
    [InlineData("too short again, so", "too short again so")]
    public async Task What_repeats_itself_is_ended_there_if_the_rest_can_be_mended(string response, string chosen)
    {
        using CallSession session = new(1, 1);
        Strict judge = new() { Passing = 1 };
        MendingSearch search = new(
            new Fruitless(), new Rules(), judge, Gate.Majority, TestRuns.Compact.Format, session);
        SearchTree mended = await search.SearchAsync(
            "a", "say it", response, judge.No, TestContext.Current.CancellationToken);
        Assert.Equal([response, chosen], mended.Nodes.Select(node => node.Response));
    }

    private sealed class Strict : IJudge
    {
        public int Passing { get; init; }

        public Valuation No => new(Passing * 3, 3 - (Passing * 3), "no");

        public int MostCalls => 3;

        public Task<Valuation> JudgeAsync(
            string key, string instruction, string response, CancellationToken cancellationToken) =>
            Task.FromResult(No);
    }

    private sealed class Fruitless : IRefinementSearch
    {
        public Task<SearchTree> SearchAsync(
            string key, string instruction, string response, Valuation valuation,
            CancellationToken cancellationToken) =>
            Task.FromResult(
                new SearchTree(
                    SearchOutcome.Exhausted, null, [new SearchNode(0, null, 0, response, null, valuation)], 7, []));
    }

    /// <summary>A run whose actor never ends its responses.</summary>
    private async Task<RunStore> PlayCutOffAsync(Recipe recipe, bool inPlay)
    {
        FakeWorld world = new() { Says = (_, answer) => $"{answer}, so. and then, and then", Finish = "length" };
        Rules rules = new();
        string run = _directory.File("run");
        await TestRuns.RunAsync(
            run, recipe, world, verifier: rules,
            teacher: new Teacher.Mending("base", new Sampling(0.7, 1, 9), rules, rules) { InPlay = inPlay });
        return RunStore.OpenForReading(run);
    }

    // Takes commas for faults; a text that was cut off ends with its last full stop, another before it says "again";
    // "too short" is what no rule mends.
    private sealed class Rules : IResponseMender, IConstraintVerifier
    {
        public string? RequestOf(string instruction) => instruction;

        public string? End(string response, bool cutOff) =>
            !cutOff ? response.Split(" again")[0]
            : response.LastIndexOf('.') is > 0 and int last ? response[..(last + 1)] : null;

        public string? Mend(string instruction, string response, ulong seed) =>
            response == "too short" ? null : response.Replace(",", "", StringComparison.Ordinal);

        public Verification Verify(string instruction, string response) =>
            new(
                response.Contains(',', StringComparison.Ordinal)
                    ? VerificationOutcome.NotFollowed : VerificationOutcome.Followed,
                "commas");
    }
}
