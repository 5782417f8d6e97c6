using System.Text.Json;
using Spar.Engine.Checkpoints;
using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;
using Spar.Engine.Training;
using Spar.Engine.Training.Losses;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Training;

/// <summary>
/// The numbers of the Python reference libraries, at the tolerances that the fixtures' README asks for.
/// </summary>
public sealed class ReferenceTrainingTests : IDisposable
{
    private readonly ThreadTeam _team = new(2);

    public void Dispose() => _team.Dispose();

    [Theory]
    [InlineData("llama3-tiny")]
    [InlineData("llama-tiny-tied")]
    public unsafe void Logits_and_continuations_of_the_model(string model)
    {
        Fixture fixture = new(model);
        JsonElement golden = Fixture.Json("models", model, "golden.json");
        IReadOnlyDictionary<string, Tensor> logits = Safetensors.Load(
            SharedData.Path("fixtures", "models", model, "golden.safetensors")
        );
        LlamaParameters parameters = fixture.Model();
        using LlamaGraph graph = new(parameters, _team);
        TokenBatch batch = new();
        foreach (JsonElement prompt in golden.GetProperty("prompts").EnumerateArray())
        {
            int[] ids = Fixture.Ints(prompt.GetProperty("ids")),
                continuation = Fixture.Ints(prompt.GetProperty("continuation"));
            Tensor expected = logits[prompt.GetProperty("logits_key").GetString()!];
            int vocabulary = parameters.Config.VocabSize,
                rows = expected.Count / vocabulary;
            batch.Fill(new TrainingSequence([.. ids, 0], ids.Length + 1 - rows));
            graph.Forward(batch);
            for (int r = 0; r < rows; r++)
            {
                AssertClose(
                    expected.Data.AsSpan(r * vocabulary, vocabulary),
                    graph.Logits(r),
                    2e-4,
                    $"{model} logits {r}"
                );
            }

            batch.Fill(new TrainingSequence([.. ids, .. continuation], ids.Length));
            double[] logProbs = Fixture.Doubles(prompt.GetProperty("continuation_token_logprobs"));
            float[] computed = graph.Forward(batch).ToArray();
            for (int i = 0; i < logProbs.Length; i++)
            {
                Assert.Equal(logProbs[i], computed[i], 5e-5);
            }
        }
    }

    [Theory]
    [InlineData("llama3-tiny")]
    [InlineData("llama-tiny-tied")]
    public void Supervised_loss_and_every_gradient(string model)
    {
        Fixture fixture = new(model);
        using LlamaTrainer trainer = new(fixture.Model(), new AdamWOptions(), _team);
        double loss = trainer.ComputeGradients(new CrossEntropy(), fixture.SftBatch()).Figures.Loss;
        Assert.Equal(fixture.Sft.GetProperty("loss").GetDouble(), loss, 1e-5);
        AssertGradients(fixture.Tensors("sft_grads.safetensors"), trainer.Gradients, all: true);
    }

    [Theory]
    [InlineData("llama3-tiny", true)]
    [InlineData("llama3-tiny", false)]
    [InlineData("llama-tiny-tied", true)]
    [InlineData("llama-tiny-tied", false)]
    public void Three_optimizer_steps(string model, bool decayAll)
    {
        Fixture fixture = new(model);
        JsonElement run = fixture.Sft.GetProperty(decayAll ? "adamw" : "adamw_hf_trainer_groups");
        double[] losses = Fixture.Doubles(run.GetProperty("loss_before_step")),
            norms = Fixture.Doubles(run.GetProperty("grad_norm_before_clip_per_step"));
        AdamWOptions options = new() { WeightDecay = 0.1, DecayNormsAndBiases = decayAll };
        using LlamaTrainer trainer = new(fixture.Model(), options, _team);
        for (int step = 1; step <= 3; step++)
        {
            StepResult result = trainer.Step(new CrossEntropy(), fixture.SftBatch(), 1e-3);
            Assert.Equal(losses[step - 1], result.Figures.Loss, 1e-5);
            Assert.Equal(norms[step - 1], result.GradientNorm, 1e-3);
            if (step != 2)
            {
                AssertParameters(fixture, step, decayAll, trainer.Parameters);
            }
        }

        Assert.Equal(
            run.GetProperty("loss_after_step3").GetDouble(),
            trainer.ComputeGradients(new CrossEntropy(), fixture.SftBatch()).Figures.Loss,
            1e-5
        );
    }

