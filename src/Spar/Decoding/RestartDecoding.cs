using System.Globalization;
using Spar.Calls;
using Spar.Judging;
using Spar.Seams;

namespace Spar.Decoding;

/// <summary>
/// Searches one after another: where the search from the greedy response finds nothing that passes, the actor is
/// sampled anew and the search begins from there. A refinement inherits what is wrong with its root; another sample
/// does not. What passes first is taken, else the response of the highest value.
/// </summary>
/// <param name="search">Searches from one response.</param>
/// <param name="actor">The model that answers.</param>
/// <param name="sampling">How the later roots are sampled.</param>
/// <param name="gate">A response that passes it is taken.</param>
/// <param name="roots">Responses of the actor that may be searched from, at least 1.</param>
public sealed class RestartDecoding(
    SearchDecoding search, ModelCaller actor, Sampling sampling, Gate gate, int roots) : IDecodingStrategy
{
    /// <inheritdoc/>
    public async Task<Decoded> DecodeAsync(string key, Prompt prompt, CancellationToken cancellationToken)
    {
        Decoded best = await search.DecodeAsync(key, prompt, cancellationToken).ConfigureAwait(false);
        List<Candidate> candidates = [.. best.Candidates];
        for (int root = 1; root < roots && !best.Candidates.Any(candidate => gate.Passes(candidate.Valuation)); root++)
        {
            string at = string.Create(CultureInfo.InvariantCulture, $"{key}/k{root}");
            Answer answer = await actor.AskAsync(at, prompt, sampling, cancellationToken).ConfigureAwait(false);
            Candidate begin = Candidate.Of(answer.Read());
            if (!begin.Says)
            {
                candidates.Add(begin);
                continue;
            }

            Decoded next = await search.ImproveAsync(at, prompt.Instruction, begin.Response, cancellationToken)
                .ConfigureAwait(false);
            candidates.AddRange(next.Candidates);
            best = Value(next) > Value(best) ? next : best;
        }

        return best with { Candidates = candidates };
    }

    private static double Value(Decoded decoded) =>
        decoded.Candidates.Max(candidate => candidate.Valuation?.Value ?? 0);
}
