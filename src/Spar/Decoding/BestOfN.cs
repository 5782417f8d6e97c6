using Spar.Calls;
using Spar.Judging;
using Spar.Seams;

namespace Spar.Decoding;

/// <summary>
/// Samples of the actor, of which the refiner's value picks one; the earlier at equal values. Samples that are not
/// complete are weighed only where none is.
/// </summary>
/// <param name="actor">The model that answers.</param>
/// <param name="sampling">How its responses are sampled.</param>
/// <param name="judge">Values them.</param>
/// <param name="samples">How many, at least 1.</param>
/// <param name="gate">Tells the candidates that were accepted.</param>
public sealed class BestOfN(
    ModelCaller actor, Sampling sampling, IJudge judge, int samples, Gate gate) : IDecodingStrategy
{
    /// <inheritdoc/>
    public async Task<Decoded> DecodeAsync(string key, Prompt prompt, CancellationToken cancellationToken)
    {
        Candidate[] candidates = await Task.WhenAll(Enumerable.Range(0, samples).Select(async i =>
        {
            Answer answer = await actor.AskAsync($"{key}/k{i}", prompt, sampling, cancellationToken)
                .ConfigureAwait(false);
            return Candidate.Of(answer.Read());
        })).ConfigureAwait(false);
        bool whole = candidates.Any(candidate => candidate.Incomplete is null);
        await Task.WhenAll(Enumerable.Range(0, samples)
            .Where(i => candidates[i].Incomplete is null || (!whole && candidates[i].Says))
            .Select(async i => candidates[i] = candidates[i] with
            {
                Valuation = await judge.JudgeAsync(
                    $"{key}/k{i}/judge", prompt.Instruction, candidates[i].Response, cancellationToken)
                    .ConfigureAwait(false),
            })).ConfigureAwait(false);
        await CompleteAsync(candidates, prompt.Instruction, cancellationToken).ConfigureAwait(false);
        Candidate best = candidates.MaxBy(
            candidate => candidate.Valuation is null ? -1 : candidate.Valuation.Value ?? 0)!;
        return new Decoded(best.Response, candidates);
    }

    /// <summary>
    /// Completes the votes of the candidates that could have the highest value: those accepted, or all when none is.
    /// One alone needs no comparison.
    /// </summary>
    private async Task CompleteAsync(Candidate[] candidates, string instruction, CancellationToken cancellationToken)
    {
        int[] all = [.. Enumerable.Range(0, candidates.Length).Where(i => candidates[i].Valuation is not null)];
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
