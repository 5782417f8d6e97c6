using System.Globalization;
using Spar.Calls;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Templates;

namespace Spar.Experiments.Decoding;

/// <summary>
/// Every decoding strategy on the same prompts, response by response, so that they can be compared at equal numbers of
/// generated responses (Figure 5), by number of votes (Table 9) and by what they repair (Table 10). All strategies
/// begin with the same greedy response.
/// </summary>
public sealed class DecodingMeasurement
{
    /// <summary>Samples beside the greedy response; the highest value is taken.</summary>
    public const string BestOfN = "best-of-N";

    /// <summary>The same, but it ends with the first sample that passes, as the searches do.</summary>
    public const string UntilPassed = "best-of-N, first that passes";

    /// <summary>Each response that fails is refined once, and if that fails too the next sample is drawn.</summary>
    public const string Restarts = "search with restarts";

    /// <summary>Responses that a strategy may generate for one prompt.</summary>
    public const int MostResponses = 16;

    /// <summary>Votes on a sample, at most, in the table of accuracy by votes.</summary>
    public const int MostVotes = 9;

    private const string Stage = "strategies";

    /// <summary>The strategies in the order in which they are shown.</summary>
    public static IReadOnlyList<string> Strategies { get; } =
        [BestOfN, UntilPassed, SearchStrategy.Iterative.Title, SearchStrategy.Bfs.Title,
            SearchStrategy.Dfs.Title, Restarts];

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
    /// <exception cref="SparException">
    /// So many calls failed that going on is pointless, or the run directory cannot be written.
    /// </exception>
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
            ParallelOptions options =
                new() { MaxDegreeOfParallelism = session.Concurrency, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(
                Enumerable.Range(0, Prompts.Count).Where(i => !kept.Contains(i)), options, async (i, token) =>
            {
                Store.KeepItem(
                    Stage, i,
                    await MeasureAsync(
                        string.Create(CultureInfo.InvariantCulture, $"p{i}"), Prompts[i], actor, refiner,
                        token).ConfigureAwait(false));
                Observer.ItemFinished(Stage, failed: false);
            }).ConfigureAwait(false);
            Store.Flush();
            return new DecodingProduct(Prompts.Count);
        }).ConfigureAwait(false);
        return [.. Store.ReadItems<DecodingRecord>(Stage).OrderBy(entry => entry.Item).Select(entry => entry.Record)];
    }

    private async Task<DecodingRecord> MeasureAsync(
        string key, string prompt, ModelCaller actor, ModelCaller refiner, CancellationToken cancellationToken)
    {
        Gate gate = Recipe.Search.ToGate();
        VotingJudge judge = new(refiner, Templates, Recipe.Judge, Recipe.Votes, gate);
        RefinementSampler refine = new(refiner, Templates, Recipe.Refine);

        // A budget in calls that is enough for as many responses as are looked at.
        SearchSettings limits =
            Recipe.Search with { MaxCalls = MostResponses * (Recipe.Votes + Recipe.Search.RefinementTries) };
        string greedy = (await actor.AskAsync($"{key}/greedy", prompt, Recipe.Respond.Greedy(), cancellationToken)
            .ConfigureAwait(false)).Read().Text;
        Valuation valuation = await judge.JudgeAsync($"{key}/greedy/judge", prompt, greedy, cancellationToken)
            .ConfigureAwait(false);
        Task<(string Text, Valuation Valuation)>[] samples =
        [
            .. Enumerable.Range(1, MostResponses - 1).Select(async k =>
            {
                string at = string.Create(CultureInfo.InvariantCulture, $"{key}/sample/k{k}");
                string text =
                    (await actor.AskAsync(at, prompt, Recipe.Respond, cancellationToken).ConfigureAwait(false)).Read().Text;
                return (text, await judge.JudgeAsync($"{at}/judge", prompt, text, cancellationToken)
                    .ConfigureAwait(false));
            }),
        ];
        Task<IReadOnlyList<ValuedResponse>>[] searches =
        [
            SearchAsync(SearchStrategy.Iterative, limits with { MaxDepth = MostResponses - 1 }),
            SearchAsync(SearchStrategy.Bfs, limits),
            SearchAsync(SearchStrategy.Dfs, limits),
            RestartAsync(),
        ];
        (string Text, Valuation Valuation)[] drawn = await Task.WhenAll(samples).ConfigureAwait(false);
        IReadOnlyList<ValuedResponse>[] searched = await Task.WhenAll(searches).ConfigureAwait(false);
        Judgement[] ballot = await new Ballot(refiner, Templates, Recipe.Judge)
            .CastAsync($"{key}/sample/k1/judge", prompt, drawn[0].Text, 0, MostVotes, cancellationToken)
                .ConfigureAwait(false);
        return new DecodingRecord(
            new Dictionary<string, IReadOnlyList<ValuedResponse>>
            {
                [BestOfN] = [
                    Valued(greedy, valuation), .. drawn.Select(sample => Valued(sample.Text, sample.Valuation))],
                [SearchStrategy.Iterative.Title] = searched[0],
                [SearchStrategy.Bfs.Title] = searched[1],
                [SearchStrategy.Dfs.Title] = searched[2],
                [Restarts] = searched[3],
            },
            [new SampleBallot([.. ballot.Select(judgement => judgement.Verdict)], IsRight(drawn[0].Text))]);

        // The roots are the responses of best-of-N, in its order.
        async Task<IReadOnlyList<ValuedResponse>> RestartAsync()
        {
            IRefinementSearch once = SearchStrategy.Once.Create(judge, refine, limits);
            List<ValuedResponse> responses = [
                .. await SearchFromAsync("restart/k0", greedy, valuation, once).ConfigureAwait(false)];
            for (int k = 1; !responses[^1].Passed && responses.Count < MostResponses; k++)
            {
                (string text, Valuation given) = await samples[k - 1].ConfigureAwait(false);
                responses.AddRange(
                    await SearchFromAsync(
                        string.Create(CultureInfo.InvariantCulture, $"restart/k{k}"), text, given,
                        once).ConfigureAwait(false));
            }

            return [.. responses.Take(MostResponses)];
        }

        Task<IReadOnlyList<ValuedResponse>> SearchAsync(SearchStrategy strategy, SearchSettings settings) =>
            SearchFromAsync(strategy.Name, greedy, valuation, strategy.Create(judge, refine, settings));

        async Task<IReadOnlyList<ValuedResponse>> SearchFromAsync(
            string name, string root, Valuation given, IRefinementSearch search)
        {
            if (gate.Passes(given))
            {
                return [Valued(root, given)];
            }

            SearchTree tree = await search.SearchAsync($"{key}/{name}", prompt, root, given, cancellationToken)
                .ConfigureAwait(false);
            return tree.Outcome == SearchOutcome.Failed
                ? throw new SparException(
                    $"A search failed: {tree.Failure} Run the same command again; what was answered so far is kept.")
                : [.. tree.Nodes.Where(node => node.Valuation is not null).Take(MostResponses)
                    .Select(node => Valued(node.Response, node.Valuation!))];
        }

        ValuedResponse Valued(string text, Valuation given) => new(given.Value ?? 0, gate.Passes(given), IsRight(text));

        bool IsRight(string text) => Truth.Verify(prompt, text).Outcome == VerificationOutcome.Followed;
    }
}