    [Theory]
    [InlineData("llama3-tiny", false)]
    [InlineData("llama3-tiny", true)]
    [InlineData("llama-tiny-tied", false)]
    [InlineData("llama-tiny-tied", true)]
    public void Preference_loss_and_gradients(string model, bool withLikelihood)
    {
        Fixture fixture = new(model);
        TrainingSequence[] sequences = fixture.DpoSequences();
        double[] reference;
        using (LlamaTrainer start = new(fixture.Model(), new AdamWOptions(), _team))
        {
            reference = start.SequenceLogProbs(sequences);
        }

        double[] chosen = Fixture.Doubles(fixture.Dpo.GetProperty("reference_chosen_logps")),
            rejected = Fixture.Doubles(fixture.Dpo.GetProperty("reference_rejected_logps"));
        List<TrainingPair> pairs = [];
        for (int p = 0; p < Fixture.Pairs; p++)
        {
            Assert.Equal(chosen[p], reference[2 * p], 5e-4);
            Assert.Equal(rejected[p], reference[(2 * p) + 1], 5e-4);
            pairs.Add(
                new TrainingPair(sequences[2 * p], sequences[(2 * p) + 1], reference[2 * p], reference[(2 * p) + 1])
            );
        }

        using LlamaTrainer trainer = new(fixture.Policy(), new AdamWOptions(), _team);
        LossFigures result = trainer.ComputeGradients(new Dpo(0.1, withLikelihood ? 0.1 : 0), pairs).Figures;
        JsonElement ftx = fixture.Dpo.GetProperty("ftx");
        Assert.Equal(
            withLikelihood ? ftx.GetProperty("loss").GetDouble() : fixture.Dpo.GetProperty("dpo_loss").GetDouble(),
            result.Loss,
            1e-5
        );
        Assert.Equal(fixture.Dpo.GetProperty("reward_margin").GetDouble(), result.RewardMargin!.Value, 5e-5);
        Assert.Equal(fixture.Dpo.GetProperty("reward_accuracy").GetDouble(), result.RewardAccuracy);
        AssertGradients(
            fixture.Tensors(withLikelihood ? "dpo_ftx_grads.safetensors" : "dpo_grads.safetensors"),
            trainer.Gradients,
            all: !withLikelihood
        );
        double norm = withLikelihood
            ? ftx.GetProperty("grad_norm").GetDouble()
            : fixture.Dpo.GetProperty("dpo_grad_norm").GetDouble();
        Assert.Equal(norm, trainer.Optimizer.Step(trainer.Gradients, 0), 1e-3);
    }

    private static void AssertGradients(
        IReadOnlyDictionary<string, Tensor> expected,
        IReadOnlyList<NamedTensor> gradients,
        bool all
    )
    {
        int compared = 0;
        foreach (NamedTensor gradient in gradients)
        {
            if (expected.TryGetValue(gradient.Name, out Tensor? tensor))
            {
                AssertClose(tensor.Data, gradient.Tensor.Data, 1e-5, gradient.Name);
                compared++;
            }
        }

        Assert.Equal(expected.Count, compared);
        Assert.True(!all || compared == gradients.Count);
    }

    private static void AssertParameters(Fixture fixture, int step, bool decayAll, LlamaParameters parameters)
    {
        IReadOnlyDictionary<string, Tensor> expected = decayAll
            ? fixture.Tensors($"sft_params_step{step}.safetensors")
            : fixture.Tensors("sft_params_hf_groups_no_decay.safetensors");
        string prefix = decayAll ? string.Empty : $"step{step}.";
        int compared = 0,
            total = 0,
            off = 0;
        foreach (NamedTensor parameter in parameters.All)
        {
            if (!expected.TryGetValue(prefix + parameter.Name, out Tensor? tensor))
            {
                continue;
            }

            compared++;
            total += tensor.Count;
            AssertClose(tensor.Data, parameter.Tensor.Data, 2e-4, parameter.Name);
            for (int i = 0; i < tensor.Count; i++)
            {
                off += Math.Abs(tensor.Data[i] - parameter.Tensor.Data[i]) > 2e-6 ? 1 : 0;
            }
        }

        Assert.True(compared > 0);
        Assert.True(off <= 0.001 * total, $"{off} of {total} parameters are off by more than 2e-6 after step {step}");
    }

    private static void AssertClose(
        ReadOnlySpan<float> expected,
        ReadOnlySpan<float> actual,
        double tolerance,
        string what
    )
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(
                Math.Abs(expected[i] - actual[i]) <= tolerance,
                $"{what}[{i}] is {actual[i]}, not {expected[i]}"
            );
        }
    }
}
