using Spar.Store;

namespace Spar.SelfPlay;

/// <summary>
/// What one run takes over from another instead of making it again. Checkpoints stay where they are: the run refers to
/// them by their way from its own directory, so that the folder which holds both can be moved.
/// </summary>
public static class StageAdoption
{
    /// <summary>Takes over the products of stages that the run does not have yet; not their items, times and calls.</summary>
    /// <param name="source">The other run.</param>
    /// <param name="run">The run that takes over.</param>
    /// <param name="stages">Whether a stage is taken over.</param>
    /// <param name="rows">Whether the rows of training data are taken over, too; only who trains needs them.</param>
    public static void Adopt(RunStore source, RunStore run, Func<string, bool> stages, bool rows = true) =>
        Products(source, run, stages, history: false, rows);

    /// <summary>
    /// Takes over stages that the run does not have yet with all that belongs to them, and kept answers. A kill in
    /// between leaves a run that makes the rest itself.
    /// </summary>
    /// <param name="source">The other run.</param>
    /// <param name="run">The run that takes over; nothing has been asked in it yet.</param>
    /// <param name="stages">Whether a stage is taken over.</param>
    /// <param name="calls">Whether the answer to a call is, by its key.</param>
    /// <returns>The stages that were taken over, and how many answers.</returns>
    public static (IReadOnlyList<string> Stages, long Calls) AdoptWhole(
        RunStore source, RunStore run, Func<string, bool> stages, Func<string, bool> calls)
    {
        long copied = run.CopyCalls(source, calls);
        return (Products(source, run, stages, history: true, rows: true), copied);
    }

    private static List<string> Products(
        RunStore source, RunStore run, Func<string, bool> stages, bool history, bool rows)
    {
        HashSet<string> there = [.. run.Stages()];
        List<string> taken = [];
        foreach (string stage in source.Stages().Where(stage => stages(stage) && !there.Contains(stage)))
        {
            run.CopyStage(
                source, stage, history, items: rows && StageOrder.ProductOf(stage) == typeof(KeptData),
                Moved(source, run, stage));
            taken.Add(stage);
        }

        return taken;
    }

    // A training's product with the way to its checkpoint from another run; null for other stages. It is kept at once
    // with that way: a kill in between would leave a checkpoint that is not there.
    private static TrainedProduct? Moved(RunStore source, RunStore run, string stage) =>
        StageNames.IsTraining(stage) && source.FindProduct<TrainedProduct>(stage) is { Checkpoint: not null } own
            ? own with
            {
                Checkpoint = Path.GetRelativePath(run.Directory, own.Resolve(source.Directory)).Replace('\\', '/'),
            }
            : null;
}
