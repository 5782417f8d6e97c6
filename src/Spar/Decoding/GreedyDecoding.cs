using Spar.Calls;
using Spar.Seams;

namespace Spar.Decoding;

/// <summary>The actor's most likely response: one call at temperature 0.</summary>
/// <param name="actor">The model that answers.</param>
/// <param name="sampling">Gives the token limit; its temperature is not used.</param>
public sealed class GreedyDecoding(ModelCaller actor, Sampling sampling) : IDecodingStrategy
{
    /// <inheritdoc/>
    public async Task<Decoded> DecodeAsync(string key, Prompt prompt, CancellationToken cancellationToken)
    {
        Answer answer = await actor.AskAsync($"{key}/greedy", prompt, sampling.Greedy(), cancellationToken)
            .ConfigureAwait(false);
        Candidate candidate = Candidate.Of(answer.Read());
        return new Decoded(candidate.Response, [candidate]);
    }
}
