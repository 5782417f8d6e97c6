using Spar.Judging;

namespace Spar.SelfPlay;

/// <summary>The responses that an iteration sampled, by the judge's verdict on them.</summary>
/// <param name="Yes">They passed the gate.</param>
/// <param name="No">Their value is below it.</param>
/// <param name="Tied">Their value is the gate's own; dropped.</param>
/// <param name="Undecided">No vote could be read; dropped.</param>
public sealed record VerdictCounts(long Yes, long No, long Tied, long Undecided)
{
    /// <summary>Reads them out of what a stage counted; zeros where it judged nothing.</summary>
    /// <param name="statistics">Of play, or of a baseline's data.</param>
    public static VerdictCounts Of(StageStatistics statistics)
    {
        long Count(Verdict verdict) =>
            new[] { InPlay(verdict), OfSample(verdict) }.Distinct()
                .Sum(name => statistics.Counts.GetValueOrDefault(name));

        return new VerdictCounts(Count(Verdict.Yes), Count(Verdict.No), Count(Verdict.Tie), Count(Verdict.Undecided));
    }

    /// <summary>What play calls a verdict in its statistics.</summary>
    internal static string InPlay(Verdict verdict) => verdict switch
    {
        Verdict.Yes => "voted yes",
        Verdict.No => "voted no",
        Verdict.Tie => "tied",
        _ => "undecided",
    };

    /// <summary>What baselines call a verdict on their samples in their statistics.</summary>
    internal static string OfSample(Verdict verdict) => $"voted {verdict.ToString().ToLowerInvariant()}";
}
