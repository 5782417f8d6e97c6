using Spar.Calls;
using Spar.Judging;

namespace Spar.Decoding;

/// <summary>Samples of the actor, of which the refiner's value picks one; the earlier at equal values.</summary>
/// <param name="actor">The model that answers.</param>
/// <param name="sampling">How its responses are sampled.</param>
/// <param name="judge">Values them.</param>
/// <param name="samples">How many, at least 1.</param>
public sealed class BestOfN(ModelCaller actor, Sampling sampling, Judge judge, int samples) : IDecodingStrategy
{
    /// <inheritdoc/>
    public async Task<Decoded> DecodeAsync(string key, string instruction, CancellationToken cancellationToken)
    {
        Candidate[] candidates = await Task.WhenAll(Enumerable.Range(0, samples).Select(async i =>
        {
            Answer answer = await actor.AskAsync($"{key}/k{i}", instruction, sampling, cancellationToken).ConfigureAwait(false);
            MajorityVote vote = await judge.JudgeAsync($"{key}/k{i}/judge", instruction, answer.Text, cancellationToken).ConfigureAwait(false);
            return new Candidate(answer.Text, vote);
        })).ConfigureAwait(false);
        return new Decoded(candidates.MaxBy(candidate => candidate.Vote!.Value ?? 0)!.Response, candidates);
    }
}
