using Spar.Calls;
using Spar.Templates;

namespace Spar.Judging;

/// <summary>
/// Votes in the order of the reference (<see cref="VotingJudge"/>), but no further than the verdict needs: it ends as
/// soon as the votes that are left cannot change the gate's verdict. So the verdict is that of all votes, for fewer
/// calls. Votes are asked for in waves of the least size that could end it, side by side: a majority first, then mostly
/// one by one; no vote is asked for that voting one by one would spare.
/// </summary>
/// <param name="refiner">The model that judges.</param>
/// <param name="templates">How to ask, and how to read the answer.</param>
/// <param name="sampling">How judgements are sampled.</param>
/// <param name="votes">Judgements a response, at most; at least 1.</param>
/// <param name="gate">Decides the verdict.</param>
public sealed class AdaptiveJudge(
    ModelCaller refiner, TemplateSet templates, Sampling sampling, int votes, Gate gate) : IJudge
{
    private readonly Ballot _ballot = new(refiner, templates, sampling);

    /// <inheritdoc/>
    public int MostCalls => votes;

    /// <inheritdoc/>
    public async Task<Valuation> JudgeAsync(
        string key, string instruction, string response, CancellationToken cancellationToken)
    {
        List<Judgement> cast = new(votes);
        while (true)
        {
            int yes = cast.Count(judgement => judgement.Verdict == true);
            int no = cast.Count(judgement => judgement.Verdict == false);
            if (IsSettled(yes, no, votes - cast.Count, gate))
            {
                return Valuation.Of(cast, gate) with { SparedKey = cast.Count < votes ? key : null };
            }

            int wave = Wave(yes, no, votes - cast.Count, gate);
            cast.AddRange(
                await _ballot.CastAsync(key, instruction, response, cast.Count, wave, cancellationToken)
                    .ConfigureAwait(false));
        }
    }

    /// <inheritdoc/>
    /// <remarks>Casts the votes that were spared. The verdict is settled, so the critique stays.</remarks>
    public async Task<Valuation> CompleteAsync(
        string instruction, string response, Valuation valuation, CancellationToken cancellationToken)
    {
        if (valuation.SparedKey is not { } key)
        {
            return valuation;
        }

        Judgement[] rest = await _ballot.CastAsync(
            key, instruction, response, valuation.Calls, votes - valuation.Calls,
            cancellationToken).ConfigureAwait(false);
        return valuation.With(rest) with { SparedKey = null };
    }

    /// <summary>
    /// Whether <paramref name="left"/> more votes, each yes, no or not readable, cannot change the verdict. The share
    /// of yes is least when they all say no and greatest when they all say yes.
    /// </summary>
    internal static bool IsSettled(int yes, int no, int left, Gate gate)
    {
        Verdict least = gate.VerdictOn((double)yes / (yes + no + left));
        return left == 0
            || (least is Verdict.Yes or Verdict.No
                && least == gate.VerdictOn((double)(yes + left) / (yes + no + left)));
    }

    /// <summary>The least number of votes after which the verdict could be settled, however they go.</summary>
    internal static int Wave(int yes, int no, int left, Gate gate) => Enumerable.Range(1, left).First(more =>
        Enumerable.Range(0, more + 1).Any(yeses => Enumerable.Range(0, more - yeses + 1).Any(noes =>
            IsSettled(yes + yeses, no + noes, left - more, gate))));
}
