namespace Spar.Judging;

/// <summary>
/// Values responses: says whether a response satisfies its instruction, and with what share of yes. Play, tree search
/// and decoding know no more of judging than this. What an implementation answers depends on the run's seed, the key
/// and the models alone, not on timing.
/// </summary>
public interface IJudge
{
    /// <summary>
    /// Most model calls that one response takes, completion included; at least 1. Searches budget with it.
    /// </summary>
    int MostCalls { get; }

    /// <summary>Judges one response.</summary>
    /// <param name="key">Names the response in the run; the calls' names begin with it.</param>
    /// <param name="instruction">The instruction.</param>
    /// <param name="response">The response.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The verdict, final; the value may rest on fewer votes than the judge could cast.</returns>
    /// <exception cref="Calls.CallFailedException">A call failed.</exception>
    /// <exception cref="SparException">The model behind the judge cannot give what the judge needs.</exception>
    Task<Valuation> JudgeAsync(string key, string instruction, string response, CancellationToken cancellationToken);

    /// <summary>
    /// Casts the votes that <see cref="JudgeAsync"/> could do without. Decisions that compare values of several
    /// responses, rather than ask for a verdict, complete the votes first, so that they come out as with all votes.
    /// </summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="response">The response.</param>
    /// <param name="valuation">What <see cref="JudgeAsync"/> gave.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The vote as it is when nothing was spared.</returns>
    /// <exception cref="Calls.CallFailedException">A call failed.</exception>
    Task<Valuation> CompleteAsync(
        string instruction, string response, Valuation valuation, CancellationToken cancellationToken) =>
        Task.FromResult(valuation);
}
