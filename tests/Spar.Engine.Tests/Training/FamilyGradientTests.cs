using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tests.Models;
using Spar.Engine.Training;

namespace Spar.Engine.Tests.Training;

/// <summary>Loss and gradients of every family against the naive double-precision model and its central differences.</summary>
public sealed class FamilyGradientTests : IDisposable
{
    private const int EntriesPerTensor = 4;

    private readonly ThreadTeam _team = new(2);

    public void Dispose() => _team.Dispose();

    [Theory]
    [MemberData(nameof(FamilyModel.Names), MemberType = typeof(FamilyModel))]
    public void Loss_and_gradients_match_the_naive_model(string name)
    {
        FamilyModel model = FamilyModel.Get(name);
        WeightedSequence[] batch = Batch(model);
        using LlamaTrainer trainer = new(LlamaParameters.FromTensors(model.Config, model.Checkpoint.Tensors), new AdamWOptions(), _team);
        (double loss, _) = trainer.SupervisedGradients([.. batch.Select(s => s.ForTraining)]);

        NaiveModel naive = new(model.Json, model.Checkpoint.Tensors);
        double total = batch.Sum(s => s.Weights.Skip(1).Sum(w => (double)w));
        double Loss() => batch.Sum(naive.NegativeLogLikelihood) / total;
        Assert.Equal(Loss(), loss, 1e-5);
        Assert.Equal(ModelTensors.Shapes(model.Config).Select(t => t.Name), trainer.Gradients.Select(g => g.Name));
        Random random = new(3);
        foreach (NamedTensor gradient in trainer.Gradients)
        {
            double[] weights = naive.Weights[gradient.Name];
            float largest = gradient.Tensor.Data.Max(Math.Abs);
            Assert.True(largest > 0, gradient.Name);
            for (int entry = 0; entry < EntriesPerTensor; entry++)
            {
                // Half of the entries among those that matter most.
                int i = entry % 2 == 0 ? random.Next(weights.Length) : Array.FindIndex(gradient.Tensor.Data, g => Math.Abs(g) > largest / 2);
                double kept = weights[i], step = 1e-5;
                weights[i] = kept + step;
                double above = Loss();
                weights[i] = kept - step;
                double measured = (above - Loss()) / (2 * step);
                weights[i] = kept;
                double difference = Math.Abs(measured - gradient.Tensor.Data[i]);
                Assert.True(difference <= 2e-6 + (2e-5 * largest), $"{gradient.Name}[{i}]: {gradient.Tensor.Data[i]}, but {measured} measured");
            }
        }
    }

    [Theory]
    [MemberData(nameof(FamilyModel.Names), MemberType = typeof(FamilyModel))]
    public void Gradients_have_the_same_bits_when_activations_are_computed_again_and_on_any_number_of_threads(string name)
    {
        FamilyModel model = FamilyModel.Get(name);
        float[][] Gradients(int threads, long activationBytes)
        {
            using ThreadTeam team = new(threads);
            using LlamaTrainer trainer = new(LlamaParameters.FromTensors(model.Config, model.Checkpoint.Tensors), new AdamWOptions(), team, null, activationBytes);
            trainer.SupervisedGradients([.. Batch(model).Select(s => s.ForTraining)]);
            return [.. trainer.Gradients.Select(g => g.Tensor.Data)];
        }

        float[][] expected = Gradients(1, long.MaxValue);
        Assert.Equal(expected, Gradients(2, long.MaxValue));
        Assert.Equal(expected, Gradients(2, 0));
    }

    private static WeightedSequence[] Batch(FamilyModel model) =>
    [
        .. new[] { 21, 2, 13 }.Select((length, n) => new WeightedSequence(model.Ids(length, n), [.. Enumerable.Range(0, length).Select(i => i % 4 == 3 ? 0 : 0.5f * (1 + (i % 2)))])),
    ];
}
