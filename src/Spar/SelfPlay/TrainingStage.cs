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
    // Checkpoints that were removed to free space, by path, and how they are made again.
    private readonly Dictionary<string, Func<CancellationToken, Task>> _pruned = new(StringComparer.Ordinal);

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

            TrainingReport report = await TrainAsync(stage, startModel, data, cancellationToken).ConfigureAwait(false);
            Counts counts = new();
            counts.Add("rows", rows);
            counts.Add("rows used", report.Examples);
            counts.Add("rows truncated", report.TruncatedExamples);
            counts.Add("steps", report.Steps.Count);
            foreach ((string reason, int count) in report.LeftOut)
            {
                counts.Add(StageStatistics.RowsLeftOut + reason, count);
            }

            foreach (string warning in TrainingWarnings.Of(stage, data, report))
            {
                observer.Warn(warning);
            }

            string? digest = await CheckpointDigest.OfAsync(report.Model, cancellationToken).ConfigureAwait(false);
            return Locate(report.Model, counts.ToStatistics(), digest, report.Steps) with { Trainer = report.Trainer };
        }).ConfigureAwait(false);

        if (product.Pruned == true && !Directory.Exists(product.Resolve(store.Directory)))
        {
            _pruned[product.Resolve(store.Directory)] =
                token => MakeAgainAsync(stage, startModel, data, product, token);
        }

        // A model that was not trained is the one that the stage starts from, wherever that lies today.
        return product.Statistics.Counts.Count == 0 ? startModel : product.Resolve(store.Directory);
    }

    /// <summary>
    /// Makes a model again that was removed to free space, and with it the other models of its iteration, so that what is
    /// opened together is there together. Other models stay as they are.
    /// </summary>
    /// <param name="model">Path or name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SparException">What comes of it is not what was removed.</exception>
    public async Task RestoreAsync(string model, CancellationToken cancellationToken)
    {
        if (!_pruned.ContainsKey(model))
        {
            return;
        }

        int? iteration = StageOrder.IterationOf(Path.GetFileName(model));
        foreach (string path in _pruned.Keys
            .Where(path => StageOrder.IterationOf(Path.GetFileName(path)) == iteration).ToArray())
        {
            if (_pruned.Remove(path, out Func<CancellationToken, Task>? make))
            {
                await make(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<TrainingReport> TrainAsync(
        string stage, string startModel, TrainingData data, CancellationToken cancellationToken)
    {
        await RestoreAsync(startModel, cancellationToken).ConfigureAwait(false);

        // Training needs the room that open models take.
        await (models?.DisposeAsync() ?? ValueTask.CompletedTask).ConfigureAwait(false);
        TrainingJob job = new(
            startModel, Path.Combine(store.Directory, "checkpoints", stage), data, session.SeedOf($"train/{stage}"));
        return await trainer.TrainAsync(job, new StageTrainingProgress(observer, stage), cancellationToken)
            .ConfigureAwait(false);
    }

    private async Task MakeAgainAsync(
        string stage, string startModel, TrainingData data, TrainedProduct kept, CancellationToken cancellationToken)
    {
        observer.Warn($"The checkpoint {kept.Checkpoint} was removed to free space; it is needed, and trained again.");
        TrainingReport report = await TrainAsync(stage, startModel, data, cancellationToken).ConfigureAwait(false);
        if (await CheckpointDigest.OfAsync(report.Model, cancellationToken).ConfigureAwait(false) != kept.Digest)
        {
            throw new SparException(
                $"The checkpoint {kept.Checkpoint} was trained again and is not the one that was removed: another version "
                + "of the program, or another kind of processor. What was made with it stays in the store; to measure or "
                + "play on, begin a new run.");
        }

        store.ChangeProduct(stage, kept with { Pruned = null });
    }

    /// <summary>Forgets a training whose checkpoint is gone or was changed, so that it is trained again.</summary>
    private async Task CheckKeptAsync(string stage, CancellationToken cancellationToken)
    {
        if (store.FindProduct<TrainedProduct>(stage) is { Digest: { } digest } kept &&
            !(kept.Pruned == true && !Directory.Exists(kept.Resolve(store.Directory))) &&
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
