using System.Text.Json.Serialization;
using Spar.Judging;

namespace Spar.Search;

/// <summary>How a tree search ended.</summary>
public enum SearchOutcome
{
    /// <summary>A child passed the gate.</summary>
    Success,

    /// <summary>Everything that the limits allow was expanded, and nothing passed.</summary>
    Exhausted,

    /// <summary>The next step would have needed more model calls than the tree may make.</summary>
    OverBudget,

    /// <summary>A model call failed.</summary>
    Failed,
}

/// <summary>One response in a search tree.</summary>
/// <param name="Id">
/// 0 is the root; numbers grow in the order of expansion. Refinements that could not be read leave gaps.
/// </param>
/// <param name="Parent">The refined node's id; null for the root.</param>
/// <param name="Depth">0 for the root.</param>
/// <param name="Response">The response.</param>
/// <param name="Refinement">The refiner's whole output, reflection first; null for the root.</param>
/// <param name="Valuation">
/// What the judge made of the response; null when the budget ended before it was judged.
/// </param>
/// <param name="SameAs">
/// The earlier node with the same response, whose valuation this is; null when the response was new.
/// </param>
public sealed record SearchNode(
    int Id,
    int? Parent,
    int Depth,
    string Response,
    string? Refinement,
    [property: JsonPropertyName("vote")] Valuation? Valuation,
    int? SameAs = null)
{
    /// <summary>Share of yes, 0..1; 0 when the response could not be judged.</summary>
    [JsonIgnore]
    public double Value => Valuation?.Value ?? 0;
}

/// <summary>A whole search, as it went.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Found">The id of the node that passed the gate; null without success.</param>
/// <param name="Nodes">All nodes in the order of their ids, the root first.</param>
/// <param name="Calls">Model calls that the search took, kept answers included.</param>
/// <param name="Unparsed">Reasons why refinements could not be read, one entry an output.</param>
/// <param name="Failure">What failed; null unless the outcome is failed.</param>
public sealed record SearchTree(
    SearchOutcome Outcome, int? Found, IReadOnlyList<SearchNode> Nodes, int Calls, IReadOnlyList<string> Unparsed,
    string? Failure = null)
{
    /// <summary>True when a rule mended the response before a refiner was asked; else null.</summary>
    public bool? Mended { get; init; }

    /// <summary>The node with an id.</summary>
    /// <param name="id">An id that occurs.</param>
    public SearchNode Node(int id) => Nodes.First(node => node.Id == id);

    /// <summary>The found node, or else the one with the highest value; the earliest at equal values.</summary>
    [JsonIgnore]
    public SearchNode Best => Found is { } found ? Node(found) : Nodes.MaxBy(node => node.Value)!;

    /// <summary>The path from the root to a node, both included.</summary>
    /// <param name="id">An id that occurs.</param>
    public IReadOnlyList<SearchNode> PathTo(int id)
    {
        List<SearchNode> path = [Node(id)];
        while (path[^1].Parent is { } parent)
        {
            path.Add(Node(parent));
        }

        path.Reverse();
        return path;
    }
}
