using System.Globalization;
using Spar.Calls;
using Spar.Judging;
using Spar.Templates;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Experiments.Decoding;

/// <summary>
/// Every decoding strategy on the same prompts, response by response, so that they can be compared at equal numbers of generated responses (Figure 5),
/// by number of votes (Table 9) and by what they repair (Table 10). All strategies begin with the same greedy response.
/// </summary>
public sealed class DecodingMeasurement
{
    /// <summary>Samples beside the greedy response; the highest value is taken.</summary>
    public const string BestOfN = "best-of-N";

    /// <summary>The same, but it ends with the first sample that passes, as the searches do.</summary>
    public const string UntilPassed = "best-of-N, first that passes";

    /// <summary>One chain of refinements.</summary>
    public const string Iterative = "iterative refinement";

    /// <summary>Breadth-first search.</summary>
    public const string Bfs = "BFS";

    /// <summary>Depth-first search.</summary>
    public const string Dfs = "DFS";

    /// <summary>Each response that fails is refined once, and if that fails too the next sample is drawn.</summary>
    public const string Restarts = "search with restarts";

    /// <summary>Responses that a strategy may generate for one prompt.</summary>
    public const int MostResponses = 16;

    /// <summary>Votes on a sample, at most, in the table of accuracy by votes.</summary>
    public const int MostVotes = 9;

    private const string Stage = "strategies";

    /// <summary>The strategies in the order in which they are shown.</summary>
    public static IReadOnlyList<string> Strategies { get; } = [BestOfN, UntilPassed, Iterative, Bfs, Dfs, Restarts];

    /// <summary>Sampling, votes and search limits.</summary>
    public required Recipe Recipe { get; init; }

    /// <summary>How the refiner is asked.</summary>
    public required TemplateSet Templates { get; init; }

    /// <summary>Makes models answer.</summary>
    public required IModelHost Host { get; init; }

    /// <summary>Path or name of the model that answers.</summary>
    public required string Actor { get; init; }

    /// <summary>Path or name of the model that judges and refines.</summary>
    public required string Refiner { get; init; }

    /// <summary>The prompts.</summary>
    public required IReadOnlyList<string> Prompts { get; init; }

    /// <summary>Knows what is right; it only measures.</summary>
    public required IConstraintVerifier Truth { get; init; }

    /// <summary>The run directory.</summary>
    public required RunStore Store { get; init; }

