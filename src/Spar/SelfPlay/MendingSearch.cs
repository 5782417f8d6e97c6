using Spar.Calls;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.Templates;

namespace Spar.SelfPlay;

/// <summary>
/// Rules before the refiner: a response that they can mend is mended, which takes no call of a refiner; another search
/// looks for a refinement of the others. What begins to repeat itself is ended there, if what is left can be mended. A
/// response that was cut off is ended and mended; where nothing of it can be kept, another response to its prompt takes
/// its place.
/// </summary>
/// <param name="other">The search for what no rule mends.</param>
/// <param name="mender">The rules.</param>
/// <param name="judge">Values what they made; it has to pass like any refinement.</param>
/// <param name="gate">Decides whether it does.</param>
/// <param name="format">How a refiner's output is framed, for what the refiner learns of it.</param>
/// <param name="session">The session of the run's calls.</param>
internal sealed class MendingSearch(
    IRefinementSearch other, IResponseMender mender, IJudge judge, Gate gate, OutputFormat format, CallSession session)
    : IRefinementSearch
{
    /// <inheritdoc/>
    public async Task<SearchTree> SearchAsync(
        string key, string instruction, string response, Valuation valuation, CancellationToken cancellationToken)
    {
        SearchNode root = new(0, null, 0, response, null, valuation);
        (SearchTree? tree, int calls) = await MendAsync(
            key, instruction, root, [mender.End(response, cutOff: false), response], cancellationToken)
            .ConfigureAwait(false);
        if (tree is not null)
        {
            return tree;
        }

        tree = await other.SearchAsync(key, instruction, response, valuation, cancellationToken).ConfigureAwait(false);
        return tree with { Calls = tree.Calls + calls };
    }

    /// <summary>
    /// Ends a response that was cut off, and mends it, or else mends another one. No refiner is asked, for nobody
    /// judged it.
    /// </summary>
    /// <param name="key">Unique name of the search.</param>
    /// <param name="instruction">The instruction.</param>
    /// <param name="response">The response, as far as it goes.</param>
    /// <param name="others">Whole responses to the instruction; one that follows it is taken as it is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>
    /// The tree, whose root has no valuation; exhausted where the rules make nothing of any that passes.
    /// </returns>
    public async Task<SearchTree> EndAsync(
        string key, string instruction, string response, IReadOnlyList<string> others,
        CancellationToken cancellationToken)
    {
        SearchNode root = new(0, null, 0, response, null, null);
        (SearchTree? tree, int calls) = await MendAsync(
            key, instruction, root,
            [mender.End(response, cutOff: true), .. others.Select(one => mender.End(one, cutOff: false))],
            cancellationToken).ConfigureAwait(false);
        return tree ?? new SearchTree(SearchOutcome.Exhausted, null, [root], calls, []);
    }

    // The first of the texts that a rule makes something of that passes; no tree where there is none. And the calls
    // that it took to know.
    private async Task<(SearchTree? Tree, int Calls)> MendAsync(
        string key, string instruction, SearchNode root, IReadOnlyList<string?> texts,
        CancellationToken cancellationToken)
    {
        int calls = 0;
        for (int i = 0; i < texts.Count; i++)
        {
            if (texts[i] is not { } text || texts.Take(i).Contains(text)
                || mender.Mend(instruction, text, session.SeedOf($"{key}/mend")) is not { } mended
                || mended == root.Response)
            {
                continue;
            }

            try
            {
                Valuation found = await judge.JudgeAsync(
                    $"{key}/mend{i}/judge", instruction, mended, cancellationToken).ConfigureAwait(false);
                calls += found.Calls;
                if (gate.Passes(found))
                {
                    SearchNode child = new(1, 0, 1, mended, format.Frame(null, mended), found);
                    return (
                        new SearchTree(SearchOutcome.Success, child.Id, [root, child], calls, []) { Mended = true },
                        calls);
                }
            }
            catch (CallFailedException fault)
            {
                return (new SearchTree(SearchOutcome.Failed, null, [root], calls, [], fault.Message), calls);
            }
        }

        return (null, calls);
    }
}
