using System.Globalization;
using System.Text.Json;
using Spar.Ground;
using Spar.Seams;

namespace Spar.Tests.Fakes;

/// <summary>A trainer whose checkpoint is a hash of everything that it was given.</summary>
internal sealed class FakeTrainer(FakeWorld world) : ITrainer
{
    public const string WeightsFile = "weights.txt";

    public List<TrainingJob> Jobs { get; } = [];

    public Task<TrainingReport> TrainAsync(
        TrainingJob job,
        ITrainingProgress? progress,
        CancellationToken cancellationToken
    )
    {
        Assert.Equal(0, world.Open);
        world.Step();
        Jobs.Add(job);
        string start = Directory.Exists(job.StartModel)
            ? File.ReadAllText(Path.Combine(job.StartModel, WeightsFile))
            : job.StartModel;
        string data = job.Data switch
        {
            TrainingData.Supervised supervised => JsonSerializer.Serialize(
                supervised.Examples.Select(row => new { row.Prompt, row.Response })
            ),
            TrainingData.Preference preference => JsonSerializer.Serialize(
                preference.Pairs.Select(pair => new
                {
                    pair.Prompt,
                    pair.Chosen,
                    pair.Rejected,
                })
            ),
            _ => throw new NotSupportedException(),
        };
        int rows = job.Data is TrainingData.Supervised s
            ? s.Examples.Count
            : ((TrainingData.Preference)job.Data).Pairs.Count;
        TrainingStep step = new(1, 1, 1.5, job.Data.Common.LearningRate, rows);
        progress?.StepTaken(step);
        Directory.CreateDirectory(job.OutputModel);
        File.WriteAllText(
            Path.Combine(job.OutputModel, WeightsFile),
            string.Create(
                CultureInfo.InvariantCulture,
                $"{StableHash.Of($"{start}\0{data}\0{Words(job.Data.Common)}\0{job.Seed}"):x16}"
            )
        );
        world.Step();
        return Task.FromResult(new TrainingReport(job.OutputModel, [step], rows, 0));
    }

    // The hash decides what the fake model does from then on, so these words stay as they are.
    private static string Words(TrainingSettings settings)
    {
        PreferenceSettings loss =
            settings as PreferenceSettings ?? new PreferenceSettings { LearningRate = settings.LearningRate };
        return string.Create(
            CultureInfo.InvariantCulture,
            $"TrainingSettings {{ LearningRate = {settings.LearningRate}, Schedule = {settings.Schedule}, "
                + $"WarmupRatio = {settings.WarmupRatio}, "
                + $"Epochs = {settings.Epochs}, BatchSize = {settings.BatchSize}, CutoffTokens = "
                + $"{settings.CutoffTokens}, "
                + $"WeightDecay = {settings.WeightDecay}, MaxGradientNorm = {settings.MaxGradientNorm}, "
                + $"Beta = {loss.Beta}, SftWeight = {loss.SftWeight}, Lora = {settings.Lora} }}"
        );
    }
}