    /// <summary>Is told how it goes.</summary>
    public required IRunObserver Observer { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>True when nothing is left to do; <see cref="RunAsync"/> then only reads.</summary>
    public bool HasEnded => Store.FindProduct<DecodingProduct>(Stage) is not null;

    /// <summary>Measures, or goes on with it.</summary>
    /// <param name="cancellationToken">Stops; what has ended is kept.</param>
    /// <returns>One record a prompt, in order.</returns>
    /// <exception cref="SparException">So many calls failed that going on is pointless, or the run directory cannot be written.</exception>
    /// <exception cref="CallFailedException">A call failed; the same command asks for it again.</exception>
    public async Task<IReadOnlyList<DecodingRecord>> RunAsync(CancellationToken cancellationToken)
    {
        using CallSession session = new(Recipe.Seed, Recipe.Concurrency, Store, Observer.CallAnswered);
        StageRunner runner = new(Store, session, Observer, Time);
        await runner.RunAsync(Stage, Prompts.Count, async () =>
        {
            HashSet<int> kept = [.. Store.ReadItems<DecodingRecord>(Stage).Select(entry => entry.Item)];
            foreach (int _ in kept)
            {
                Observer.ItemFinished(Stage, failed: false);
            }

            await using OpenModels models = new(Host, session);
            ModelCaller actor = await models.OpenAsync(Actor, cancellationToken).ConfigureAwait(false);
            ModelCaller refiner = await models.OpenAsync(Refiner, cancellationToken).ConfigureAwait(false);
            ParallelOptions options = new() { MaxDegreeOfParallelism = session.Concurrency, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(Enumerable.Range(0, Prompts.Count).Where(i => !kept.Contains(i)), options, async (i, token) =>
            {
                Store.KeepItem(Stage, i, await MeasureAsync(string.Create(CultureInfo.InvariantCulture, $"p{i}"), Prompts[i], actor, refiner, token).ConfigureAwait(false));
                Observer.ItemFinished(Stage, failed: false);
            }).ConfigureAwait(false);
            Store.Flush();
            return new DecodingProduct(Prompts.Count);
        }).ConfigureAwait(false);
        return [.. Store.ReadItems<DecodingRecord>(Stage).OrderBy(entry => entry.Item).Select(entry => entry.Record)];
    }

    private async Task<DecodingRecord> MeasureAsync(string key, string prompt, ModelCaller actor, ModelCaller refiner, CancellationToken cancellationToken)
    {
        VotingJudge judge = new(refiner, Templates, Recipe.Judge, Recipe.Votes);
        RefinementSampler refine = new(refiner, Templates, Recipe.Refine);

        // A budget in calls that is enough for as many responses as are looked at.
        SearchSettings limits = Recipe.Search with { MaxCalls = MostResponses * (Recipe.Votes + Recipe.Search.RefinementTries) };
        string greedy = (await actor.AskAsync($"{key}/greedy", prompt, Recipe.Respond.Greedy(), cancellationToken).ConfigureAwait(false)).Text;
        Valuation vote = await judge.JudgeAsync($"{key}/greedy/judge", prompt, greedy, cancellationToken).ConfigureAwait(false);
        Task<(string Text, Valuation Vote)>[] samples =
        [
            .. Enumerable.Range(1, MostResponses - 1).Select(async k =>
            {
                string at = string.Create(CultureInfo.InvariantCulture, $"{key}/sample/k{k}");
                string text = (await actor.AskAsync(at, prompt, Recipe.Respond, cancellationToken).ConfigureAwait(false)).Text;
                return (text, await judge.JudgeAsync($"{at}/judge", prompt, text, cancellationToken).ConfigureAwait(false));
            }),
        ];
        Task<IReadOnlyList<ValuedResponse>>[] searches =
        [
            SearchAsync("iterative", greedy, vote, new BreadthFirstSearch(judge, refine, limits.Chain(MostResponses - 1))),
            SearchAsync("bfs", greedy, vote, new BreadthFirstSearch(judge, refine, limits)),
            SearchAsync("dfs", greedy, vote, new DepthFirstSearch(judge, refine, limits)),
            RestartAsync(),
        ];
        (string Text, Valuation Vote)[] drawn = await Task.WhenAll(samples).ConfigureAwait(false);
        IReadOnlyList<ValuedResponse>[] searched = await Task.WhenAll(searches).ConfigureAwait(false);
        Judgement[] ballot = await new Ballot(refiner, Templates, Recipe.Judge)
            .CastAsync($"{key}/sample/k1/judge", prompt, drawn[0].Text, 0, MostVotes, cancellationToken).ConfigureAwait(false);
        return new DecodingRecord(
            new Dictionary<string, IReadOnlyList<ValuedResponse>>
            {
                [BestOfN] = [Valued(greedy, vote), .. drawn.Select(sample => Valued(sample.Text, sample.Vote))],
                [Iterative] = searched[0],
                [Bfs] = searched[1],
                [Dfs] = searched[2],
                [Restarts] = searched[3],
            },
            [new SampleBallot([.. ballot.Select(judgement => judgement.Verdict)], IsRight(drawn[0].Text))]);

        // The roots are the responses of best-of-N, in its order.
        async Task<IReadOnlyList<ValuedResponse>> RestartAsync()
        {
            BreadthFirstSearch once = new(judge, refine, limits.Chain(1));
            List<ValuedResponse> responses = [.. await SearchAsync("restart/k0", greedy, vote, once).ConfigureAwait(false)];
            for (int k = 1; !responses[^1].Passed && responses.Count < MostResponses; k++)
            {
                (string text, Valuation given) = await samples[k - 1].ConfigureAwait(false);
                responses.AddRange(await SearchAsync(string.Create(CultureInfo.InvariantCulture, $"restart/k{k}"), text, given, once).ConfigureAwait(false));
            }

            return [.. responses.Take(MostResponses)];
        }

        async Task<IReadOnlyList<ValuedResponse>> SearchAsync(string name, string root, Valuation given, IRefinementSearch search)
        {
            if (given.Value > limits.Gate)
            {
                return [Valued(root, given)];
            }

            SearchTree tree = await search.SearchAsync($"{key}/{name}", prompt, root, given, cancellationToken).ConfigureAwait(false);
            return tree.Outcome == SearchOutcome.Failed
                ? throw new SparException($"A search failed: {tree.Failure} Run the same command again; what was answered so far is kept.")
                : [.. tree.Nodes.Where(node => node.Vote is not null).Take(MostResponses).Select(node => Valued(node.Response, node.Vote!))];
        }

        ValuedResponse Valued(string text, Valuation given) => new(given.Value ?? 0, given.Value > limits.Gate, IsRight(text));

        bool IsRight(string text) => Truth.Verify(prompt, text).Outcome == VerificationOutcome.Followed;
    }
}
