using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Web.Reports;

/// <summary>What happened in one iteration, in the records that its stages left.</summary>
public sealed record IterationReport
{
    /// <summary>From 1.</summary>
    public required int Number { get; init; }

    /// <summary>What play counted; null where the method does not play, or play has not ended.</summary>
    public StageStatistics? Play { get; init; }

    /// <summary>The training data; null while it is not made.</summary>
    public DataProduct? Data { get; init; }

    /// <summary>Training of the actor; null where none was trained.</summary>
    public TrainingCurve? Actor { get; init; }

    /// <summary>Training of the refiner; null where none was trained.</summary>
    public TrainingCurve? Refiner { get; init; }

    /// <summary>Model calls of the iteration.</summary>
    public long ModelCalls { get; init; }

    /// <summary>Time of the iteration in seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>What the iteration's stages counted, in their order.</summary>
    public IReadOnlyList<StageStatistics> Statistics => [.. new[] { Play, Data?.Statistics }.OfType<StageStatistics>()];

    /// <summary>Responses sampled from the actor and judged.</summary>
    public long Responses => Statistics.Sum(counted => counted.Counts.GetValueOrDefault("responses"));

    /// <summary>The judge's verdicts on them.</summary>
    public VerdictCounts Verdicts => VerdictCounts.Of(Judged);

    /// <summary>How searches ended; zeros where the method does not search.</summary>
    public SearchCounts Searches => SearchCounts.Of(Judged);

    /// <summary>Model outputs that could not be read, by reason.</summary>
    public IEnumerable<KeyValuePair<string, long>> Unparsed => Statistics.SelectMany(counted => counted.Counts)
        .Where(count => count.Key.StartsWith("unparsed", StringComparison.Ordinal));

    /// <summary>Training rows made for the refiner, by kind.</summary>
    public IEnumerable<KeyValuePair<string, int>> RefinerRows => Data?.RefinerKinds ?? [];

    // Baselines judge while they make their data.
    private StageStatistics Judged => Play ?? Data?.Statistics ?? StageStatistics.None;

    /// <summary>Reads an iteration; null when none of its stages has ended.</summary>
    /// <param name="store">The run.</param>
    /// <param name="number">From 1.</param>
    internal static IterationReport? Find(RunStore store, int number)
    {
        StageStatistics? play = store.FindProduct<PlayProduct>(StageNames.Play(number))?.Statistics;
        DataProduct? data = DataProduct.Find(store, number);
        if (play is null && data is null)
        {
            return null;
        }

        string[] stages = [
            StageNames.Play(number), StageNames.Data(number), StageNames.Actor(number), StageNames.Refiner(number)];
        StageTiming[] timings = [.. store.Timings().Where(timing => stages.Contains(timing.Stage))];
        return new IterationReport
        {
            Number = number,
            Play = play,
            Data = data,
            Actor = TrainingCurve.Find(store, StageNames.Actor(number)),
            Refiner = TrainingCurve.Find(store, StageNames.Refiner(number)),
            ModelCalls = timings.Sum(timing => timing.Calls),
            Seconds = timings.Sum(timing => timing.Seconds),
        };
    }
}
