using Spar.Web.Charts;

namespace Spar.Web.Reports;

/// <summary>Turns logged training steps into lines of a chart.</summary>
public static class TrainingCurves
{
    /// <summary>Most points that a line gets.</summary>
    public const int MaximumPoints = 240;

    /// <summary>
    /// The line of one curve. Steps whose value is not finite are left out; a longer curve is cut into runs of equally many neighbouring steps, each
    /// shown as its mean at its last step.
    /// </summary>
    /// <param name="name">Name of the line.</param>
    /// <param name="logged">The logged steps in order.</param>
    /// <param name="step">A logged step's number.</param>
    /// <param name="value">Its value.</param>
    public static ChartSeries Series<T>(string name, IReadOnlyList<T> logged, Func<T, int> step, Func<T, double> value)
    {
        T[] finite = [.. logged.Where(point => double.IsFinite(value(point)))];
        int run = Math.Max(1, (finite.Length + MaximumPoints - 1) / MaximumPoints);
        return new ChartSeries(name, [.. finite.Chunk(run).Select(chunk => new ChartPoint(step(chunk[^1]), chunk.Average(value)))]);
    }
}
