using Spar.Calls;
using Spar.Templates;

namespace Spar.Judging;

/// <summary>The reference: several sampled judgements, all of them asked for, and their majority.</summary>
/// <param name="refiner">The model that judges.</param>
/// <param name="templates">How to ask, and how to read the answer.</param>
/// <param name="sampling">How judgements are sampled.</param>
/// <param name="votes">Judgements a response (the paper's N), at least 1; each is one model call.</param>
/// <param name="gate">Decides which critique is kept.</param>
public sealed class VotingJudge(
    ModelCaller refiner, TemplateSet templates, Sampling sampling, int votes, Gate gate) : IJudge
{
    private readonly Ballot _ballot = new(refiner, templates, sampling);

    /// <summary>Judgements, and so model calls, a response.</summary>
    public int Votes { get; } = votes;

    /// <inheritdoc/>
    public int MostCalls => Votes;

    /// <inheritdoc/>
    /// <remarks>The judgements are sampled side by side.</remarks>
    public async Task<Valuation> JudgeAsync(
        string key, string instruction, string response, CancellationToken cancellationToken) =>
        Valuation.Of(
            await _ballot.CastAsync(key, instruction, response, 0, Votes, cancellationToken).ConfigureAwait(false),
            gate);
}
