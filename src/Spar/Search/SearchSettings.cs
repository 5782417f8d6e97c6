using System.ComponentModel.DataAnnotations;
using Spar.Judging;

namespace Spar.Search;

/// <summary>In which order a tree is searched.</summary>
public enum SearchOrder
{
    /// <summary>Breadth first: level by level.</summary>
    Bfs,

    /// <summary>Depth first: best child first, with backtracking.</summary>
    Dfs,
}

/// <summary>How the nodes that are expanded next are chosen.</summary>
public enum NodeSelection
{
    /// <summary>Those of the highest value; the earlier node at equal values.</summary>
    Greedy,

    /// <summary>Sampled without replacement, each with probability in proportion to its value.</summary>
    Sampled,
}

/// <summary>Limits of a tree search; defaults are the paper's.</summary>
public sealed record SearchSettings
{
    /// <summary>Breadth first (bfs) or depth first (dfs).</summary>
    public SearchOrder Order { get; init; } = SearchOrder.Bfs;

    /// <summary>Refinements sampled when a node is expanded.</summary>
    [Range(1, int.MaxValue)]
    public int Branch { get; init; } = 3;

    /// <summary>
    /// Nodes of a level (breadth first) or children of a node (depth first) that are expanded in turn.
    /// </summary>
    [Range(1, int.MaxValue)]
    public int SelectBranch { get; init; } = 2;

    /// <summary>Deepest level; the root is level 0.</summary>
    [Range(1, int.MaxValue)]
    public int MaxDepth { get; init; } = 3;

    /// <summary>
    /// Value above which a response counts as satisfying its instruction: it is no negative, ends a search with
    /// success, may be learnt from.
    /// </summary>
    [Range(0.0, 1.0)]
    public double Gate { get; init; } = 0.5;

    /// <summary>Depth first: a child whose value is below this is not descended into; 0 descends into all.</summary>
    [Range(0.0, 1.0)]
    public double BacktrackBelow { get; init; }

    /// <summary>Most model calls a tree, refinements and judgements together.</summary>
    [Range(1, int.MaxValue)]
    public int MaxCalls { get; init; } = 1000;

    /// <summary>Tries for a refinement whose output cannot be read.</summary>
    [Range(1, int.MaxValue)]
    public int RefinementTries { get; init; } = 3;

    /// <summary>How nodes are chosen.</summary>
    public NodeSelection Selection { get; init; } = NodeSelection.Greedy;

    /// <summary>The gate at <see cref="Gate"/>.</summary>
    public Gate ToGate() => new(Gate);

    /// <summary>These limits for a tree that is a chain: iterative refinement, each response refined once.</summary>
    /// <param name="depth">Most refinements one after the other, at least 1; null keeps <see cref="MaxDepth"/>.</param>
    public SearchSettings Chain(int? depth = null) =>
        this with { Branch = 1, SelectBranch = 1, MaxDepth = depth ?? MaxDepth };
}
