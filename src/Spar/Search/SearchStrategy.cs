using Spar.Judging;

namespace Spar.Search;

/// <summary>
/// The ways to search for a refinement: each with the one name by which commands and reports call it, and with what it
/// makes of a search's limits. Whatever searches gets its search here.
/// </summary>
public sealed class SearchStrategy
{
    private readonly SearchOrder _order;
    private readonly Func<SearchSettings, SearchSettings> _limits;

    private SearchStrategy(string name, string title, SearchOrder order, Func<SearchSettings, SearchSettings> limits) =>
        (Name, Title, _order, _limits) = (name, title, order, limits);

    /// <summary>One refinement.</summary>
    public static SearchStrategy Once { get; } = new(
        "once", "one refinement", SearchOrder.Bfs, limits => limits.Chain(1));

    /// <summary>One chain of refinements, as long as a tree may be deep.</summary>
    public static SearchStrategy Iterative { get; } =
        new("iterative", "iterative refinement", SearchOrder.Bfs, limits => limits.Chain());

    /// <summary>A tree, level by level.</summary>
    public static SearchStrategy Bfs { get; } = new("bfs", "BFS", SearchOrder.Bfs, limits => limits);

    /// <summary>A tree, best child first.</summary>
    public static SearchStrategy Dfs { get; } = new("dfs", "DFS", SearchOrder.Dfs, limits => limits);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<SearchStrategy> All { get; } = [Once, Iterative, Bfs, Dfs];

    /// <summary>What commands call it.</summary>
    public string Name { get; }

    /// <summary>What reports call it.</summary>
    public string Title { get; }

    /// <summary>The strategy of a name.</summary>
    /// <param name="name">One of <see cref="All"/>'s names.</param>
    /// <exception cref="SparException">There is none.</exception>
    public static SearchStrategy Named(string name) =>
        All.FirstOrDefault(strategy => strategy.Name == name) ?? throw new SparException(
        $"There is no strategy {name} that refines a given response. Give one of " +
        $"{string.Join(", ", All.Select(strategy => strategy.Name))}.");

    /// <summary>The tree search in the order that the limits name.</summary>
    /// <param name="judge">Values responses.</param>
    /// <param name="refiner">Writes refinements.</param>
    /// <param name="settings">Order and limits.</param>
    public static IRefinementSearch Tree(IJudge judge, RefinementSampler refiner, SearchSettings settings) =>
        (settings.Order == SearchOrder.Bfs ? Bfs : Dfs).Create(judge, refiner, settings);

    /// <summary>Makes the search.</summary>
    /// <param name="judge">Values responses.</param>
    /// <param name="refiner">Writes refinements.</param>
    /// <param name="settings">Limits; their order is not used.</param>
    public IRefinementSearch Create(IJudge judge, RefinementSampler refiner, SearchSettings settings) => _order switch
    {
        SearchOrder.Bfs => new BreadthFirstSearch(judge, refiner, _limits(settings)),
        _ => new DepthFirstSearch(judge, refiner, _limits(settings)),
    };
}
