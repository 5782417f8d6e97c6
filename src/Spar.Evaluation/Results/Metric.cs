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
    string Task,
    string Name,
    string Filter,
    double Value,
    double? StandardError,
    Interval? Interval,
    bool IsShare = true
)
{
    /// <summary>The filter name of measures with one way of extraction.</summary>
    public const string NoFilter = "none";

    /// <summary>
    /// A mean over items: standard error from the sample's deviation, interval by bootstrap over the items.
    /// </summary>
    /// <param name="task">See <see cref="Task"/>.</param>
    /// <param name="name">See <see cref="Name"/>.</param>
    /// <param name="values">One value an item.</param>
    /// <param name="filter">See <see cref="Filter"/>.</param>
    /// <param name="isShare">See <see cref="IsShare"/>.</param>
    /// <exception cref="EvaluationException">There are no items.</exception>
    public static Metric Mean(
        string task,
        string name,
        IReadOnlyList<double> values,
        string filter = NoFilter,
        bool isShare = true
    ) =>
        values.Count == 0
            ? throw new EvaluationException(
                $"{task}: {name} has nothing to be computed from, every item was skipped or left out"
            )
            : new(
                task,
                name,
                filter,
                values.Average(),
                Bootstrap.StandardErrorOfMean(values),
                Bootstrap.OfMean(values),
                isShare
            );

    /// <summary>
    /// Other statistics of the same items: standard errors and intervals by bootstrap over the items.
    /// </summary>
    /// <param name="task">See <see cref="Task"/>.</param>
    /// <param name="names">Name of each statistic, and whether it is a share.</param>
    /// <param name="count">Number of items.</param>
    /// <param name="statistics">The statistics, in the order of the names, of the items with these indices.</param>
    /// <exception cref="EvaluationException">There are no items.</exception>
    public static IReadOnlyList<Metric> Of(
        string task,
        IReadOnlyList<(string Name, bool IsShare)> names,
        int count,
        Func<int[], double[]> statistics
    )
    {
        if (count == 0)
        {
            throw new EvaluationException(
                $"{task}: {names[0].Name} has nothing to be computed from, every item was skipped or left out"
            );
        }

        double[] values = statistics([.. Enumerable.Range(0, count)]);
        IReadOnlyList<(double StandardError, Interval Interval)> uncertainty = Bootstrap.Of(count, statistics);
        return
        [
            // A resample that leaves out what a statistic needs gives no number; then there is no interval either.
            .. names.Select(
                (name, i) =>
                    double.IsFinite(uncertainty[i].StandardError)
                        ? new Metric(
                            task,
                            name.Name,
                            NoFilter,
                            values[i],
                            uncertainty[i].StandardError,
                            uncertainty[i].Interval,
                            name.IsShare
                        )
                        : new Metric(task, name.Name, NoFilter, values[i], null, null, name.IsShare)
            ),
        ];
    }
}
