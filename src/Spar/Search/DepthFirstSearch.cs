using Spar.Calls;
using Spar.Judging;

namespace Spar.Search;

/// <summary>
/// Best child first: of a node's children the chosen ones are descended into one after the other, each with its whole
/// subtree, unless their value is below <see cref="SearchSettings.BacktrackBelow"/>. The children of one node are
/// sampled and judged side by side.
/// </summary>
/// <param name="judge">Values responses.</param>
/// <param name="refiner">Writes refinements.</param>
/// <param name="settings">Limits.</param>
public sealed class DepthFirstSearch(
    IJudge judge, RefinementSampler refiner, SearchSettings settings) : IRefinementSearch
{
    /// <inheritdoc/>
    public async Task<SearchTree> SearchAsync(
        string key, string instruction, string response, Valuation valuation, CancellationToken cancellationToken)
    {
        TreeGrowth tree = new(judge, refiner, settings, key, instruction, response, valuation);
        try
        {
            await DescendAsync(tree, tree.Root, cancellationToken).ConfigureAwait(false);
            return tree.Finish();
        }
        catch (CallFailedException failure)
        {
            return tree.Finish(failure.Message);
        }
    }

    private async Task DescendAsync(TreeGrowth tree, SearchNode node, CancellationToken cancellationToken)
    {
        IReadOnlyList<SearchNode> children = await tree.ExpandAsync(node, cancellationToken).ConfigureAwait(false);
        if (tree.Ended || node.Depth + 1 >= settings.MaxDepth)
        {
            return;
        }

        foreach (SearchNode child in await tree.SelectAsync(children, settings.BacktrackBelow, cancellationToken)
            .ConfigureAwait(false))
        {
            await DescendAsync(tree, child, cancellationToken).ConfigureAwait(false);
            if (tree.Ended)
            {
                return;
            }
        }
    }
}
