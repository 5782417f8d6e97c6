using Spar.Judging;

namespace Spar.Search;

/// <summary>Looks for a refinement that passes the judge.</summary>
public interface IRefinementSearch
{
    /// <summary>
    /// Searches from a response that did not pass. The tree depends on the run's seed, the key and the models alone,
    /// not on timing. A failed call ends the search with <see cref="SearchOutcome.Failed"/>; it is not thrown.
    /// </summary>
    /// <param name="key">Names the tree in the run; its calls' names begin with it.</param>
    /// <param name="instruction">The instruction.</param>
    /// <param name="response">The root's response.</param>
    /// <param name="valuation">The votes on it, with the critique to start from.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<SearchTree> SearchAsync(
        string key, string instruction, string response, Valuation valuation, CancellationToken cancellationToken);
}
