using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;
using Spar.Engine.Tests.Models;
using Spar.Engine.Training;
using Spar.Engine.Training.Losses;

namespace Spar.Engine.Tests.Training;

public class LlamaTrainerTests
{
    private static readonly ModelConfig s_config = new()
    {
        ModelType = "llama",
        VocabSize = 67,
        HiddenSize = 40,
        IntermediateSize = 72,
        LayerCount = 2,
        HeadCount = 4,
        KvHeadCount = 2,
        HeadDim = 10,
        MaxPositions = 64,
        TieWordEmbeddings = true,
    };

    [Fact]
    public void Steps_have_the_same_bytes_at_any_thread_count() => AssertSame(Train(1, 0), Train(3, 0));

    [Fact]
    public void A_resumed_training_ends_in_the_bytes_of_an_uninterrupted_one() => AssertSame(Train(2, 0), Train(2, 2));

    [Fact]
    public void Learns_a_sequence_by_heart()
    {
        using ThreadTeam team = new(2);
        using LlamaTrainer trainer = new(LlamaParameters.Initialize(s_config, 3), new AdamWOptions(), team);
        TrainingSequence[] batch = [Sequence(30, 5), Sequence(50, 6)];
        double first = trainer.Step(new CrossEntropy(), batch, 1e-2).Figures.Loss,
            last = first;
        for (int step = 0; step < 60; step++)
        {
            last = trainer.Step(new CrossEntropy(), batch, 1e-2).Figures.Loss;
        }

        Assert.InRange(first, 3.5, 5);
        Assert.InRange(last, 0, 0.1);
    }

    [Fact]
    public void Preference_steps_raise_the_margin()
    {
        using ThreadTeam team = new(2);
        using LlamaTrainer trainer = new(LlamaParameters.Initialize(s_config, 3), new AdamWOptions(), team);
        TrainingSequence[] sequences = [Sequence(20, 1), Sequence(25, 2)];
        double[] reference = trainer.SequenceLogProbs(sequences);
        TrainingPair pair = new(sequences[0], sequences[1], reference[0], reference[1]);
        LossFigures first = trainer.Step(new Dpo(0.1, 0.1), [pair], 1e-3).Figures;
        Assert.Equal(0, first.RewardMargin!.Value, 1e-6);
        LossFigures last = first;
        for (int step = 0; step < 10; step++)
        {
            last = trainer.Step(new Dpo(0.1, 0.1), [pair], 1e-3).Figures;
        }

        Assert.True(last.RewardMargin > 0.5 && last.RewardAccuracy == 1, last.ToString());
    }

    [Fact]
    public void A_step_without_targets_is_refused()
    {
        using ThreadTeam team = new(1);
        using LlamaTrainer trainer = new(LlamaParameters.Initialize(s_config, 3), new AdamWOptions(), team);
        Assert.Throws<EngineException>(() =>
            trainer.Step(new CrossEntropy(), [new TrainingSequence([1, 2, 3], 3)], 1e-3)
        );
        Assert.Throws<EngineException>(() =>
            trainer.Step(new CrossEntropy(), [new TrainingSequence([1, 2, 67], 1)], 1e-3)
        );
    }

    private static TrainingSequence Sequence(int length, int seed)
    {
        Random random = new(seed);
        return new TrainingSequence(
            [.. Enumerable.Range(0, length).Select(_ => random.Next(s_config.VocabSize))],
            Math.Min(3, length - 1)
        );
    }

    /// <summary>
    /// Four steps of both kinds; with <paramref name="stopAfter"/> above 0 the trainer is thrown away after that step
    /// and made anew from its state.
    /// </summary>
    private static LlamaParameters Train(int threads, int stopAfter)
    {
        ThreadTeam team = new(threads);
        LlamaTrainer trainer = new(LlamaParameters.Initialize(s_config, 7), new AdamWOptions { WeightDecay = 0.1 }, team);
        TrainingSequence[] rows = [.. Enumerable.Range(0, 70).Select(i => Sequence(2 + ((i * 37) % 150), i))];
        TrainingPair[] pairs =
        [
            .. Enumerable.Range(0, 12).Select(i => new TrainingPair(rows[20 + i], rows[40 + i], -50 - i, -60 + i)),
        ];
        for (int step = 0; step < 4; step++)
        {
            if (step % 2 == 0)
            {
                trainer.Step(new CrossEntropy(), rows, 1e-2);
            }
            else
            {
                trainer.Step(new Dpo(0.1, 0.1), pairs, 1e-2);
            }

            if (step + 1 == stopAfter)
            {
                LlamaParameters parameters = trainer.Parameters.Clone();
                Dictionary<string, Tensor> state = trainer.Optimizer.State.ToDictionary(
                    s => s.Key,
                    s => ParameterCopies.Copy(s.Value)
                );
                int steps = trainer.Optimizer.StepCount;
                trainer.Dispose();
                trainer = new LlamaTrainer(parameters, new AdamWOptions { WeightDecay = 0.1 }, team);
                trainer.Optimizer.Restore(steps, state);
            }
        }

        trainer.Dispose();
        team.Dispose();
        return trainer.Parameters;
    }

    private static void AssertSame(LlamaParameters a, LlamaParameters b) =>
        Assert.All(
            a.All.Zip(b.All),
            pair => Assert.True(pair.First.Tensor.Data.AsSpan().SequenceEqual(pair.Second.Tensor.Data), pair.First.Name)
        );
}
