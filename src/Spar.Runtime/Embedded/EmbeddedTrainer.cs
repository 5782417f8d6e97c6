using Spar.Engine;
using Spar.Engine.Training;
using Spar.Engine.Training.Losses;
using Spar.Seams;

namespace Spar.Runtime.Embedded;

/// <summary>
/// Trains checkpoints with the embedded engine: SFT, RFT and DPO, of all parameters or of a LoRA adapter. An adapter is
/// merged into the model that is saved, and saved beside it in the folder <c>adapter</c>. A long training saves its
/// state every ten minutes, and when it is cancelled, in a folder beside the output, and goes on from there.
/// </summary>
/// <param name="threads">Threads to train with; has no influence on the result.</param>
/// <param name="time">Tells when to save; null takes the system's clock.</param>
/// <param name="templateDate">The date that chat templates see; null takes their default.</param>
/// <param name="shared">
/// Other processes that train the same job at the same time, or null; has no influence on the result, which the first of
/// them writes.
/// </param>
/// <param name="dtype">What products multiply; null takes float32.</param>
public sealed class EmbeddedTrainer(
    int threads, TimeProvider? time = null, DateOnly? templateDate = null, SharedTraining? shared = null,
    NumberType? dtype = null) : ITrainer
{
    /// <inheritdoc/>
    /// <exception cref="EngineException">
    /// The start model cannot be read or does not fit its tokenizer, the data is empty, or the output cannot be
    /// written.
    /// </exception>
    public Task<TrainingReport> TrainAsync(
        TrainingJob job, ITrainingProgress? progress, CancellationToken cancellationToken) =>
        Task.Run(() => Train(job, progress, cancellationToken), cancellationToken);

    private TrainingReport Train(TrainingJob job, ITrainingProgress? progress, CancellationToken cancellationToken)
    {
        using ModelInTraining model = ModelInTraining.Open(job, threads, templateDate, dtype, shared?.Ranks);
        ResumableProgress resumable = ResumableProgress.Open(
            job, model.Trainer, time ?? TimeProvider.System, shared);
        TrainingLoop loop = new(job, model, resumable, progress, cancellationToken);
        RowEncoder encoder = new(model.Encoder, Math.Min(job.Data.Common.CutoffTokens, model.MaxPositions));
        ReferencePass reference = new(model.Trainer, resumable, progress, cancellationToken);
        (int rows, IReadOnlyList<TrainingStep> steps) = job.Data switch
        {
            TrainingData.Supervised data => Supervised(data, encoder, loop, reference),
            TrainingData.Preference data => Preference(data, encoder, loop, reference),
            _ => throw new ArgumentException($"Unknown kind of training data: {job.Data.GetType().Name}.", nameof(job)),
        };
        if (resumable.Writes)
        {
            model.Save(job.OutputModel);
            resumable.Delete();
        }

        return new TrainingReport(job.OutputModel, steps, rows, encoder.Truncated)
        {
            Saved = loop.SavedAfter(steps),
            LeftOut = encoder.LeftOut,
            Unchanged = resumable.Writes && CheckpointWeights.AreSame(job.StartModel, job.OutputModel),
        };
    }

    private static (int Rows, IReadOnlyList<TrainingStep> Steps) Supervised(
        TrainingData.Supervised data,
        RowEncoder encoder,
        TrainingLoop loop,
        ReferencePass reference)
    {
        if (data.Settings.AnchorWeight is not { } weight)
        {
            IReadOnlyList<TrainingSequence> examples = encoder.Examples(data.Examples);
            return (examples.Count, loop.Run(new CrossEntropy(), examples));
        }

        // As below, of one target after the other.
        IReadOnlyList<(TrainingSequence Row, bool[] Learnt)> anchored = encoder.Anchored(data.Examples);
        double[] logProbs = [.. reference.OfTargets([.. anchored.Select(one => one.Row)])];
        List<AnchoredSequence> rows = [];
        int first = 0;
        foreach ((TrainingSequence row, bool[] learnt) in anchored)
        {
            rows.Add(new AnchoredSequence(row, learnt, new ArraySegment<double>(logProbs, first, learnt.Length)));
            first += learnt.Length;
        }

        return (rows.Count, loop.Run(new AnchoredCrossEntropy(weight), rows));
    }

    private static (int Rows, IReadOnlyList<TrainingStep> Steps) Preference(
        TrainingData.Preference data,
        RowEncoder encoder,
        TrainingLoop loop,
        ReferencePass reference)
    {
        IReadOnlyList<(TrainingSequence Chosen, TrainingSequence Rejected)> pairs =
            encoder.Pairs(data.Pairs, data.Settings.RejectedEnd != false);

        // The reference model is the model at the start, so its log-probabilities never change.
        IReadOnlyList<double> logProbs = reference.OfSequences(
            [.. pairs.Select(pair => pair.Chosen), .. pairs.Select(pair => pair.Rejected)]);
        TrainingPair[] rows =
        [
            .. pairs.Select((pair, i) =>
                new TrainingPair(pair.Chosen, pair.Rejected, logProbs[i], logProbs[pairs.Count + i])),
        ];
        return (rows.Length, loop.Run(new Dpo(data.Settings.Beta, data.Settings.SftWeight), rows));
    }
}

/// <summary>A training that several processes share.</summary>
/// <param name="Ranks">The processes; the first writes.</param>
/// <param name="StateFolder">Where the state is kept, in a folder that all of them see.</param>
/// <param name="SaveSteps">Saves the state after every so many steps too; 0 for none.</param>
public sealed record SharedTraining(IRankGroup Ranks, string StateFolder, int SaveSteps);
