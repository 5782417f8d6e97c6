using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Spar.Engine;
using Spar.Engine.Chat;
using Spar.Engine.Checkpoints;
using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;
using Spar.Engine.Tokenization;
using Spar.Engine.Training;
using Spar.Ground;
using Spar.Seams;
using Spar.SelfPlay;
using EngineSchedule = Spar.Engine.Training.LearningRateSchedule;

namespace Spar.Runtime.Embedded;

/// <summary>
/// Trains checkpoints with the embedded engine: SFT, RFT and DPO, of all parameters or of a LoRA adapter. An adapter is merged into the model that is
/// saved, and saved beside it in the folder <c>adapter</c>. A long training saves its state every ten minutes, and when it is cancelled, in a folder
/// beside the output, and goes on from there.
/// </summary>
/// <param name="threads">Threads to train with; has no influence on the result.</param>
/// <param name="time">Tells when to save; null takes the system's clock.</param>
public sealed class EmbeddedTrainer(int threads, TimeProvider? time = null) : ITrainer
{
    private static readonly TimeSpan SaveInterval = TimeSpan.FromMinutes(10);

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <inheritdoc/>
    /// <exception cref="EngineException">The start model cannot be read or does not fit its tokenizer, the data is empty, or the output cannot be written.</exception>
    public Task<TrainingReport> TrainAsync(TrainingJob job, IProgress<TrainingStep>? progress, CancellationToken cancellationToken) =>
        Task.Run(() => Train(job, progress, cancellationToken), cancellationToken);

