using Spar.Calls;
using Spar.Judging;

namespace Spar.Decoding;

/// <summary>Samples of the actor, of which the refiner's value picks one; the earlier at equal values.</summary>
/// <param name="actor">The model that answers.</param>
/// <param name="sampling">How its responses are sampled.</param>
/// <param name="judge">Values them.</param>
/// <param name="samples">How many, at least 1.</param>
/// <param name="gate">Tells the candidates that were accepted.</param>
public sealed class BestOfN(
    ModelCaller actor, Sampling sampling, IJudge judge, int samples, Gate gate) : IDecodingStrategy
{
    /// <inheritdoc/>
    public async Task<Decoded> DecodeAsync(string key, string instruction, CancellationToken cancellationToken)
    {
        Candidate[] candidates = await Task.WhenAll(Enumerable.Range(0, samples).Select(async i =>
        {
            Answer answer = await actor.AskAsync($"{key}/k{i}", instruction, sampling, cancellationToken)
                .ConfigureAwait(false);
            Valuation valuation = await judge.JudgeAsync(
                $"{key}/k{i}/judge", instruction, answer.Text, cancellationToken).ConfigureAwait(false);
            return new Candidate(answer.Text, valuation);
        })).ConfigureAwait(false);
        await CompleteAsync(candidates, instruction, cancellationToken).ConfigureAwait(false);
        return new Decoded(candidates.MaxBy(candidate => candidate.Valuation!.Value ?? 0)!.Response, candidates);
    }

    /// <summary>
    /// Completes the votes of the candidates that could have the highest value: those accepted, or all when none is.
    /// One alone needs no comparison.
    /// </summary>
    private async Task CompleteAsync(Candidate[] candidates, string instruction, CancellationToken cancellationToken)
    {
        int[] all = [.. Enumerable.Range(0, candidates.Length)];
        int[] accepted = [.. all.Where(i => gate.Passes(candidates[i].Valuation))];
        int[] contenders = accepted.Length > 0 ? accepted : all;
        if (contenders.Length > 1)
        {
            await Task.WhenAll(contenders.Select(async i => candidates[i] = candidates[i] with
            {
                Valuation = await judge.CompleteAsync(
                    instruction, candidates[i].Response, candidates[i].Valuation!,
                    cancellationToken).ConfigureAwait(false),
            })).ConfigureAwait(false);
        }
    }
}
