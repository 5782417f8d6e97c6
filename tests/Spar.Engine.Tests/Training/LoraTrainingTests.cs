using System.Text.Json;
using Spar.Engine.Checkpoints;
using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;
using Spar.Engine.Tests.Models;
using Spar.Engine.Training;
using Spar.Engine.Training.Losses;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Training;

public sealed class LoraTrainingTests : IDisposable
{
    private readonly ThreadTeam _team = new(2);

    public void Dispose() => _team.Dispose();

    [Fact]
    public void Loss_gradients_and_three_steps_are_those_of_the_reference()
    {
        string folder = SharedData.Path("fixtures", "lora", "llama-tiny-tied-r4");
        JsonElement lora = Fixture.Json("lora", "llama-tiny-tied-r4", "lora.json");
        TrainingSequence[] batch =
        [
            .. lora.GetProperty("sft_batch")
                .EnumerateArray()
                .Select(row => new TrainingSequence(
                    Fixture.Ints(row.GetProperty("ids")),
                    row.GetProperty("prompt_len").GetInt32()
                )),
        ];
        LlamaParameters model = new Fixture("llama-tiny-tied").Model(),
            untouched = model.Clone();
        LoraAdapter adapter = LoraFile.Load(folder, model);
        using LlamaTrainer trainer = new(
            model,
            new AdamWOptions { WeightDecay = 0.1, DecayNormsAndBiases = true },
            _team,
            adapter
        );

        Assert.Equal(
            lora.GetProperty("sft_loss").GetDouble(),
            trainer.ComputeGradients(new CrossEntropy(), batch).Figures.Loss,
            1e-5
        );
        AssertClose(Safetensors.Load(Path.Combine(folder, "sft_grads.safetensors")), trainer.Gradients, 1e-5);
        double[] losses = Fixture.Doubles(lora.GetProperty("loss_before_step"));
        for (int step = 0; step < 3; step++)
        {
            StepResult result = trainer.Step(new CrossEntropy(), batch, 1e-3);
            Assert.Equal(losses[step], result.Figures.Loss, 1e-5);
            Assert.True(
                step > 0
                    || Math.Abs(result.GradientNorm - lora.GetProperty("sft_grad_norm_before_clip").GetDouble()) < 1e-3
            );
        }

        AssertClose(Safetensors.Load(Path.Combine(folder, "adapter_step3.safetensors")), trainer.Trained, 2e-4);
        Assert.All(untouched.All.Zip(model.All), pair => Assert.Equal(pair.First.Tensor.Data, pair.Second.Tensor.Data));
    }

    /// <summary>dA = s B^T dW and dB = s dW A^T, where dW is the gradient of the merged model's weight.</summary>
    [Theory]
    [MemberData(nameof(FamilyModel.Names), MemberType = typeof(FamilyModel))]
    public void Gradients_follow_from_those_of_the_merged_model(string name)
    {
        FamilyModel family = FamilyModel.Get(name);
        TrainingSequence[] batch = [new(family.Ids(30, 1), 4), new(family.Ids(9, 2), 1)];
        LlamaParameters model = LlamaParameters.FromTensors(family.Config, family.Checkpoint.Tensors);
        LoraAdapter adapter = LoraAdapter.Initialize(model, new LoraSettings { Rank = 3, Alpha = 5 }, 1);
        Random random = new(2);
        foreach (LoraModule module in adapter.Modules)
        {
            for (int i = 0; i < module.B.Count; i++)
            {
                module.B.Data[i] = (float)(random.NextDouble() - 0.5) * 0.2f;
            }
        }

        using LlamaTrainer trainer = new(model, new AdamWOptions(), _team, adapter);
        double loss = trainer.ComputeGradients(new CrossEntropy(), batch).Figures.Loss;
        using LlamaTrainer whole = new(
            LlamaParameters.FromTensors(family.Config, adapter.MergeInto(family.Checkpoint.Tensors)),
            new AdamWOptions(),
            _team
        );
        Assert.Equal(whole.ComputeGradients(new CrossEntropy(), batch).Figures.Loss, loss, 1e-9);
        foreach (LoraModule module in adapter.Modules)
        {
            float[] dw = Gradient(whole, module.Name + ".weight"),
                da = Gradient(trainer, module.Name + ".lora_A.weight"),
                db = Gradient(trainer, module.Name + ".lora_B.weight");
            int rank = 3,
                inputs = module.A.Shape[1],
                outputs = module.B.Shape[0];
            float largest = dw.Max(Math.Abs);
            for (int k = 0; k < rank; k++)
            {
                for (int i = 0; i < inputs; i++)
                {
                    double expected =
                        module.Scale
                        * Enumerable
                            .Range(0, outputs)
                            .Sum(o => (double)module.B.Data[(o * rank) + k] * dw[(o * inputs) + i]);
                    Assert.Equal(expected, da[(k * inputs) + i], 1e-5 * Math.Max(1, largest));
                }

                for (int o = 0; o < outputs; o++)
                {
                    double expected =
                        module.Scale
                        * Enumerable
                            .Range(0, inputs)
                            .Sum(i => (double)module.A.Data[(k * inputs) + i] * dw[(o * inputs) + i]);
                    Assert.Equal(expected, db[(o * rank) + k], 1e-5 * Math.Max(1, largest));
                }
            }
        }
    }

    private static float[] Gradient(LlamaTrainer trainer, string name) =>
        trainer.Gradients.Single(g => g.Name == name).Tensor.Data;

    private static void AssertClose(
        IReadOnlyDictionary<string, Tensor> expected,
        IReadOnlyList<NamedTensor> actual,
        double tolerance
    )
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach (NamedTensor tensor in actual)
        {
            Assert.All(
                expected["base_model.model." + tensor.Name].Data.Zip(tensor.Tensor.Data),
                pair => Assert.Equal(pair.First, pair.Second, tolerance)
            );
        }
    }
}
