using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Spar.SelfPlay;

/// <summary>An item that got lost, and why.</summary>
/// <param name="Item">The prompt's id, and what of it.</param>
/// <param name="Reason">What failed.</param>
public sealed partial record ItemFailure(string Item, string Reason)
{
    /// <summary>The item's id, whatever part of it failed.</summary>
    [JsonIgnore]
    internal string Id => Part().Replace(Item, "");

    [GeneratedRegex(@", (?:response \d+|search)$")]
    private static partial Regex Part();
}

/// <summary>What a stage counted; the same for every run of the same recipe.</summary>
/// <param name="Counts">Name to count, in the order of the stage's work.</param>
/// <param name="Failures">Items that got lost.</param>
public sealed record StageStatistics(IReadOnlyDictionary<string, long> Counts, IReadOnlyList<ItemFailure> Failures)
{
    /// <summary>How rows that a training does not learn are counted; the reason follows.</summary>
    internal const string RowsLeftOut = "rows left out: ";

    /// <summary>Nothing counted.</summary>
    public static StageStatistics None { get; } = new(new Dictionary<string, long>(), []);
}
