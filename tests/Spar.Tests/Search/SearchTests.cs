using System.Text.Json;
using Spar.Calls;
using Spar.Ground;
using Spar.Judging;
using Spar.Search;
using Spar.Store;
using Spar.Templates;
using Spar.Tests.Fakes;

namespace Spar.Tests.Search;

public sealed class SearchTests
{
    private static readonly Valuation s_failed = new(0, 2, "judgement: no");

    /// <summary>
    /// A tree whose node names tell the way: child i of "r" is "r.i"; <paramref name="votes"/> are yes votes of two.
    /// </summary>
    private static async Task<(SearchTree Tree, List<string> Prompts)> GrowAsync(
        SearchSettings settings, Func<string, int> votes, Func<string, string?>? refinement = null, Func<string,
        bool>? fails = null)
    {
        List<string> prompts = [];
        Dictionary<string, int> asked = [];
        ScriptedClient client = new(prompt =>
        {
            lock (prompts)
            {
                prompts.Add(prompt);
                if (fails?.Invoke(prompt) == true)
                {
                    throw new TimeoutException("too slow");
                }

                string response = prompt.Split("response: ")[1].Split('\n')[0];
                int count = asked[prompt] = asked.GetValueOrDefault(prompt) + 1;
                return prompt.StartsWith("judge", StringComparison.Ordinal)
                    ? $"judgement: {(count <= votes(response) ? "yes" : "no")}"
                    : refinement is null ? $"refined: {response}.{count}" : refinement($"{response}.{count}") ?? "no";
            }
        });
        using CallSession session = new(1, 1);
        ModelCaller caller = new(client, session);
        VotingJudge judge = new(caller, TestRuns.Compact, new Sampling(0.7, 1, 9), 2, settings.ToGate());
        IRefinementSearch search = SearchStrategy.Tree(
            judge, new RefinementSampler(caller, TestRuns.Compact, new Sampling(0.7, 1, 9)), settings);
        return (await search.SearchAsync("t", "task", "r", s_failed, default), prompts);
    }

    private static IEnumerable<string> Expanded(List<string> prompts) =>
        prompts.Where(prompt => prompt.StartsWith("refine", StringComparison.Ordinal))
        .Select(prompt => prompt.Split("response: ")[1].Split('\n')[0]).Distinct();

    [Fact]
    public async Task Breadth_first_expands_the_best_of_each_level()
    {
        (SearchTree tree, List<string> prompts) = await GrowAsync(
            new SearchSettings(), response => response is "r.2" or "r.3" or "r.3.1" or "r.2.3" ? 1 : 0);
        Assert.Equal(SearchOutcome.Exhausted, tree.Outcome);
        Assert.Equal(["r", "r.2", "r.3", "r.2.3", "r.3.1"], Expanded(prompts));
        Assert.Equal(1 + (5 * 3), tree.Nodes.Count);
        Assert.Equal(5 * 3 * (1 + 2), tree.Calls);
        Assert.Equal(prompts.Count, tree.Calls);
        Assert.Equal(3, tree.Nodes.Max(node => node.Depth));
        Assert.Null(tree.Found);
        Assert.Equal("r.2", tree.Best.Response);
    }

    [Fact]
    public async Task Depth_first_follows_the_best_child_and_backtracks()
    {
        (SearchTree tree, List<string> prompts) = await GrowAsync(
            new SearchSettings { Order = SearchOrder.Dfs }, response =>
                response is "r.3" or "r.3.2" or "r.1.1" ? 1 : 0);
        Assert.Equal(SearchOutcome.Exhausted, tree.Outcome);
        Assert.Equal(["r", "r.3", "r.3.2", "r.3.1", "r.1", "r.1.1", "r.1.2"], Expanded(prompts));
        Assert.Equal(7 * 3, tree.Nodes.Count - 1);
    }

    [Fact]
    public async Task Depth_first_does_not_descend_below_its_threshold()
    {
        (_, List<string> prompts) = await GrowAsync(
            new SearchSettings { Order = SearchOrder.Dfs, BacktrackBelow = 0.3 }, response =>
                response is "r.3" ? 1 : 0);
        Assert.Equal(["r", "r.3"], Expanded(prompts));
    }

