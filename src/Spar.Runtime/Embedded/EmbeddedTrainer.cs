using System.Globalization;
using Spar.Calls;
using Spar.Engine;
using Spar.Engine.Chat;
using Spar.Engine.Checkpoints;
using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tokenization;
using Spar.Engine.Training;
using Spar.Seams;
using EngineSchedule = Spar.Engine.Training.LearningRateSchedule;

namespace Spar.Runtime.Embedded;

/// <summary>Trains checkpoints with the embedded engine: full-parameter SFT, RFT and DPO.</summary>
/// <param name="threads">Threads to train with; has no influence on the result.</param>
public sealed class EmbeddedTrainer(int threads) : ITrainer
{
    /// <inheritdoc/>
    /// <exception cref="EngineException">The start model cannot be read or does not fit its tokenizer, the data is empty, or the output cannot be written.</exception>
    public Task<TrainingReport> TrainAsync(TrainingJob job, IProgress<TrainingStep>? progress, CancellationToken cancellationToken) =>
        Task.Run(() => Train(job, progress, cancellationToken), cancellationToken);

    private TrainingReport Train(TrainingJob job, IProgress<TrainingStep>? progress, CancellationToken cancellationToken)
    {
        Checkpoint checkpoint = Checkpoint.Load(job.StartModel);
        Tokenizer tokenizer = Tokenizer.Load(job.StartModel);
        tokenizer.CheckFits(checkpoint.Config);
        int cutoff = Math.Min(job.Settings.CutoffTokens, checkpoint.Config.MaxPositions);
        ChatEncoder encoder = new(tokenizer, ChatTemplate.For(tokenizer));
        using ThreadTeam team = new(threads);
        LlamaParameters parameters = LlamaParameters.FromTensors(checkpoint.Config, checkpoint.Tensors);
        using LlamaTrainer trainer = new(
            parameters, new AdamWOptions { WeightDecay = job.Settings.WeightDecay, MaxGradientNorm = job.Settings.MaxGradientNorm }, team);

        int truncated = 0;
        List<SavedModel> saved = [];
        TrainingSequence Encode(string prompt, string response)
        {
            TrainingSequence sequence = encoder.Encode(prompt, response, cutoff, out bool cut);
            truncated += cut ? 1 : 0;
            return sequence;
        }

        (int rows, IReadOnlyList<TrainingStep> steps) = job.Data switch
        {
            TrainingData.Supervised supervised => Supervised(
                [.. supervised.Examples.Select(example => Encode(example.Prompt, example.Response)).Where(sequence => sequence.TargetCount > 0)]),
            TrainingData.Preference preference => Preference(
                [.. preference.Pairs.Select(pair => (Chosen: Encode(pair.Prompt, pair.Chosen), Rejected: Encode(pair.Prompt, pair.Rejected)))
                    .Where(pair => pair.Chosen.TargetCount > 0 && pair.Rejected.TargetCount > 0)]),
            _ => throw new ArgumentException($"Unknown kind of training data: {job.Data.GetType().Name}.", nameof(job)),
        };
        Save(job.OutputModel);
        return new TrainingReport(job.OutputModel, steps, rows, truncated) { Saved = saved };

        void Save(string directory) => EmbeddedTrainer.Save(directory, checkpoint.Config, parameters, tokenizerSource: job.StartModel);

        (int, IReadOnlyList<TrainingStep>) Supervised(IReadOnlyList<TrainingSequence> examples) => (examples.Count, Loop(examples, (batch, rate) =>
        {
            SupervisedStepResult result = trainer.SupervisedStep(batch, rate);
            return (result.Loss, result.Tokens, null, null);
        }));

        (int, IReadOnlyList<TrainingStep>) Preference(IReadOnlyList<(TrainingSequence Chosen, TrainingSequence Rejected)> pairs)
        {
            // The reference model is the model at the start; its log-probabilities never change, so they are computed once.
            double[] chosen = trainer.SequenceLogProbs([.. pairs.Select(pair => pair.Chosen)]);
            double[] rejected = trainer.SequenceLogProbs([.. pairs.Select(pair => pair.Rejected)]);
            TrainingPair[] items = [.. pairs.Select((pair, i) => new TrainingPair(pair.Chosen, pair.Rejected, chosen[i], rejected[i]))];
            return (items.Length, Loop(items, (batch, rate) =>
            {
                PreferenceStepResult result = trainer.PreferenceStep(batch, rate, job.Settings.Beta, job.Settings.SftWeight);
                return (result.Loss, result.Tokens, result.RewardMargin, result.RewardAccuracy);
            }));
        }

        List<TrainingStep> Loop<T>(
            IReadOnlyList<T> items, Func<IReadOnlyList<T>, double, (double Loss, int Tokens, double? Margin, double? Accuracy)> take)
        {
            if (items.Count == 0)
            {
                throw new EngineException("There is no row to train on: every row is empty, or its prompt alone is longer than the cutoff length.");
            }

            int total = Math.Max(1, (int)Math.Round(items.Count * job.Settings.Epochs));
            int count = (total + job.Settings.BatchSize - 1) / job.Settings.BatchSize;
            EngineSchedule schedule = new(Kind(job.Settings.Schedule), job.Settings.LearningRate, count, job.Settings.WarmupRatio);
            List<TrainingStep> taken = [];
            long tokens = 0;
            foreach (T[] batch in Order(items, total, job.Seed).Chunk(job.Settings.BatchSize))
            {
                cancellationToken.ThrowIfCancellationRequested();
                double rate = schedule.At(taken.Count);
                (double loss, int more, double? margin, double? accuracy) = take(batch, rate);
                tokens += more;
                TrainingStep step = new(taken.Count + 1, count, loss, rate, tokens, margin, accuracy);
                taken.Add(step);
                progress?.Report(step);
                if (job.SaveEvery > 0 && step.Step % job.SaveEvery == 0)
                {
                    saved.Add(new SavedModel(step.Step, string.Create(CultureInfo.InvariantCulture, $"{job.OutputModel}-step-{step.Step}")));
                    Save(saved[^1].Model);
                }
            }

            return taken;
        }
    }

