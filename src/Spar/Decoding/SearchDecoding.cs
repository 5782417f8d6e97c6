using Spar.Judging;
using Spar.Seams;
using Spar.Search;

namespace Spar.Decoding;

/// <summary>
/// A response is judged; if it does not pass the gate, it is refined by search. What passes is taken, else the response
/// of the highest value.
/// </summary>
/// <param name="first">Makes the response to begin with.</param>
/// <param name="judge">Values it.</param>
/// <param name="search">Refines it.</param>
/// <param name="gate">A response that passes it is taken as it is.</param>
public sealed class SearchDecoding(
    IDecodingStrategy first, IJudge judge, IRefinementSearch search, Gate gate) : IDecodingStrategy
{
    /// <inheritdoc/>
    public async Task<Decoded> DecodeAsync(string key, Prompt prompt, CancellationToken cancellationToken)
    {
        Decoded begin = await first.DecodeAsync(key, prompt, cancellationToken).ConfigureAwait(false);
        return begin.Candidates is [{ Says: false }]
            ? begin
            : await ImproveAsync(key, prompt.Instruction, begin.Response, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The same for a response that is there already.</summary>
    /// <param name="key">Names the answer in the run; its calls' names begin with it.</param>
    /// <param name="instruction">The instruction.</param>
    /// <param name="response">The response to begin with.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="Calls.CallFailedException">The response could not be judged.</exception>
    public async Task<Decoded> ImproveAsync(
        string key, string instruction, string response, CancellationToken cancellationToken)
    {
        Valuation valuation = await judge.JudgeAsync($"{key}/judge", instruction, response, cancellationToken)
            .ConfigureAwait(false);
        if (gate.Passes(valuation))
        {
            return new Decoded(response, [new Candidate(response, valuation)]);
        }

        SearchTree tree = await search.SearchAsync($"{key}/tree", instruction, response, valuation, cancellationToken)
            .ConfigureAwait(false);
        return new Decoded(
            tree.Best.Response, [.. tree.Nodes.Select(node => new Candidate(node.Response, node.Valuation))], tree);
    }
}
