using System.Security.Cryptography;
using Spar.Engine;
using Spar.Runtime.Pretraining;

namespace Spar.Runtime.Tests.Pretraining;

/// <summary>Making a model from nothing: a run that was stopped and gone on with ends in the same files.</summary>
public sealed class PretrainRunTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("spar-pretrain-").FullName;

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task AStoppedRunGoesOnToTheSameModel()
    {
        PretrainRecipe recipe = Recipe("whole");
        List<PretrainStep> steps = [];
        await new PretrainRun(recipe, threads: 2).RunAsync(new Told(steps.Add), default);

        PretrainRecipe again = Recipe("stopped");
        using CancellationTokenSource stop = new();
        List<PretrainStep> before = [];
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => new PretrainRun(again, threads: 1).RunAsync(
                new Told(step =>
                {
                    before.Add(step);
                    if (step.Step == 3)
                    {
                        stop.Cancel();
                    }
                }),
                stop.Token));
        Assert.False(File.Exists(Path.Combine(again.Output, "model.safetensors")));
        EngineException other = await Assert.ThrowsAsync<EngineException>(
            () => new PretrainRun(again with { Seed = 2 }, threads: 1).RunAsync(null, default));
        Assert.Contains("made with other settings", other.Message, StringComparison.Ordinal);

        List<PretrainStep> after = [];
        await new PretrainRun(again, threads: 1).RunAsync(new Told(after.Add), default);

        Assert.Equal(6, steps.Count);
        Assert.True(steps[^1].Loss < steps[0].Loss, $"the loss went from {steps[0].Loss} to {steps[^1].Loss}");
        Assert.Equal(steps, [.. before, .. after]);
        Assert.Equal(Digests(recipe.Output), Digests(again.Output));
        Assert.False(Directory.Exists(again.Work));
    }

    private PretrainRecipe Recipe(string name) => new()
    {
        Output = Path.Combine(_root, name, "model"),
        Work = Path.Combine(_root, name, "work"),
        Model = new PretrainModel
        {
            Vocabulary = 400,
            Hidden = 16,
            Layers = 1,
            Heads = 2,
            FeedForward = 32,
            Context = 512,
        },
        Training = new PretrainTraining
        {
            Tokens = 6 * 2048,
            BatchTokens = 2048,
            WarmupSteps = 2,
            LearningRate = 1e-2,
            SaveEvery = 2,
        },
    };

    private static SortedDictionary<string, string> Digests(string folder) =>
        new(Directory.GetFiles(folder).ToDictionary(
            file => Path.GetFileName(file), file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))));

    // Progress<T> tells from another thread, later; what is to be stopped here must be told at once.
    private sealed class Told(Action<PretrainStep> action) : IProgress<PretrainStep>
    {
        public void Report(PretrainStep value) => action(value);
    }
}
