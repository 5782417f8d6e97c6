using FsCheck;
using FsCheck.Fluent;
using Spar.Calls;
using Spar.Judging;
using Spar.Search;
using Spar.Templates;
using Spar.Tests.Fakes;

namespace Spar.Tests.Judging;

public sealed class AdaptiveJudgeTests
{
    private static readonly Sampling s_sampling = new(0.7, 1, 9);

    /// <summary>
    /// Votes by letter (y, n, and ? for one that cannot be read) in the order of their keys, the gate, and how many
    /// calls may be in flight.
    /// </summary>
    private static readonly Arbitrary<(string Votes, double Gate, int Concurrency)> s_elections =
        (from count in Gen.Choose(1, 9)
         from letters in Gen.Elements('y', 'y', 'n', 'n', '?').ArrayOf(count)
         from gate in Gen.Elements(0, 0.2, 0.4, 0.5, 0.6, 0.75, 0.9, 1)
         from concurrency in Gen.Choose(1, 4)
         select (new string(letters), gate, concurrency)).ToArbitrary();

    private static ModelCaller Voter(CallSession session, string votes, List<int> asked)
    {
        Dictionary<long, int> voteOf = Enumerable.Range(0, votes.Length)
            .ToDictionary(i => (long)(session.SeedOf($"r/v{i}") >> 1), i => i);
        return new ModelCaller(
            new ScriptedClient((_, options) =>
            {
                int vote = voteOf[options.Seed!.Value];
                lock (asked)
                {
                    asked.Add(vote);
                }

                return Task.FromResult(
                    votes[vote] switch
                    {
                        'y' => $"{vote}\njudgement: yes",
                        'n' =>
                        $"{vote}\njudgement: no",
                        _ => "hm"
                    });
            }),
            session);
    }

    [Fact]
    public void The_verdict_is_that_of_all_votes() =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(s_elections, election =>
    {
        (string votes, double threshold, int concurrency) = election;
        Gate gate = new(threshold);
        using CallSession session = new(3, concurrency);
        List<int> asked = [];
        ModelCaller voter = Voter(session, votes, asked);
        Valuation all = new VotingJudge(voter, TestRuns.Compact, s_sampling, votes.Length, gate)
            .JudgeAsync("r", "task", "x", default).GetAwaiter().GetResult();
        asked.Clear();
        AdaptiveJudge judge = new(voter, TestRuns.Compact, s_sampling, votes.Length, gate);
        Valuation some = judge.JudgeAsync("r", "task", "x", default).GetAwaiter().GetResult();
        Assert.Equal(gate.VerdictOn(all), gate.VerdictOn(some));
        Assert.Equal(all.Critique, some.Critique);
        Assert.Equal(some.Calls, asked.Count);
        Assert.Equal(Enumerable.Range(0, some.Calls), asked.Order());

        // One vote fewer would have left it open: no vote was asked for in vain.
        string seen = votes[..(some.Calls - 1)];
        Assert.Contains(
            Futures(votes.Length - seen.Length).Select(future => VerdictOn(seen + future, gate)), verdict =>
                verdict != VerdictOn(votes, gate));

        Valuation completed = judge.CompleteAsync("task", "x", some, default).GetAwaiter().GetResult();
        Assert.Equal(
            (all.Yes, all.No, all.Critique, all.Unparsed?.Count),
            (completed.Yes, completed.No, completed.Critique, completed.Unparsed?.Count));
        Assert.Equal(votes.Length, asked.Count);
    }));

    [Theory]
    [InlineData("yyynn", 3)]
    [InlineData("nnnyy", 3)]
    [InlineData("ynyyn", 4)]
    [InlineData("ynynn", 5)]
    [InlineData("y????", 5)]
    [InlineData("nyy", 3)]
    [InlineData("yy", 2)]
    [InlineData("y", 1)]
    public async Task Voting_ends_once_the_rest_cannot_change_the_verdict(string votes, int calls)
    {
        using CallSession session = new(3, 4);
        Valuation vote = await new AdaptiveJudge(
            Voter(session, votes, []), TestRuns.Compact, s_sampling, votes.Length, Gate.Majority).JudgeAsync("r", "task",
            "x", default);
        Assert.Equal(calls, vote.Calls);
        Assert.Equal(calls, session.Calls);
    }

    /// <summary>
    /// The tree is the reference's: the same responses in the same places, the same outcome, the same find; fewer
    /// calls.
    /// </summary>
    [Theory]
    [InlineData(SearchOrder.Bfs, NodeSelection.Greedy, 0.5, 0, 1000)]
    [InlineData(SearchOrder.Bfs, NodeSelection.Sampled, 0.7, 0, 1000)]
    [InlineData(SearchOrder.Dfs, NodeSelection.Greedy, 0.7, 0.3, 1000)]
    [InlineData(SearchOrder.Dfs, NodeSelection.Sampled, 0.5, 0, 1000)]
    [InlineData(SearchOrder.Bfs, NodeSelection.Greedy, 0.9, 0, 70)]
    public async Task The_tree_is_the_same(
        SearchOrder order, NodeSelection selection, double gate, double backtrackBelow, int maxCalls)
    {
        SearchSettings settings =
            new()
            {
                Order = order,
                Selection = selection,
                Gate = gate,
                BacktrackBelow = backtrackBelow,
                MaxCalls = maxCalls
            };
        FakeWorld world = new();
        int spared = 0;
        HashSet<SearchOutcome> outcomes = [];
        for (int t = 0; t < 40; t++)
        {
            SearchTree all = await GrowAsync(adaptive: false);
            SearchTree some = await GrowAsync(adaptive: true);
            Assert.Equal(
                all.Nodes.Select(
                    node =>
                        (node.Id, node.Parent, node.Response, node.Refinement, node.SameAs, settings.ToGate()
                            .VerdictOn(node.Valuation?.Value))),
                some.Nodes.Select(
                    node =>
                        (node.Id, node.Parent, node.Response, node.Refinement, node.SameAs, settings.ToGate()
                            .VerdictOn(node.Valuation?.Value))));
            Assert.Equal((all.Outcome, all.Found), (some.Outcome, some.Found));
            Assert.All(all.Nodes.Zip(some.Nodes), pair =>
                Assert.True(pair.First.Valuation?.Critique == pair.Second.Valuation?.Critique));
            spared += all.Calls - some.Calls;
            outcomes.Add(all.Outcome);

            async Task<SearchTree> GrowAsync(bool adaptive)
            {
                using CallSession session = new(5, 4);
                ModelCaller caller = new(await world.OpenAsync("model", default), session);
                IJudge judge = adaptive
                    ? new AdaptiveJudge(caller, TestRuns.Compact, s_sampling, 5, settings.ToGate())
                    : new VotingJudge(caller, TestRuns.Compact, s_sampling, 5, settings.ToGate());
                Valuation root = await judge.JudgeAsync($"t{t}/root", "task", "word 2", default);
                IRefinementSearch search = SearchStrategy.Tree(
                    judge, new RefinementSampler(caller, TestRuns.Compact, s_sampling), settings);
                return await search.SearchAsync($"t{t}", "task", "word 2", root, default);
            }
        }

        Assert.True(spared > 0);
        Assert.True(outcomes.Count > 1 || maxCalls > 100);
    }

    private static Verdict VerdictOn(string votes, Gate gate) =>
        gate.VerdictOn(new Valuation(votes.Count(letter => letter == 'y'), votes.Count(letter => letter == 'n'), null));

    private static IEnumerable<string> Futures(int count) => count == 0
        ? [""] : Futures(count - 1).SelectMany(rest => "yn?".Select(letter => rest + letter));
}
