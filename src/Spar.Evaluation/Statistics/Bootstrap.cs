using Spar.Ground;

namespace Spar.Evaluation.Statistics;

/// <summary>A confidence interval, both ends included.</summary>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
public readonly record struct Interval(double Low, double High);

/// <summary>What a paired bootstrap says about the difference b - a of two means.</summary>
/// <param name="Difference">The observed difference.</param>
/// <param name="Interval">Its 95 % percentile interval.</param>
/// <param name="PValue">
/// Two-sided: the share of resamples, shifted to a true difference of 0, that differ at least as much as was observed;
/// never 0 (one is added to both counts).
/// </param>
public readonly record struct PairedDifference(double Difference, Interval Interval, double PValue);

/// <summary>
/// Confidence intervals by resampling the items with replacement (Efron and Tibshirani 1993, percentile method).
/// </summary>
public static class Bootstrap
{
    /// <summary>Resamples that an interval is made of unless told otherwise.</summary>
    public const int DefaultResamples = 1000;

    /// <summary>The 95 % interval of a mean.</summary>
    /// <param name="values">One value an item; at least one.</param>
    /// <param name="seed">Seed of the resampling.</param>
    /// <param name="resamples">How many resamples, at least 1.</param>
    public static Interval OfMean(IReadOnlyList<double> values, long seed = 0, int resamples = DefaultResamples)
    {
        double[] data = [.. values];
        return Percentiles(Resample(data.Length, seed, resamples, picks => MeanOf(data, picks)));
    }

    /// <summary>
    /// Standard errors (standard deviations of the resamples) and 95 % intervals of several statistics over the same
    /// items.
    /// </summary>
    /// <param name="count">Number of items, at least 1.</param>
    /// <param name="statistics">
    /// The statistics of the items whose indices are given (with repetitions), always equally many.
    /// </param>
    /// <param name="seed">Seed of the resampling.</param>
    /// <param name="resamples">How many resamples, at least 2.</param>
    /// <returns>One pair a statistic.</returns>
    public static IReadOnlyList<(double StandardError, Interval Interval)> Of(
        int count,
        Func<int[], double[]> statistics,
        long seed = 0,
        int resamples = DefaultResamples
    )
    {
        double[][] results = Resample(count, seed, resamples, statistics);
        return
        [
            .. Enumerable
                .Range(0, results[0].Length)
                .Select(at =>
                {
                    double[] values = [.. results.Select(result => result[at])];
                    return (DeviationOf(values), Percentiles(values));
                }),
        ];
    }

    /// <summary>
    /// Compares two results on the same items: resamples items, keeping each item's two values together.
    /// </summary>
    /// <param name="a">One value an item.</param>
    /// <param name="b">The other result's values, in the same order.</param>
    /// <param name="seed">Seed of the resampling.</param>
    /// <param name="resamples">How many resamples, at least 1.</param>
    /// <exception cref="ArgumentException">The two differ in length or are empty.</exception>
    public static PairedDifference Paired(
        IReadOnlyList<double> a,
        IReadOnlyList<double> b,
        long seed = 0,
        int resamples = 10_000
    )
    {
        if (a.Count != b.Count || a.Count == 0)
        {
            throw new ArgumentException(
                $"a paired comparison needs two results on the same items, got {a.Count} and {b.Count} values"
            );
        }

        double[] differences = [.. a.Zip(b, (x, y) => y - x)];
        double observed = differences.Average();
        double[] means = Resample(differences.Length, seed, resamples, picks => MeanOf(differences, picks));
        // A hair of tolerance: sums of the same values in another order may differ in the last bits.
        int extreme = means.Count(mean => Math.Abs(mean - observed) >= Math.Abs(observed) - 1e-12);
        return new PairedDifference(observed, Percentiles(means), (extreme + 1.0) / (resamples + 1.0));
    }

    /// <summary>
    /// Sample standard deviation over the square root of the count, the standard error of a mean; 0 for a single value.
    /// </summary>
    /// <param name="values">One value an item; at least one.</param>
    public static double StandardErrorOfMean(IReadOnlyList<double> values) =>
        values.Count < 2 ? 0 : DeviationOf([.. values]) / Math.Sqrt(values.Count);

    private static T[] Resample<T>(int count, long seed, int resamples, Func<int[], T> statistic)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 1);
        var random = new SeededRandom((ulong)seed);
        int[] picks = new int[count];
        var results = new T[resamples];
        for (int r = 0; r < resamples; r++)
        {
            for (int i = 0; i < count; i++)
            {
                picks[i] = random.Next32(count);
            }

            results[r] = statistic(picks);
        }

        return results;
    }

    private static Interval Percentiles(double[] results)
    {
        Array.Sort(results);
        return new Interval(Quantile(results, 0.025), Quantile(results, 0.975));
    }

    /// <summary>Linear interpolation between the two nearest ranks.</summary>
    private static double Quantile(double[] sorted, double share)
    {
        double position = share * (sorted.Length - 1);
        int below = (int)Math.Floor(position);
        int above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
    }

    private static double MeanOf(double[] data, int[] picks)
    {
        double sum = 0;
        foreach (int pick in picks)
        {
            sum += data[pick];
        }

        return sum / picks.Length;
    }

    private static double DeviationOf(double[] values)
    {
        if (values.Length < 2)
        {
            return 0;
        }

        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1));
    }
}
