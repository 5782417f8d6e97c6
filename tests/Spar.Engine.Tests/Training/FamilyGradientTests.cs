using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tests.Models;
using Spar.Engine.Training;
using Spar.Engine.Training.Losses;

namespace Spar.Engine.Tests.Training;

/// <summary>
/// Loss and gradients of every family against the naive double-precision model and its central differences.
/// </summary>
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
        using LlamaTrainer trainer = new(
            LlamaParameters.FromTensors(model.Config, model.Checkpoint.Tensors),
            new AdamWOptions(),
            _team
        );
        double loss = trainer.ComputeGradients(new CrossEntropy(), [.. batch.Select(s => s.ForTraining)]).Figures.Loss;

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
                int i =
                    entry % 2 == 0
                        ? random.Next(weights.Length)
                        : Array.FindIndex(gradient.Tensor.Data, g => Math.Abs(g) > largest / 2);
                double kept = weights[i],
                    step = 1e-5;
                weights[i] = kept + step;
                double above = Loss();
                weights[i] = kept - step;
                double measured = (above - Loss()) / (2 * step);
                weights[i] = kept;
                double difference = Math.Abs(measured - gradient.Tensor.Data[i]);
                Assert.True(
                    difference <= 2e-6 + (2e-5 * largest),
                    $"{gradient.Name}[{i}]: {gradient.Tensor.Data[i]}, but {measured} measured"
                );
            }
        }
    }

    /// <summary>Several examples in one row of tokens do not see each other: each gives what it gives alone.</summary>
    [Theory]
    [MemberData(nameof(FamilyModel.Names), MemberType = typeof(FamilyModel))]
    public void Packed_examples_give_the_loss_and_gradients_of_each_alone(string name)
    {
        FamilyModel model = FamilyModel.Get(name);
        TrainingSequence[] batch =
        [
            .. new[] { 150, 3, 40, 97 }.Select((length, n) => new TrainingSequence(model.Ids(length, n), 1 + (n % 2))),
        ];
        using LlamaTrainer trainer = new(
            LlamaParameters.FromTensors(model.Config, model.Checkpoint.Tensors),
            new AdamWOptions(),
            _team
        );
        double loss = trainer.ComputeGradients(new CrossEntropy(), batch).Figures.Loss,
            total = batch.Sum(s => s.TargetCount),
            sum = 0;
        float[][] packed = [.. trainer.Gradients.Select(g => (float[])g.Tensor.Data.Clone())];
        double[][] alone = [.. packed.Select(g => new double[g.Length])];
        foreach (TrainingSequence sequence in batch)
        {
            double share = sequence.TargetCount / total;
            sum += share * trainer.ComputeGradients(new CrossEntropy(), [sequence]).Figures.Loss;
            for (int t = 0; t < alone.Length; t++)
            {
                for (int i = 0; i < alone[t].Length; i++)
                {
                    alone[t][i] += share * trainer.Gradients[t].Tensor.Data[i];
                }
            }
        }

        Assert.Equal(sum, loss, 1e-6);
        for (int t = 0; t < alone.Length; t++)
        {
            double tolerance = 1e-6 + (2e-6 * alone[t].Max(Math.Abs));
            Assert.All(alone[t].Zip(packed[t]), pair => Assert.Equal(pair.First, pair.Second, tolerance));
        }
    }

    /// <summary>A step goes through the graph in batches of limited size, whose gradients add up.</summary>
    [Fact]
    public void A_large_step_gives_the_mean_of_its_parts()
    {
        FamilyModel model = FamilyModel.Get("qwen2");
        TrainingSequence[] rows = [.. Enumerable.Range(0, 30).Select(n => new TrainingSequence(model.Ids(101, n), 1))];
        using LlamaTrainer trainer = new(
            LlamaParameters.FromTensors(model.Config, model.Checkpoint.Tensors),
            new AdamWOptions(),
            _team
        );
        double[][] Step(TrainingSequence[] part, out double loss)
        {
            loss = trainer.ComputeGradients(new CrossEntropy(), part).Figures.Loss;
            return [.. trainer.Gradients.Select(g => g.Tensor.Data.Select(x => (double)x).ToArray())];
        }

        double[][] whole = Step(rows, out double all),
            first = Step(rows[..15], out double one),
            second = Step(rows[15..], out double two);
        Assert.Equal((one + two) / 2, all, 1e-7);
        for (int t = 0; t < whole.Length; t++)
        {
            double tolerance = 1e-6 + (2e-6 * whole[t].Max(Math.Abs));
            Assert.All(
                Enumerable.Range(0, whole[t].Length),
                i => Assert.Equal((first[t][i] + second[t][i]) / 2, whole[t][i], tolerance)
            );
        }
    }

    [Fact]
    public void Gradients_of_a_long_sequence_match_the_naive_model()
    {
        FamilyModel model = FamilyModel.Get("qwen3");
        WeightedSequence sequence = new(model.Ids(230, 5), [.. Enumerable.Repeat(1f, 230)]);
        using LlamaTrainer trainer = new(
            LlamaParameters.FromTensors(model.Config, model.Checkpoint.Tensors),
            new AdamWOptions(),
            _team
        );
        trainer.ComputeGradients(new CrossEntropy(), [sequence.ForTraining]);
        NaiveModel naive = new(model.Json, model.Checkpoint.Tensors);
        foreach (
            string name in new[]
            {
                "input_layernorm.weight",
                "self_attn.q_norm.weight",
                "self_attn.k_proj.weight",
                "mlp.down_proj.weight",
            }
        )
        {
            NamedTensor gradient = trainer.Gradients.Single(g => g.Name == "model.layers.0." + name);
            double[] weights = naive.Weights[gradient.Name];
            int i = Array.IndexOf([.. gradient.Tensor.Data.Select(Math.Abs)], gradient.Tensor.Data.Max(Math.Abs));
            double kept = weights[i],
                step = 1e-5;
            weights[i] = kept + step;
            double above = naive.NegativeLogLikelihood(sequence);
            weights[i] = kept - step;
            double measured = (above - naive.NegativeLogLikelihood(sequence)) / (2 * step) / 229;
            weights[i] = kept;
            Assert.Equal(measured, gradient.Tensor.Data[i], 2e-6 + (2e-5 * Math.Abs(measured)));
        }
    }

    private static WeightedSequence[] Batch(FamilyModel model) =>
        [
            .. new[] { 21, 2, 13 }.Select(
                (length, n) =>
                    new WeightedSequence(
                        model.Ids(length, n),
                        [.. Enumerable.Range(0, length).Select(i => i % 4 == 3 ? 0 : 0.5f * (1 + (i % 2)))]
                    )
            ),
        ];
}