    [Theory]
    [InlineData(SearchOrder.Bfs)]
    [InlineData(SearchOrder.Dfs)]
    public async Task A_child_above_the_gate_ends_the_search(SearchOrder order)
    {
        (SearchTree tree, List<string> prompts) = await GrowAsync(
            new SearchSettings { Order = order }, response =>
                response switch { "r.2" => 1, "r.2.1" or "r.2.3" => 2, _ => 0 });
        Assert.Equal(SearchOutcome.Success, tree.Outcome);
        Assert.Equal("r.2.1", tree.Node(tree.Found!.Value).Response);
        Assert.Equal(["r", "r.2"], Expanded(prompts));
        Assert.Equal(["r", "r.2", "r.2.1"], tree.PathTo(tree.Found.Value).Select(node => node.Response));
        Assert.Equal("refined: r.2.1", tree.Best.Refinement);
        Assert.Equal("judgement: yes", tree.Best.Valuation!.Critique);
    }

    [Fact]
    public async Task A_value_at_the_gate_does_not_pass()
    {
        (SearchTree tree, _) = await GrowAsync(new SearchSettings { MaxDepth = 1 }, _ => 1);
        Assert.Equal(SearchOutcome.Exhausted, tree.Outcome);
        Assert.All(tree.Nodes.Skip(1), node => Assert.Equal(0.5, node.Value));
        (tree, _) = await GrowAsync(new SearchSettings { MaxDepth = 1, Gate = 0.4 }, _ => 1);
        Assert.Equal(SearchOutcome.Success, tree.Outcome);
    }

    [Fact]
    public async Task An_unread_refinement_is_tried_again()
    {
        (SearchTree tree, List<string> prompts) = await GrowAsync(
            new SearchSettings { MaxDepth = 1 }, _ => 0, name => name is "r.1" or "r.2" or "r.4"
                ? null : $"refined: {name}");
        Assert.Equal(["r.6", "r.5", "r.3"], tree.Nodes.Skip(1).Select(node => node.Response));
        Assert.Equal([1, 2, 3], tree.Nodes.Skip(1).Select(node => node.Id));
        Assert.Equal([RefinementParser.NoStart, RefinementParser.NoStart, RefinementParser.NoStart], tree.Unparsed);
        Assert.Equal(6 + (3 * 2), prompts.Count);

        (tree, prompts) = await GrowAsync(new SearchSettings(), _ => 0, _ => null);
        Assert.Equal(SearchOutcome.Exhausted, tree.Outcome);
        Assert.Single(tree.Nodes);
        Assert.Equal(9, prompts.Count);
        Assert.Equal(9, tree.Unparsed.Count);
    }

    [Fact]
    public async Task A_response_seen_before_reuses_its_value()
    {
        (SearchTree tree, List<string> prompts) = await GrowAsync(
            new SearchSettings { MaxDepth = 2, SelectBranch = 1 }, response => response == "same" ? 1 : 0,
            name => name switch { "r.1" => "refined: r", "r.2" or "r.3" => "refined: same", _ => "refined: same" });
        Assert.Equal([null, 0, null, 2, 2, 2, 2], tree.Nodes.Select(node => node.SameAs));
        Assert.Equal([0, 0, 0.5, 0.5, 0.5, 0.5, 0.5], tree.Nodes.Select(node => node.Value));
        Assert.Equal(2, prompts.Count(prompt => prompt.StartsWith("judge", StringComparison.Ordinal)));
        Assert.Equal(6 + 2, tree.Calls);
    }

    [Theory]
    [InlineData(1, 1, 0)]
    [InlineData(3, 3, 0)]
    [InlineData(4, 3, 0)]
    [InlineData(5, 3, 1)]
    [InlineData(8, 3, 2)]
    [InlineData(10, 4, 3)]
    [InlineData(12, 6, 3)]
    [InlineData(44, 15, 14)]
    public async Task No_tree_makes_more_calls_than_it_may(int mostCalls, int refinements, int judged)
    {
        (SearchTree tree, List<string> prompts) = await GrowAsync(new SearchSettings { MaxCalls = mostCalls }, _ => 0);
        Assert.Equal(SearchOutcome.OverBudget, tree.Outcome);
        Assert.InRange(prompts.Count, 1, mostCalls);
        Assert.Equal(tree.Calls, prompts.Count);
        Assert.Equal(refinements, tree.Nodes.Count - 1);
        Assert.Equal(judged, tree.Nodes.Skip(1).Count(node => node.Valuation is not null));
    }

    [Fact]
    public async Task The_last_affordable_call_can_succeed()
    {
        (SearchTree tree, _) = await GrowAsync(new SearchSettings { MaxCalls = 5 }, _ => 2);
        Assert.Equal((SearchOutcome.Success, 5), (tree.Outcome, tree.Calls));
        (tree, _) = await GrowAsync(new SearchSettings { MaxCalls = 45 }, _ => 0);
        Assert.Equal((SearchOutcome.Exhausted, 45), (tree.Outcome, tree.Calls));
    }

