using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Web.Charts;

namespace Spar.Web.Reports;

/// <summary>How one training went.</summary>
/// <param name="Stage">The training stage, by which its checkpoint is named.</param>
/// <param name="Steps">Its optimizer steps in order, at least one.</param>
public sealed record TrainingCurve(string Stage, IReadOnlyList<TrainingStep> Steps)
{
    /// <summary>Most points that a line gets.</summary>
    public const int MaximumPoints = 240;

    /// <summary>True for preference training, whose steps have reward margins.</summary>
    public bool IsPreference => Steps.Any(step => step.RewardMargin is not null);

    /// <summary>Steps that logged a value that is not a finite number.</summary>
    public int Broken => Steps.Count(
        step =>
            !(double.IsFinite(step.Loss) && double.IsFinite(step.RewardMargin ?? 0)
                && double.IsFinite(step.RewardAccuracy ?? 0)));

    /// <summary>
    /// One quantity as a line of a chart. Steps whose value is not finite are left out; a longer curve is cut into runs
    /// of equally many neighbouring steps, each shown as its mean at its last step.
    /// </summary>
    /// <param name="name">Name of the line.</param>
    /// <param name="value">A step's value.</param>
    public ChartSeries Series(string name, Func<TrainingStep, double> value)
    {
        TrainingStep[] finite = [.. Steps.Where(step => double.IsFinite(value(step)))];
        int run = Math.Max(1, (finite.Length + MaximumPoints - 1) / MaximumPoints);
        return new ChartSeries(
            name, [.. finite.Chunk(run).Select(chunk => new ChartPoint(chunk[^1].Step, chunk.Average(value)))]);
    }

    /// <summary>Reads a training out of a run; null when it has not ended, or trained nothing.</summary>
    /// <param name="store">The run.</param>
    /// <param name="stage">The training stage.</param>
    internal static TrainingCurve? Find(RunStore store, string stage) =>
        store.FindProduct<TrainedProduct>(stage) is { Steps.Count: > 0 } trained
            ? new TrainingCurve(stage, trained.Steps) : null;
}