    private TrainingReport Train(TrainingJob job, IProgress<TrainingStep>? report, CancellationToken cancellationToken)
    {
        Checkpoint checkpoint = Checkpoint.Load(job.StartModel);
        string tokenizerFolder = Checkpoint.TokenizerFolder(job.StartModel);
        Tokenizer tokenizer = Checkpoint.LoadTokenizer(tokenizerFolder);
        tokenizer.CheckFits(checkpoint.Config);
        int cutoff = Math.Min(job.Data.Common.CutoffTokens, checkpoint.Config.MaxPositions);
        ChatEncoder encoder = new(tokenizer, ChatTemplate.For(tokenizer));
        using ThreadTeam team = new(threads);
        LlamaParameters parameters = LlamaParameters.FromTensors(checkpoint.Config, checkpoint.Tensors);
        LoraAdapter? adapter = job.Data.Common.Lora is not { } lora ? null : LoraAdapter.Initialize(
            parameters, new Engine.Models.LoraSettings { Rank = lora.Rank, Alpha = lora.Alpha, TargetModules = lora.TargetModules }, job.Seed);
        using LlamaTrainer trainer = new(
            parameters, new AdamWOptions { WeightDecay = job.Data.Common.WeightDecay, MaxGradientNorm = job.Data.Common.MaxGradientNorm }, team, adapter);

        int truncated = 0;
        TrainingSequence Encode(string prompt, string response)
        {
            TrainingSequence sequence = encoder.Encode(prompt, response, cutoff, out bool cut);
            truncated += cut ? 1 : 0;
            return sequence;
        }

        TrainerState state = new(job.OutputModel + ".training");
        Lazy<string> identity = new(() => Identity(job));
        long saved = _time.GetTimestamp();
        if (state.Peek<Progress>() is { } progress && progress.Job == identity.Value)
        {
            state.Restore<Progress>(trainer);
        }
        else
        {
            progress = new Progress("", [], []);
        }

        (int rows, IReadOnlyList<TrainingStep> steps) = job.Data switch
        {
            TrainingData.Supervised supervised => Supervised(
                [.. supervised.Examples.Select(example => Encode(example.Prompt, example.Response)).Where(sequence => sequence.TargetCount > 0)]),
            TrainingData.Preference preference => Preference(
                [.. preference.Pairs.Select(pair => (Chosen: Encode(pair.Prompt, pair.Chosen), Rejected: Encode(pair.Prompt, pair.Rejected)))
                    .Where(pair => pair.Chosen.TargetCount > 0 && pair.Rejected.TargetCount > 0)],
                preference.Settings),
            _ => throw new ArgumentException($"Unknown kind of training data: {job.Data.GetType().Name}.", nameof(job)),
        };
        Save(job.OutputModel);
        state.Delete();
        return new TrainingReport(job.OutputModel, steps, rows, truncated)
        {
            Saved = [.. steps.Where(step => SavedAfter(step)).Select(step => new SavedModel(step.Step, SavedName(step)))],
        };

        void Save(string directory) => EmbeddedTrainer.Save(directory, job.StartModel, checkpoint.Config, parameters, adapter, tokenizerFolder);

        bool SavedAfter(TrainingStep step) => job.SaveEvery > 0 && step.Step % job.SaveEvery == 0;

        string SavedName(TrainingStep step) => string.Create(CultureInfo.InvariantCulture, $"{job.OutputModel}-step-{step.Step}");

        (int, IReadOnlyList<TrainingStep>) Supervised(IReadOnlyList<TrainingSequence> examples) => (examples.Count, Loop(examples, (batch, rate) =>
        {
            SupervisedStepResult result = trainer.SupervisedStep(batch, rate);
            return (result.Loss, result.Tokens, null, null);
        }));

        (int, IReadOnlyList<TrainingStep>) Preference(IReadOnlyList<(TrainingSequence Chosen, TrainingSequence Rejected)> pairs, PreferenceSettings loss)
        {
            // The reference model is the model at the start; its log-probabilities never change, so they are computed once, and kept with the state.
            if (progress.Reference.Count == 0)
            {
                progress = progress with { Reference = trainer.SequenceLogProbs([.. pairs.Select(pair => pair.Chosen), .. pairs.Select(pair => pair.Rejected)]) };
            }

            TrainingPair[] items = [.. pairs.Select((pair, i) => new TrainingPair(pair.Chosen, pair.Rejected, progress.Reference[i], progress.Reference[pairs.Count + i]))];
            return (items.Length, Loop(items, (batch, rate) =>
            {
                PreferenceStepResult result = trainer.PreferenceStep(batch, rate, loss.Beta, loss.SftWeight);
                return (result.Loss, result.Tokens, result.RewardMargin, result.RewardAccuracy);
            }));
        }

        List<TrainingStep> Loop<T>(
            IReadOnlyList<T> items, Func<IReadOnlyList<T>, double, (double Loss, int Tokens, double? Margin, double? Accuracy)> take)
        {
            if (items.Count == 0)
            {
                throw new EngineException(
                    "There is no row to train on: every row is empty, or its prompt alone is longer than the cutoff length of "
                    + $"{cutoff} tokens. Raise cutoff_tokens, or take a model with a longer context.");
            }

            int total = Math.Max(1, (int)Math.Round(items.Count * job.Data.Common.Epochs));
            int count = (total + job.Data.Common.BatchSize - 1) / job.Data.Common.BatchSize;
            EngineSchedule schedule = new(Kind(job.Data.Common.Schedule), job.Data.Common.LearningRate, count, job.Data.Common.WarmupRatio);
            List<TrainingStep> taken = [.. progress.Steps];
            long tokens = taken.Count == 0 ? 0 : taken[^1].Tokens;
            foreach (T[] batch in Order(items, total, job.Seed).Chunk(job.Data.Common.BatchSize).Skip(taken.Count))
            {
                if (cancellationToken.IsCancellationRequested || _time.GetElapsedTime(saved) >= SaveInterval)
                {
                    state.Save(trainer, progress with { Job = identity.Value, Steps = taken });
                    saved = _time.GetTimestamp();
                    cancellationToken.ThrowIfCancellationRequested();
                }

                double rate = schedule.At(taken.Count);
                (double loss, int more, double? margin, double? accuracy) = take(batch, rate);
                tokens += more;
                TrainingStep step = new(taken.Count + 1, count, loss, rate, tokens, margin, accuracy);
                taken.Add(step);
                report?.Report(step);
                if (SavedAfter(step))
                {
                    Save(SavedName(step));
                }
            }

            return taken;
        }
    }

    /// <summary>What a saved state belongs to: the job and the model that it starts from.</summary>
    private static string Identity(TrainingJob job)
    {
        string data = JsonSerializer.Serialize(job.Data, job.Data.GetType());
        string all = $"{job.Seed} {CheckpointDigest.OfAsync(job.StartModel, CancellationToken.None).GetAwaiter().GetResult()} {data}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)));
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
    private static void Save(string directory, string startModel, ModelConfig config, LlamaParameters parameters, LoraAdapter? adapter, string tokenizerFolder)
    {
        string partial = directory + ".partial";
        try
        {
            Delete(partial);
            IReadOnlyDictionary<string, Tensor> tensors = parameters.ToDictionary();
            Checkpoint.Save(partial, config, adapter?.MergeInto(tensors) ?? tensors, tokenizerSource: tokenizerFolder);
            if (adapter is not null)
            {
                LoraFile.Save(Path.Combine(partial, "adapter"), adapter, Path.GetRelativePath(Path.Combine(directory, "adapter"), startModel).Replace('\\', '/'));
            }

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

    /// <summary>How far a training has come.</summary>
    /// <param name="Job">What it belongs to.</param>
    /// <param name="Steps">The steps taken.</param>
    /// <param name="Reference">Log-probabilities of the reference model for preference data: of all chosen responses, then of all rejected ones.</param>
    private sealed record Progress(string Job, IReadOnlyList<TrainingStep> Steps, IReadOnlyList<double> Reference);
}
