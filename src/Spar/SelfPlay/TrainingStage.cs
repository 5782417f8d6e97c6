using Spar.Calls;
using Spar.Seams;
using Spar.Store;

namespace Spar.SelfPlay;

/// <summary>
/// Trains a model and records what came of it. A stage without rows, or with 0 epochs, keeps the model it starts from.
/// </summary>
internal sealed class TrainingStage(
    ITrainer trainer, StageRunner runner, RunStore store, CallSession session, IRunObserver observer,
    OpenModels? models = null)
{
    /// <summary>One training.</summary>
    /// <param name="stage">The stage's name, and the checkpoint's.</param>
    /// <param name="startModel">What to train.</param>
    /// <param name="data">What to train on, and how.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Path or name of the model to go on with.</returns>
    public async Task<string> RunAsync(
        string stage, string startModel, TrainingData data, CancellationToken cancellationToken)
    {
        int rows = data.Count;
        string checkpoint = $"checkpoints/{stage}";
        await CheckKeptAsync(stage, cancellationToken).ConfigureAwait(false);
        TrainedProduct product = await runner.RunAsync(stage, 0, async () =>
        {
            if (rows == 0 || data.Common.Epochs == 0)
            {
                if (rows == 0 && data.Common.Epochs > 0)
                {
                    observer.Warn($"There is nothing to train {stage} on; the model stays as it is.");
                }

                return Locate(startModel, StageStatistics.None, null, []);
            }

            // Training needs the room that open models take.
            await (models?.DisposeAsync() ?? ValueTask.CompletedTask).ConfigureAwait(false);
            TrainingJob job = new(
                startModel, Path.Combine(store.Directory, checkpoint), data, session.SeedOf($"train/{stage}"));
            TrainingReport report = await trainer.TrainAsync(
                job, step => observer.TrainingStepTaken(stage, step), cancellationToken)
                .ConfigureAwait(false);
            Counts counts = new();
            counts.Add("rows", rows);
            counts.Add("rows used", report.Examples);
            counts.Add("rows truncated", report.TruncatedExamples);
            counts.Add("steps", report.Steps.Count);
            foreach ((string reason, int count) in report.LeftOut)
            {
                counts.Add($"rows left out: {reason}", count);
            }

            foreach (string warning in TrainingWarnings.Of(stage, data, report))
            {
                observer.Warn(warning);
            }

            string? digest = await CheckpointDigest.OfAsync(report.Model, cancellationToken).ConfigureAwait(false);
            return Locate(report.Model, counts.ToStatistics(), digest, report.Steps) with { Trainer = report.Trainer };
        }).ConfigureAwait(false);

        // A model that was not trained is the one that the stage starts from, wherever that lies today.
        return product.Statistics.Counts.Count == 0 ? startModel : product.Resolve(store.Directory);
    }

    /// <summary>Forgets a training whose checkpoint is gone or was changed, so that it is trained again.</summary>
    private async Task CheckKeptAsync(string stage, CancellationToken cancellationToken)
    {
        if (store.FindProduct<TrainedProduct>(stage) is { Digest: { } digest } kept &&
            await CheckpointDigest.OfAsync(kept.Resolve(store.Directory), cancellationToken)
                .ConfigureAwait(false) != digest)
        {
            observer.Warn(
                $"The checkpoint {kept.Checkpoint ?? kept.Model} is missing or was changed since it was trained; it " +
                $"is trained again.");
            store.DropProduct(stage);
        }
    }

    private TrainedProduct Locate(
        string model, StageStatistics statistics, string? digest, IReadOnlyList<TrainingStep> steps)
    {
        string relative = Path.GetRelativePath(store.Directory, model).Replace('\\', '/');
        bool inside = Directory.Exists(model) && relative.StartsWith("checkpoints/", StringComparison.Ordinal);
        return inside
            ? new TrainedProduct(statistics, null, relative, digest, steps)
            : new TrainedProduct(statistics, model, null, digest, steps);
    }
}