    [Theory]
    [InlineData(SearchOrder.Bfs)]
    [InlineData(SearchOrder.Dfs)]
    public async Task A_failed_call_fails_the_tree_with_its_reason(SearchOrder order)
    {
        (SearchTree tree, _) = await GrowAsync(
            new SearchSettings { Order = order }, _ => 0, fails: prompt =>
                prompt.Contains("response: r.1.", StringComparison.Ordinal));
        Assert.Equal((SearchOutcome.Failed, "TimeoutException: too slow"), (tree.Outcome, tree.Failure));
        Assert.Equal(4, tree.Nodes.Count);
        Assert.Null(tree.Found);
    }

    [Fact]
    public async Task A_root_without_critique_cannot_be_refined()
    {
        using CallSession session = new(1, 1);
        ModelCaller caller = new(
            new ScriptedClient(_ => throw new InvalidOperationException("not to be called")), session);
        BreadthFirstSearch search = new(
            new VotingJudge(caller, TestRuns.Compact, new Sampling(0, 1, 1), 1, Gate.Majority),
            new RefinementSampler(caller, TestRuns.Compact, new Sampling(0, 1, 1)), new SearchSettings());
        SearchTree tree = await search.SearchAsync("t", "task", "r", new Valuation(0, 0, null), default);
        Assert.Equal((SearchOutcome.Exhausted, 0), (tree.Outcome, tree.Calls));
    }

    [Fact]
    public async Task Sampled_selection_follows_the_values()
    {
        int worse = 0;
        for (ulong seed = 0; seed < 200; seed++)
        {
            using CallSession session = new(seed, 1);
            RefinementSampler refiner = new(
                new ModelCaller(new ScriptedClient(_ => ""), session), TestRuns.Compact, new Sampling(0, 1, 1));
            VotingJudge judge = new(
                new ModelCaller(new ScriptedClient(_ => ""), session), TestRuns.Compact, new Sampling(0, 1, 1), 1,
                Gate.Majority);
            SearchSettings settings = new() { Selection = NodeSelection.Sampled, SelectBranch = 1 };
            TreeGrowth tree = new(judge, refiner, settings, "t", "task", "r", s_failed);
            SearchNode[] nodes = [Valued(1, 1, 3), Valued(2, 3, 1), Valued(3, 0, 4)];
            SearchNode chosen = Assert.Single(await tree.SelectAsync(nodes, 0, default));
            Assert.NotEqual(3, chosen.Id);
            worse += chosen.Id == 1 ? 1 : 0;
            Assert.Single(await tree.SelectAsync([Valued(1, 0, 2)], 0, default));
        }

        Assert.InRange(worse, 30, 70);

        static SearchNode Valued(int id, int yes, int no) => new(id, 0, 1, $"{id}", "", new Valuation(yes, no, "c"));
    }

    [Theory]
    [InlineData(SearchOrder.Bfs, NodeSelection.Greedy)]
    [InlineData(SearchOrder.Bfs, NodeSelection.Sampled)]
    [InlineData(SearchOrder.Dfs, NodeSelection.Greedy)]
    [InlineData(SearchOrder.Dfs, NodeSelection.Sampled)]
    public async Task The_tree_does_not_depend_on_the_order_in_which_calls_end(SearchOrder order, NodeSelection selection)
    {
        FakeWorld world = new();
        SearchSettings settings = new() { Order = order, Selection = selection, Gate = 0.9, MaxCalls = 60 };
        HashSet<string> trees = [];
        for (int round = 0; round < 10; round++)
        {
            using CallSession session = new(5, 1 + (round % 4 * 3));
            ModelCaller caller = new(await world.OpenAsync("model", default), session);
            VotingJudge judge = new(caller, TestRuns.Compact, new Sampling(0.7, 1, 9), 3, settings.ToGate());
            IRefinementSearch search = SearchStrategy.Tree(
                judge, new RefinementSampler(caller, TestRuns.Compact, new Sampling(0.7, 1, 9)), settings);
            SearchTree tree = await search.SearchAsync("t", "task", "word 1", s_failed, default);
            Assert.True(tree.Nodes.Count > 4);
            trees.Add(JsonSerializer.Serialize(tree, JsonSettings.Compact));
        }

        Assert.Single(trees);
    }
}