    /// <summary>The items in a new random order each epoch.</summary>
    private static IEnumerable<T> Order<T>(IReadOnlyList<T> items, int total, ulong seed)
    {
        SeededRandom random = new(seed);
        int[] order = [.. Enumerable.Range(0, items.Count)];
        for (int i = 0; i < total; i++)
        {
            if (i % items.Count == 0)
            {
                for (int j = order.Length - 1; j > 0; j--)
                {
                    int k = random.Next(j + 1);
                    (order[j], order[k]) = (order[k], order[j]);
                }
            }

            yield return items[order[i % items.Count]];
        }
    }

    // The checkpoint appears under its name as a whole or not at all.
    private static void Save(string directory, ModelConfig config, LlamaParameters parameters, string tokenizerSource)
    {
        string partial = directory + ".partial";
        try
        {
            Delete(partial);
            Checkpoint.Save(partial, config, parameters.ToDictionary(), tokenizerSource: tokenizerSource);
            Delete(directory);
            Directory.Move(partial, directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException($"The trained model cannot be written to {directory}: {e.Message} Free some space or mend the permissions, then run the same command again.", e);
        }

        static void Delete(string old)
        {
            if (Directory.Exists(old))
            {
                Directory.Delete(old, recursive: true);
            }
        }
    }

    private static LearningRateKind Kind(Seams.LearningRateSchedule schedule) => schedule switch
    {
        Seams.LearningRateSchedule.Constant => LearningRateKind.Constant,
        Seams.LearningRateSchedule.Linear => LearningRateKind.Linear,
        _ => LearningRateKind.Cosine,
    };
}
