using Spar.Evaluation.Statistics;

namespace Spar.Evaluation.Results;

/// <summary>One figure of a result, with its uncertainty.</summary>
/// <param name="Task">The task or sub-task that it belongs to, as in "mmlu" or "mmlu_anatomy".</param>
/// <param name="Name">The measure, as in "acc".</param>
/// <param name="Filter">How answers were extracted, as in "strict-match"; "none" where there is one way only.</param>
/// <param name="Value">The figure. Shares are in 0..1, not percent.</param>
/// <param name="StandardError">Its standard error; null where it has none.</param>
/// <param name="Interval">Its 95 % bootstrap interval; null where it has none.</param>
/// <param name="IsShare">Whether it is a share, to be shown in percent; otherwise a plain number.</param>
public sealed record Metric(
    string Task, string Name, string Filter, double Value, double? StandardError, Interval? Interval, bool IsShare = true)
{
    /// <summary>The filter name of measures with one way of extraction.</summary>
    public const string NoFilter = "none";

    /// <summary>A mean over items: standard error from the sample's deviation, interval by bootstrap over the items.</summary>
    /// <param name="task">See <see cref="Task"/>.</param>
    /// <param name="name">See <see cref="Name"/>.</param>
    /// <param name="values">One value an item.</param>
    /// <param name="filter">See <see cref="Filter"/>.</param>
    /// <param name="isShare">See <see cref="IsShare"/>.</param>
    /// <exception cref="EvaluationException">There are no items.</exception>
    public static Metric Mean(string task, string name, IReadOnlyList<double> values, string filter = NoFilter, bool isShare = true) =>
        values.Count == 0
            ? throw new EvaluationException($"{task}: {name} has nothing to be computed from, every item was skipped or left out")
            : new(task, name, filter, values.Average(), Bootstrap.StandardErrorOfMean(values), Bootstrap.OfMean(values), isShare);

    /// <summary>Any other statistic of items: standard error and interval by bootstrap over the items.</summary>
    /// <param name="task">See <see cref="Task"/>.</param>
    /// <param name="name">See <see cref="Name"/>.</param>
    /// <param name="count">Number of items.</param>
    /// <param name="statistic">The statistic of the items with these indices.</param>
    /// <param name="filter">See <see cref="Filter"/>.</param>
    /// <param name="isShare">See <see cref="IsShare"/>.</param>
    /// <exception cref="EvaluationException">There are no items.</exception>
    public static Metric Of(
        string task, string name, int count, Func<int[], double> statistic, string filter = NoFilter, bool isShare = true)
    {
        if (count == 0)
        {
            throw new EvaluationException($"{task}: {name} has nothing to be computed from, every item was skipped or left out");
        }

        // A resample that leaves out what the statistic needs gives no number; then there is no interval either.
        (double error, Interval interval) = Bootstrap.Of(count, statistic);
        return new Metric(
            task,
            name,
            filter,
            statistic([.. Enumerable.Range(0, count)]),
            double.IsFinite(error) ? error : null,
            double.IsFinite(error) ? interval : null,
            isShare);
    }
}
