using Spar.Seams;
using Spar.SelfPlay;

namespace Spar.Methods;

/// <summary>
/// The start of the methods in which one model answers, judges and refines: M_0 that also learns what R_0 learns (the
/// teacher's judgements and refinements), in the same way. It has seen the same lessons as the two models of the other
/// methods together.
/// </summary>
internal static class OneModel
{
    public static async Task<ModelPair> BeginAsync(
        MethodContext run, ModelPair start, CancellationToken cancellationToken)
    {
        IReadOnlyList<SupervisedRow> lessons = Lessons(run);
        string model = lessons.Count == 0
            ? start.Actor
            : await run.Training.RunAsync(
                StageNames.Joint, start.Actor, new TrainingData.Supervised(lessons, run.Recipe.RefinerSft),
                cancellationToken).ConfigureAwait(false);
        return new ModelPair(model, model);
    }

    /// <summary>The teacher's judgements and refinements; empty when the recipe skips them.</summary>
    public static IReadOnlyList<SupervisedRow> Lessons(MethodContext run) =>
        run.Store.FindProduct<SupervisedProduct>(StageNames.RefinerSftData)?.Rows ?? [];
}
