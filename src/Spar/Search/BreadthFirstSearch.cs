using Spar.Calls;
using Spar.Judging;

namespace Spar.Search;

/// <summary>
/// Level by level: the chosen nodes of a level are expanded one after the other, their children are the next level. The
/// children of one node are sampled and judged side by side.
/// </summary>
/// <param name="judge">Values responses.</param>
/// <param name="refiner">Writes refinements.</param>
/// <param name="settings">Limits.</param>
public sealed class BreadthFirstSearch(
    IJudge judge, RefinementSampler refiner, SearchSettings settings) : IRefinementSearch
{
    /// <inheritdoc/>
    public async Task<SearchTree> SearchAsync(
        string key, string instruction, string response, Valuation valuation, CancellationToken cancellationToken)
    {
        TreeGrowth tree = new(judge, refiner, settings, key, instruction, response, valuation);
        try
        {
            IReadOnlyList<SearchNode> level = [tree.Root];
            for (int depth = 1; level.Count > 0; depth++)
            {
                List<SearchNode> next = [];
                foreach (SearchNode node in level)
                {
                    next.AddRange(await tree.ExpandAsync(node, cancellationToken).ConfigureAwait(false));
                    if (tree.Ended)
                    {
                        return tree.Finish();
                    }
                }

                if (depth == settings.MaxDepth)
                {
                    break;
                }

                level = await tree.SelectAsync(next, 0, cancellationToken).ConfigureAwait(false);
            }

            return tree.Finish();
        }
        catch (CallFailedException failure)
        {
            return tree.Finish(failure.Message);
        }
    }
}
