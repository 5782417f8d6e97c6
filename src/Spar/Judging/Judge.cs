using Spar.Calls;
using Spar.Prompts;

namespace Spar.Judging;

/// <summary>The reference: several sampled judgements, all of them asked for, and their majority.</summary>
/// <param name="refiner">The model that judges.</param>
/// <param name="prompts">How to ask, and how to read the answer.</param>
/// <param name="sampling">How judgements are sampled.</param>
/// <param name="votes">Judgements a response (the paper's N), at least 1; each is one model call.</param>
public sealed class Judge(ModelCaller refiner, PromptSet prompts, Sampling sampling, int votes) : IJudge
{
    private readonly Ballot _ballot = new(refiner, prompts, sampling);

    /// <summary>Judgements, and so model calls, a response.</summary>
    public int Votes { get; } = votes;

    /// <inheritdoc/>
    public int MostCalls => Votes;

    /// <inheritdoc/>
    /// <remarks>The judgements are sampled side by side.</remarks>
    public async Task<MajorityVote> JudgeAsync(string key, string instruction, string response, CancellationToken cancellationToken) =>
        MajorityVote.Of(await _ballot.CastAsync(key, instruction, response, 0, Votes, cancellationToken).ConfigureAwait(false));
}
