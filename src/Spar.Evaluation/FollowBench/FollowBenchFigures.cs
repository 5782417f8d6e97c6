using Spar.Evaluation.Statistics;

namespace Spar.Evaluation.FollowBench;

/// <summary>How one record was scored.</summary>
/// <param name="Hard">1 where everything is satisfied, else 0.</param>
/// <param name="Soft">
/// Share of the constraints that are satisfied; equal to <paramref name="Hard"/> where a rule decided.
/// </param>
public readonly record struct LevelScore(int Hard, double Soft);

/// <summary>
/// The figures of a set of groups. A score that is not known (a judge's answer could not be read) is left out of its
/// level; a group whose run of satisfied levels ends at one is left out of the consistency.
/// </summary>
/// <param name="Groups">Number of groups.</param>
/// <param name="HardRates">HSR of levels 1 to 5: mean of hard, in percent.</param>
/// <param name="SoftRates">SSR of levels 1 to 5: mean of soft, in percent.</param>
/// <param name="Consistency">CSL: mean number of levels, from 1 up, that are satisfied without a gap; 0..5.</param>
public sealed record FollowBenchFigures(
    int Groups, IReadOnlyList<double> HardRates, IReadOnlyList<double> SoftRates, double Consistency)
{
    /// <summary>Mean of HSR over the levels.</summary>
    public double HardAverage => HardRates.Average();

    /// <summary>Mean of SSR over the levels.</summary>
    public double SoftAverage => SoftRates.Average();

    /// <summary>The figures as the reference prints them: rates with two decimals, consistency with one.</summary>
    public FollowBenchFigures Rounded() => new(
        Groups,
        [.. HardRates.Select(rate => Rounding.HalfEven(rate, 2))],
        [.. SoftRates.Select(rate => Rounding.HalfEven(rate, 2))],
        Rounding.HalfEven(Consistency, 1));

    /// <summary>Computes the figures. NaN stands for a figure of which nothing is known.</summary>
    /// <param name="groups">
    /// For each group its five scores in the order of levels; null for a score that is not known.
    /// </param>
    public static FollowBenchFigures Of(IReadOnlyList<IReadOnlyList<LevelScore?>> groups)
    {
        var hard = new double[FollowBenchData.Levels];
        var soft = new double[FollowBenchData.Levels];
        var known = new int[FollowBenchData.Levels];
        int runs = 0;
        int levels = 0;
        foreach (IReadOnlyList<LevelScore?> group in groups)
        {
            for (int level = 0; level < FollowBenchData.Levels; level++)
            {
                if (group[level] is { } score)
                {
                    hard[level] += score.Hard;
                    soft[level] += score.Soft;
                    known[level]++;
                }
            }

            if (ConsecutiveLevels(group) is { } run)
            {
                levels += run;
                runs++;
            }
        }

        return new FollowBenchFigures(
            groups.Count,
            [.. hard.Zip(known, (sum, count) => sum / count * 100)],
            [.. soft.Zip(known, (sum, count) => sum / count * 100)],
            (double)levels / runs);
    }

    /// <summary>
    /// Levels, from 1 up, that are satisfied without a gap; null where an unknown score comes before the first failure.
    /// </summary>
    /// <param name="group">The five scores in the order of levels.</param>
    public static int? ConsecutiveLevels(IReadOnlyList<LevelScore?> group)
    {
        int run = 0;
        while (run < group.Count && group[run] is { Hard: 1 })
        {
            run++;
        }

        return run < group.Count && group[run] is null ? null : run;
    }
}
