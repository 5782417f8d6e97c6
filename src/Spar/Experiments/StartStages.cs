using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Experiments;

/// <summary>
/// What runs of one seed have in common before self-play: the teacher's lessons, M_0, R_0, and their evaluation. A run
/// that begins from another run's start takes these products over instead of making them again; the checkpoints stay
/// where they are.
/// </summary>
public static class StartStages
{
    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        StageNames.Lessons, StageNames.FixedResponses, StageNames.ActorSftData, StageNames.RefinerSftData,
        StageNames.Actor(0), StageNames.Refiner(0),
        StageNames.Evaluation(RowName.Base), StageNames.Evaluation(RowName.Sft),
    ];

    /// <summary>Takes over the products that the run does not have yet.</summary>
    /// <param name="start">A run whose start has ended.</param>
    /// <param name="run">The run that begins from it.</param>
    public static void Adopt(RunStore start, RunStore run) => StageAdoption.Adopt(
        start, run,
        stage => (Names.Contains(stage) && stage != StageNames.Lessons) || StageNames.IsYardstick(stage));
}
