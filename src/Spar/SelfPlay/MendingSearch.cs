using Spar.Calls;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.Templates;

namespace Spar.SelfPlay;

/// <summary>
/// Rules before the refiner: a response that they can mend is mended, which takes no call of a refiner; another search
/// looks for a refinement of the others. A response that was cut off is ended and mended; where nothing of it can be
/// kept, another response to its prompt takes its place.
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
        (SearchTree? tree, int calls) = await MendAsync(key, instruction, root, response, cancellationToken)
            .ConfigureAwait(false);
        if (tree is not null)
        {
            return tree;
        }

        tree = await other.SearchAsync(key, instruction, response, valuation, cancellationToken).ConfigureAwait(false);
        return tree with { Calls = tree.Calls + calls };
    }

    /// <summary>
    /// Ends a response that was cut off, and mends it, or else mends another one. No refiner is asked, for nobody judged
    /// it.
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
        int calls = 0;
        for (int other = -1; other < others.Count; other++)
        {
            if ((other < 0 ? mender.End(response, cutOff: true) : others[other]) is not { } text)
            {
                continue;
            }

            (SearchTree? tree, int made) = await MendAsync(
                other < 0 ? key : $"{key}/{other}", instruction, root, text, cancellationToken).ConfigureAwait(false);
            calls += made;
            if (tree is not null)
            {
                return tree with { Calls = calls };
            }
        }

        return new SearchTree(SearchOutcome.Exhausted, null, [root], calls, []);
    }

    // No tree where no rule makes something of the text that passes; and the calls that it took to know.
    private async Task<(SearchTree? Tree, int Calls)> MendAsync(
        string key, string instruction, SearchNode root, string text, CancellationToken cancellationToken)
    {
        if (mender.Mend(instruction, text, session.SeedOf($"{key}/mend")) is not { } mended || mended == root.Response)
        {
            return (null, 0);
        }

        try
        {
            Valuation found = await judge.JudgeAsync($"{key}/mend/judge", instruction, mended, cancellationToken)
                .ConfigureAwait(false);
            SearchNode child = new(1, 0, 1, mended, format.Frame(null, mended), found);
            return (
                gate.Passes(found)
                    ? new SearchTree(SearchOutcome.Success, child.Id, [root, child], found.Calls, []) { Mended = true }
                    : null,
                found.Calls);
        }
        catch (CallFailedException fault)
        {
            return (new SearchTree(SearchOutcome.Failed, null, [root], 0, [], fault.Message), 0);
        }
    }
}
