using System.Globalization;
using Spar.Engine;
using Spar.Engine.Training;
using Spar.Ground;
using Spar.Seams;
using EngineSchedule = Spar.Engine.Training.LearningRateSchedule;

namespace Spar.Runtime.Embedded;

/// <summary>
/// The steps of one training: batch after batch in a random order that is new in each epoch, at the schedule's rate,
/// from the first step that has not been taken yet. Batches end with their epoch and epochs with a part of a step take
/// it whole, as in Transformers' Trainer.
/// </summary>
/// <param name="job">The job.</param>
/// <param name="model">What is trained.</param>
/// <param name="resumable">What was taken before, and where the state goes.</param>
/// <param name="progress">Told of every step; may be null.</param>
/// <param name="cancellationToken">Saves the state and stops.</param>
internal sealed class TrainingLoop(
    TrainingJob job,
    ModelInTraining model,
    ResumableProgress resumable,
    ITrainingProgress? progress,
    CancellationToken cancellationToken)
{
    // 0.7 epochs of 10 steps are 7.000000000000001.
    private const double RoundingError = 1e-9;

    /// <summary>Takes all steps that are left.</summary>
    /// <typeparam name="TRow">What the loss learns from.</typeparam>
    /// <param name="loss">What the steps minimise.</param>
    /// <param name="rows">All rows.</param>
    /// <returns>Every step of the training, those taken before included.</returns>
    /// <exception cref="EngineException">There is no row, or the model's numbers are not finite any more.</exception>
    /// <exception cref="OperationCanceledException">It was stopped; the state is saved.</exception>
    public IReadOnlyList<TrainingStep> Run<TRow>(ILoss<TRow> loss, IReadOnlyList<TRow> rows)
    {
        if (rows.Count == 0)
        {
            throw new EngineException(
                "There is no row to train on: of every row the response is empty, the prompt alone is longer than the cutoff "
                + "length, or both sides are equal.");
        }

        TrainingSettings settings = job.Data.Common;
        int perEpoch = (rows.Count + settings.BatchSize - 1) / settings.BatchSize;
        int count = Math.Max(1, (int)Math.Ceiling((perEpoch * settings.Epochs) - RoundingError));
        EngineSchedule schedule = new(Kind(settings.Schedule), settings.LearningRate, count, settings.WarmupRatio);
        List<TrainingStep> taken = [.. resumable.Steps];
        foreach (TRow[] batch in Batches(rows, settings.BatchSize).Take(count).Skip(taken.Count))
        {
            resumable.SaveWhenDue(taken, cancellationToken);
            TrainingStep step = Step(loss, batch, schedule, taken);
            taken.Add(step);
            progress?.StepTaken(step);
            if (IsSavedAfter(step) && resumable.Writes)
            {
                model.Save(SavedName(step));
            }
        }

        return taken;
    }

    /// <summary>The models that were saved on the way.</summary>
    /// <param name="steps">All steps.</param>
    public IReadOnlyList<SavedModel> SavedAfter(IReadOnlyList<TrainingStep> steps) =>
        [.. steps.Where(IsSavedAfter).Select(step => new SavedModel(step.Step, SavedName(step)))];

    private TrainingStep Step<TRow>(ILoss<TRow> loss, TRow[] batch, EngineSchedule schedule, List<TrainingStep> taken)
    {
        double rate = schedule.At(taken.Count);
        StepResult result = model.Trainer.Step(loss, batch, rate);
        long tokens = (taken.Count == 0 ? 0 : taken[^1].Tokens) + result.Tokens;
        LossFigures figures = result.Figures;
        return new TrainingStep(
            taken.Count + 1, schedule.Steps, figures.Loss, rate, tokens, figures.RewardMargin, figures.RewardAccuracy);
    }

    // Rows in a new random order each epoch; an epoch's last batch holds what is left of it, so that no batch holds a
    // row twice. Without end.
    private IEnumerable<TRow[]> Batches<TRow>(IReadOnlyList<TRow> rows, int size)
    {
        SeededRandom random = new(job.Seed);
        int[] order = [.. Enumerable.Range(0, rows.Count)];
        while (true)
        {
            for (int i = order.Length - 1; i > 0; i--)
            {
                int j = random.Next(i + 1);
                (order[i], order[j]) = (order[j], order[i]);
            }

            foreach (int[] batch in order.Chunk(size))
            {
                yield return [.. batch.Select(row => rows[row])];
            }
        }
    }

    private bool IsSavedAfter(TrainingStep step) => job.SaveEvery > 0 && step.Step % job.SaveEvery == 0;

    private string SavedName(TrainingStep step) =>
        string.Create(CultureInfo.InvariantCulture, $"{job.OutputModel}-step-{step.Step}");

    private static LearningRateKind Kind(Seams.LearningRateSchedule schedule) => schedule switch
    {
        Seams.LearningRateSchedule.Constant => LearningRateKind.Constant,
        Seams.LearningRateSchedule.Linear => LearningRateKind.Linear,
        _ => LearningRateKind.Cosine,
    };
}
