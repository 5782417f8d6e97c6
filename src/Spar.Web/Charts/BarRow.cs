namespace Spar.Web.Charts;

/// <summary>One stacked bar.</summary>
/// <param name="Name">What the bar stands for.</param>
/// <param name="Counts">A count for every part.</param>
public sealed record BarRow(string Name, IReadOnlyList<long> Counts)
{
    /// <summary>The counts together.</summary>
    public long Total => Counts.Sum();
}
