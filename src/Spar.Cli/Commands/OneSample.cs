using Spar.Calls;
using Spar.Decoding;
using Spar.Seams;

namespace Spar.Cli.Commands;

/// <summary>One response of the actor, sampled; what a temperature without a strategy means.</summary>
/// <param name="actor">The model that answers.</param>
/// <param name="sampling">How.</param>
internal sealed class OneSample(ModelCaller actor, Sampling sampling) : IDecodingStrategy
{
    /// <inheritdoc/>
    public async Task<Decoded> DecodeAsync(string key, Prompt prompt, CancellationToken cancellationToken)
    {
        Answer answer = await actor.AskAsync($"{key}/k0", prompt, sampling, cancellationToken);
        Candidate candidate = Candidate.Of(answer.Read());
        return new Decoded(candidate.Response, [candidate]);
    }
}
