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
    public static void Adopt(RunStore start, RunStore run)
    {
        Copy<FixedResponsesProduct>(StageNames.FixedResponses);
        Copy<SupervisedProduct>(StageNames.ActorSftData);
        Copy<SupervisedProduct>(StageNames.RefinerSftData);
        Copy<TrainedProduct>(StageNames.Actor(0), Locate);
        Copy<TrainedProduct>(StageNames.Refiner(0), Locate);
        Copy<EvaluationProduct>(StageNames.Evaluation(RowName.Base));
        Copy<EvaluationProduct>(StageNames.Evaluation(RowName.Sft));
        foreach (string stage in start.Stages().Where(StageNames.IsYardstick))
        {
            Copy<YardstickProduct>(stage);
        }

        // Relative to the new run, so that the folder that holds both can be moved.
        TrainedProduct Locate(TrainedProduct product) => product.Checkpoint is null
            ? product
            : product with
            {
                Checkpoint = Path.GetRelativePath(run.Directory, product.Resolve(start.Directory))
                .Replace('\\', '/')
            };

        void Copy<T>(string stage, Func<T, T>? change = null)
            where T : class
        {
            if (run.FindProduct<T>(stage) is null && start.FindProduct<T>(stage) is { } product)
            {
                run.KeepProduct(stage, change is null ? product : change(product), new StageTiming(stage, "", 0, 0, 0));
            }
        }
    }
}
