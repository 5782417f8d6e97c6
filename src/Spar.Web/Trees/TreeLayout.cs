using Spar.Search;

namespace Spar.Web.Trees;

/// <summary>
/// Where the nodes of a search tree stand: leaves side by side, every parent above the middle of its children.
/// </summary>
public sealed class TreeLayout
{
    private TreeLayout(int?[] parents, double[] columns, int[] depths, int leaves, bool[] onPath)
    {
        Parents = parents;
        Columns = columns;
        Depths = depths;
        Leaves = leaves;
        OnPath = onPath;
    }

    /// <summary>Index of each node's parent; null for the root.</summary>
    public IReadOnlyList<int?> Parents { get; }

    /// <summary>Horizontal place of each node, counted in leaves from 0.</summary>
    public IReadOnlyList<double> Columns { get; }

    /// <summary>Steps of each node from the root.</summary>
    public IReadOnlyList<int> Depths { get; }

    /// <summary>Number of leaves.</summary>
    public int Leaves { get; }

    /// <summary>
    /// True for the nodes from the root to the best one: that of the highest value other than the root, the earliest at
    /// equal values.
    /// </summary>
    public IReadOnlyList<bool> OnPath { get; }

    /// <summary>Lays a tree out.</summary>
    /// <param name="nodes">The nodes; the root first, a parent before its children.</param>
    /// <exception cref="ArgumentException">
    /// There is no node, the first is not the only root, a parent does not stand before its child, or two nodes have
    /// one id.
    /// </exception>
    public static TreeLayout Of(IReadOnlyList<SearchNode> nodes)
    {
        if (nodes.Count == 0)
        {
            throw new ArgumentException("A search tree has at least its root.", nameof(nodes));
        }
        int[] depths = new int[nodes.Count];
        List<int>[] children = [.. nodes.Select(_ => new List<int>())];
        Dictionary<int, int> places = [];
        int?[] parents = new int?[nodes.Count];
        for (int node = 0; node < nodes.Count; node++)
        {
            if (nodes[node].Parent is { } id && places.TryGetValue(id, out int parent))
            {
                parents[node] = parent;
                depths[node] = depths[parent] + 1;
                children[parent].Add(node);
            }
            else if (node > 0 || nodes[node].Parent is not null)
            {
                throw new ArgumentException(
                    $"Node {nodes[node].Id} of the search tree does not have an earlier node as its parent.",
                    nameof(nodes));
            }

            if (!places.TryAdd(nodes[node].Id, node))
            {
                throw new ArgumentException(
                    $"Two nodes of the search tree have the id {nodes[node].Id}.", nameof(nodes));
            }
        }

        double[] columns = new double[nodes.Count];
        int leaves = 0;
        void Place(int node)
        {
            foreach (int child in children[node])
            {
                Place(child);
            }
            columns[node] = children[node].Count == 0
                ? leaves++ : (columns[children[node][0]] + columns[children[node][^1]]) / 2;
        }
        Place(0);

        bool[] onPath = new bool[nodes.Count];
        int best = Enumerable.Range(1, nodes.Count - 1).OrderByDescending(node => nodes[node].Valuation?.Value ?? -1)
            .FirstOrDefault();
        for (int? node = best; node is { } here; node = parents[here])
        {
            onPath[here] = true;
        }
        return new TreeLayout(parents, columns, depths, leaves, onPath);
    }
}
