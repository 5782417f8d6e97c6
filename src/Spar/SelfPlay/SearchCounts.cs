using Spar.Search;

namespace Spar.SelfPlay;

/// <summary>The searches of an iteration by how they ended.</summary>
/// <param name="Success">A refinement passed the gate.</param>
/// <param name="Exhausted">Every node within the limits was expanded in vain.</param>
/// <param name="OverBudget">The limit of model calls was reached.</param>
/// <param name="Failed">A call failed.</param>
/// <param name="MeanTreeSize">Mean number of nodes of a tree, the root included; null without searches.</param>
public sealed record SearchCounts(long Success, long Exhausted, long OverBudget, long Failed, double? MeanTreeSize)
{
    internal const string Searched = "negatives searched";
    internal const string Nodes = "tree nodes";

    /// <summary>Reads them out of what a stage counted; zeros where it did not search.</summary>
    /// <param name="statistics">Of play.</param>
    public static SearchCounts Of(StageStatistics statistics)
    {
        long Count(SearchOutcome outcome) => statistics.Counts.GetValueOrDefault(NameOf(outcome));

        long searched = statistics.Counts.GetValueOrDefault(Searched);
        return new SearchCounts(
            Count(SearchOutcome.Success),
            Count(SearchOutcome.Exhausted),
            Count(SearchOutcome.OverBudget),
            Count(SearchOutcome.Failed),
            searched == 0 ? null : (statistics.Counts.GetValueOrDefault(Nodes) + searched) / (double)searched);
    }

    /// <summary>What play calls an outcome in its statistics.</summary>
    internal static string NameOf(SearchOutcome outcome) => outcome switch
    {
        SearchOutcome.Success => "search: success",
        SearchOutcome.Exhausted => "search: exhausted",
        SearchOutcome.OverBudget => "search: over budget",
        _ => "search: failed",
    };
}
