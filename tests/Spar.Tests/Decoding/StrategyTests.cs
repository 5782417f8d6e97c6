using Spar.Calls;
using Spar.Decoding;
using Spar.Search;
using Spar.Tests.Fakes;

namespace Spar.Tests.Decoding;

public sealed class StrategyTests
{
    private static readonly Sampling s_sampling = new(0.7, 1, 9);

    /// <summary>
    /// The actor says 1, 2, 3, ... at a temperature and 0 greedily; a refinement adds one; yes votes of two are the
    /// number, at most 2.
    /// </summary>
    private static async Task<Decoded> DecodeAsync(string strategy, int perVote = 1, Func<string, bool>? fails = null)
    {
        using CallSession session = new(1, 1);
        int samples = 0;
        Dictionary<string, int> asked = [];
        ModelCaller actor = new(
            new ScriptedClient((_, options) => Task.FromResult(options.Temperature == 0 ? "0" : $"{++samples}")),
            session);
        ModelCaller refiner = new(
            new ScriptedClient(prompt =>
            {
                if (fails?.Invoke(prompt) == true)
                {
                    throw new TimeoutException("too slow");
                }

                int number = int.Parse(prompt.Split("response: ")[1].Split('\n')[0], null);
                int count = asked[prompt] = asked.GetValueOrDefault(prompt) + 1;
                return prompt.StartsWith("judge", StringComparison.Ordinal)
                    ? $"judgement: {(count <= number / perVote ? "yes" : "no")}"
                    : $"refined: {number + 1}";
            }),
            session);
        DecodingSettings settings = new(s_sampling, s_sampling, s_sampling, Votes: 2, Samples: 4, new SearchSettings());
        return await DecodingStrategies.Create(strategy, actor, refiner, TestRuns.Compact, settings)
            .DecodeAsync("k", "task", default);
    }

    [Fact]
    public async Task Greedy_is_one_call()
    {
        Decoded decoded = await DecodeAsync("greedy");
        Assert.Equal("0", decoded.Response);
        Assert.Equal(new Candidate("0", null), Assert.Single(decoded.Candidates));
    }

    [Fact]
    public async Task Best_of_n_takes_the_highest_value_and_the_earlier_at_equal_values()
    {
        Decoded decoded = await DecodeAsync("best-of-n");
        Assert.Equal("2", decoded.Response);
        Assert.Equal(["1", "2", "3", "4"], decoded.Candidates.Select(candidate => candidate.Response));
    }

    [Theory]
    [InlineData("bfs", 7)]
    [InlineData("dfs", 7)]
    [InlineData("iterative", 3)]
    public async Task Searches_go_on_until_something_passes(string strategy, int candidates)
    {
        Decoded decoded = await DecodeAsync(strategy);
        Assert.Equal("2", decoded.Response);
        Assert.Equal(SearchOutcome.Success, decoded.Tree!.Outcome);
        Assert.Equal(candidates, decoded.Candidates.Count);
    }

    [Theory]
    [InlineData("bfs")]
    [InlineData("iterative")]
    public async Task Without_success_the_best_of_the_tree_is_taken(string strategy)
    {
        Decoded decoded = await DecodeAsync(strategy, perVote: 3);
        Assert.Equal(SearchOutcome.Exhausted, decoded.Tree!.Outcome);
        Assert.Equal("3", decoded.Response);
        Assert.Equal("0", (await DecodeAsync(strategy, perVote: 9)).Response);
    }

    [Fact]
    public async Task Restarts_begin_from_the_next_sample_when_a_refinement_fails()
    {
        // 0 and its refinement 1 fail, 1 fails as a sample and passes as 2.
        Decoded decoded = await DecodeAsync("restarts");
        Assert.Equal("2", decoded.Response);
        Assert.Equal(["0", "1", "1", "2"], decoded.Candidates.Select(candidate => candidate.Response));
        Assert.Equal("1", decoded.Tree!.Nodes[0].Response);

        // Nothing passes: the best of all roots (4 samples, the greedy one among them) is taken, with its tree.
        Decoded failed = await DecodeAsync("restarts", perVote: 4);
        Assert.Equal("4", failed.Response);
        Assert.Equal(
            ["0", "1", "1", "2", "2", "3", "3", "4"], failed.Candidates.Select(candidate => candidate.Response));
        Assert.Equal("3", failed.Tree!.Nodes[0].Response);
    }

    [Fact]
    public async Task A_response_that_passes_is_left_as_it_is()
    {
        using CallSession session = new(1, 1);
        ModelCaller actor = new(new ScriptedClient(_ => "fine"), session);
        ModelCaller refiner = new(new ScriptedClient(_ => "judgement: yes"), session);
        Decoded decoded = await DecodingStrategies.Create(
            "bfs", actor, refiner, TestRuns.Compact,
            new DecodingSettings(s_sampling, s_sampling, s_sampling, 2, 4, new SearchSettings()))
            .DecodeAsync("k", "task", default);
        Assert.Equal("fine", decoded.Response);
        Assert.Null(decoded.Tree);
    }

    [Fact]
    public async Task A_failed_search_falls_back_to_the_first_response()
    {
        Decoded decoded = await DecodeAsync(
            "bfs", fails: prompt => prompt.StartsWith("refine", StringComparison.Ordinal));
        Assert.Equal("0", decoded.Response);
        Assert.Equal(SearchOutcome.Failed, decoded.Tree!.Outcome);
        await Assert.ThrowsAsync<CallFailedException>(() => DecodeAsync("bfs", fails: _ => true));
    }

    [Fact]
    public async Task An_unknown_name_is_refused()
    {
        SparException fault = await Assert.ThrowsAsync<SparException>(() => DecodeAsync("beam"));
        Assert.Contains("greedy, best-of-n, iterative, bfs, dfs, restarts", fault.Message, StringComparison.Ordinal);
    }
}
