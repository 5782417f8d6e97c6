using Spar.Judging;

namespace Spar.Search;

/// <summary>Looks for a refinement that passes the judge.</summary>
public interface IRefinementSearch
{
    /// <summary>
    /// Searches from a response that did not pass. The tree depends on the run's seed, the key and the models alone, not on timing.
    /// A failed call ends the search with <see cref="SearchOutcome.Failed"/>; it is not thrown.
    /// </summary>
    /// <param name="key">Names the tree in the run; its calls' names begin with it.</param>
    /// <param name="instruction">The instruction.</param>
    /// <param name="response">The root's response.</param>
    /// <param name="vote">The votes on it, with the critique to start from.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<SearchTree> SearchAsync(
        string key, string instruction, string response, Valuation vote, CancellationToken cancellationToken);
}

/// <summary>Makes the search that the settings ask for.</summary>
public static class RefinementSearch
{
    /// <summary>Breadth first or depth first, by <see cref="SearchSettings.Order"/>.</summary>
    /// <param name="judge">Values responses.</param>
    /// <param name="refiner">Writes refinements.</param>
    /// <param name="settings">Limits.</param>
    public static IRefinementSearch Create(IJudge judge, RefinementSampler refiner, SearchSettings settings) =>
        settings.Order == SearchOrder.BreadthFirst
            ? new BreadthFirstSearch(judge, refiner, settings)
            : new DepthFirstSearch(judge, refiner, settings);
}
