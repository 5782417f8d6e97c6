using Spar.Engine.Checkpoints;
using Spar.Engine.Tensors;
using Spar.Runtime.Embedded;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

public sealed class EmbeddedTrainerTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly string _root = Directory.CreateTempSubdirectory("spar-trainer-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task LoRaTrainingSavesTheMergedModelAndTheAdapter()
    {
        LoraSettings lora = new() { Rank = 2, Alpha = 4, TargetModules = ["q_proj", "down_proj"] };
        TrainingJob job = Job("lora", Pairs(lora));
        TrainingReport report = await new EmbeddedTrainer(1).TrainAsync(job, null, None);
        Assert.Equal(0, report.Steps[0].RewardMargin!.Value, 1e-5);
        Assert.True(report.Steps[^1].RewardMargin > 0);
        Checkpoint merged = Checkpoint.Load(job.OutputModel), start = Checkpoint.Load(job.StartModel), adapted = Checkpoint.Load(Path.Combine(job.OutputModel, "adapter"));
        foreach ((string name, Tensor tensor) in merged.Tensors)
        {
            Assert.Equal(adapted.Tensors[name].Data, tensor.Data);
            Assert.Equal(!(name.Contains("q_proj") || name.Contains("down_proj")), tensor.Data.AsSpan().SequenceEqual(start.Tensors[name].Data));
        }

        string digest = (await CheckpointDigest.OfAsync(job.OutputModel, None))!;
        await new EmbeddedTrainer(2).TrainAsync(job, null, None);
        Assert.Equal(digest, await CheckpointDigest.OfAsync(job.OutputModel, None));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task AnInterruptedTrainingGoesOnToTheSameBytes(bool preference, bool lora)
    {
        TrainingJob whole = Job("whole", preference ? Pairs(lora ? new LoraSettings() : null) : Examples()), cut = whole with { OutputModel = Path.Combine(_root, "cut") };
        TrainingReport expected = await new EmbeddedTrainer(2).TrainAsync(whole, null, None);
        foreach (int steps in new[] { 1, 3 })
        {
            using CancellationTokenSource source = new();
            StopAfter stop = new(steps, source);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new EmbeddedTrainer(1).TrainAsync(cut, stop.Report, source.Token));
            Assert.True(Directory.Exists(cut.OutputModel + ".training"));
        }

        TrainingReport resumed = await new EmbeddedTrainer(2).TrainAsync(cut, null, None);
        Assert.Equal(expected.Steps, resumed.Steps);
        Assert.False(Directory.Exists(cut.OutputModel + ".training"));
        Assert.Equal(await CheckpointDigest.OfAsync(whole.OutputModel, None), await CheckpointDigest.OfAsync(cut.OutputModel, None));
    }

    [Fact]
    public async Task AStateOfAnotherJobIsNotUsed()
    {
        TrainingJob job = Job("model", Pairs());
        using CancellationTokenSource source = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new EmbeddedTrainer(1).TrainAsync(job, new StopAfter(2, source).Report, source.Token));
        TrainingJob other = job with { Seed = 2 };
        TrainingReport report = await new EmbeddedTrainer(1).TrainAsync(other, null, None);
        TrainingReport fresh = await new EmbeddedTrainer(1).TrainAsync(other with { OutputModel = Path.Combine(_root, "fresh") }, null, None);
        Assert.Equal(fresh.Steps, report.Steps);
    }

    private static TrainingData.Supervised Examples() => new(
        [.. Enumerable.Range(0, 11).Select(i => new SupervisedRow($"p{i}", "response", $"Say {i}", $"It is {i * i} then"))],
        new SupervisedSettings { LearningRate = 1e-3, Epochs = 2, BatchSize = 3, WarmupRatio = 0 });

    private static TrainingData.Preference Pairs(LoraSettings? lora = null) => new(
        [.. Enumerable.Range(0, 7).Select(i => new PreferencePair($"p{i}", $"Say {i}", $"Well {i}", $"No way {i} is it"))],
        new PreferenceSettings { LearningRate = 1e-3, Epochs = 2, BatchSize = 3, WarmupRatio = 0, Lora = lora });

    private TrainingJob Job(string name, TrainingData data)
        => new(SharedData.Path("fixtures", "models", "llama-tiny-tied"), Path.Combine(_root, name), data, 1);

    private sealed class StopAfter(int steps, CancellationTokenSource source)
    {
        private int _seen;

        public void Report(TrainingStep step)
        {
            if (++_seen == steps)
            {
                source.Cancel();
            }
        }
    }
}
