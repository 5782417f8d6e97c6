using FsCheck;
using FsCheck.Fluent;
using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;
using Spar.Engine.Tests.Models;
using Spar.Engine.Training;
using Spar.Engine.Training.Losses;

namespace Spar.Engine.Tests.Training;

/// <summary>
/// What a training step gives depends neither on the number of threads nor on what is computed again, to the last bit,
/// whatever the family.
/// </summary>
public class TrainingPropertyTests
{
    [Theory]
    [MemberData(nameof(FamilyModel.Names), MemberType = typeof(FamilyModel))]
    public void Steps_have_the_same_bytes_on_any_threads_and_when_activations_are_computed_again(string name)
    {
        FamilyModel model = FamilyModel.Get(name);
        Gen<(int Seed, bool Lora, DType Type, int[] Lengths)> cases =
            from seed in Gen.Choose(0, int.MaxValue)
            from lora in Gen.Elements(true, false)
            from type in Gen.Elements(DType.Float32, DType.BFloat16)
            from lengths in Gen.Choose(2, 130).ListOf(4)
            select (seed, lora, type, lengths.ToArray());
        Prop.ForAll(
                cases.ToArbitrary(),
                t =>
                {
                    TrainingSequence[] rows =
                    [
                        .. t.Lengths.Select(
                            (length, i) => new TrainingSequence(model.Ids(length, t.Seed ^ i), 1 + (length / 3))
                        ),
                    ];
                    LlamaParameters start = LlamaParameters.FromTensors(model.Config, model.Checkpoint.Tensors);
                    float[][] expected = Train(start, rows, t.Lora, 1, long.MaxValue, t.Type);
                    Assert.Equal(expected, Train(start, rows, t.Lora, 2, long.MaxValue, t.Type));
                    Assert.Equal(expected, Train(start, rows, t.Lora, 2, 0, t.Type));
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(3));
    }

    [Theory]
    [InlineData(false, DType.Float32)]
    [InlineData(true, DType.Float32)]
    [InlineData(false, DType.BFloat16)]
    [InlineData(true, DType.BFloat16)]
    public void Steps_have_the_same_bytes_whatever_memory_they_may_take(bool lora, DType dtype)
    {
        // Enough layers that some are kept and some not, and enough targets for several pieces of logits.
        ModelConfig config = new()
        {
            ModelType = "llama",
            VocabSize = 67,
            HiddenSize = 40,
            IntermediateSize = 72,
            LayerCount = 5,
            HeadCount = 4,
            KvHeadCount = 2,
            HeadDim = 10,
            MaxPositions = 512,
            TieWordEmbeddings = !lora,
        };
        LlamaParameters parameters = LlamaParameters.Initialize(config, 1);
        Random random = new(2);
        TrainingSequence[] rows =
        [
            .. ((int[])[400, 120, 460, 401]).Select(length => new TrainingSequence(
                [.. Enumerable.Range(0, length).Select(_ => random.Next(config.VocabSize))],
                1 + (length % 7)
            )),
        ];
        float[][] expected = Train(parameters, rows, lora, 1, long.MaxValue, dtype);
        foreach (int mebibytes in (int[])[0, 7, 8, 10, 14])
        {
            Assert.Equal(expected, Train(parameters, rows, lora, 2, mebibytes << 20, dtype, pieceLogits: 1));
        }
    }

    [Theory]
    [MemberData(nameof(FamilyModel.Names), MemberType = typeof(FamilyModel))]
    public void Gradients_do_not_depend_on_the_batch_before(string name)
    {
        // The last layer leaves out rows that no target needs: what an earlier batch left in their place must not
        // count.
        FamilyModel model = FamilyModel.Get(name);
        TrainingSequence[] before = [new(model.Ids(150, 1), 1), new(model.Ids(170, 2), 1)];
        TrainingSequence[] rows = [new(model.Ids(120, 3), 70), new(model.Ids(40, 4), 1), new(model.Ids(90, 5), 85)];
        foreach (DType dtype in (DType[])[DType.Float32, DType.BFloat16])
        {
            Assert.Equal(Gradients(model, [rows], dtype), Gradients(model, [before, rows], dtype));
        }
    }

    [Theory]
    [MemberData(nameof(FamilyModel.Names), MemberType = typeof(FamilyModel))]
    public void Gradients_of_rounded_products_point_where_the_exact_ones_do(string name)
    {
        FamilyModel model = FamilyModel.Get(name);
        TrainingSequence[] rows = [new(model.Ids(120, 3), 70), new(model.Ids(40, 4), 1)];
        float[][] exact = Gradients(model, [rows], DType.Float32), rounded = Gradients(model, [rows], DType.BFloat16);
        for (int i = 0; i < exact.Length; i++)
        {
            double product = 0, ofExact = 0, ofRounded = 0;
            for (int j = 0; j < exact[i].Length; j++)
            {
                product += (double)exact[i][j] * rounded[i][j];
                ofExact += (double)exact[i][j] * exact[i][j];
                ofRounded += (double)rounded[i][j] * rounded[i][j];
            }

            // 8 significant bits leave errors of some thousandths; the cosine of such an angle.
            Assert.InRange(product / Math.Sqrt(ofExact * ofRounded), 0.999, 1.000001);
            Assert.InRange(ofRounded / ofExact, 0.95, 1.05);
            Assert.NotEqual(exact[i], rounded[i]);
        }
    }

    private static float[][] Gradients(FamilyModel model, TrainingSequence[][] steps, DType dtype)
    {
        using ThreadTeam team = new(2);
        using LlamaTrainer trainer = new(
            LlamaParameters.FromTensors(model.Config, model.Checkpoint.Tensors).Clone(),
            new AdamWOptions(),
            team,
            dtype: dtype
        );
        foreach (TrainingSequence[] step in steps)
        {
            trainer.ComputeGradients(new CrossEntropy(), step);
        }

        return [.. trainer.Gradients.Select(gradient => gradient.Tensor.Data)];
    }

    /// <summary>A supervised step and a preference step; what is trained, and the optimizer's moments.</summary>
    private static float[][] Train(
        LlamaParameters start,
        TrainingSequence[] rows,
        bool lora,
        int threads,
        long activationBytes,
        DType dtype,
        long? pieceLogits = null
    )
    {
        using ThreadTeam team = new(threads);
        LlamaParameters parameters = start.Clone();
        LoraAdapter? adapter = lora ? LoraAdapter.Initialize(parameters, new LoraSettings { Rank = 4 }, 1) : null;
        using LlamaTrainer trainer = new(
            parameters,
            new AdamWOptions { WeightDecay = 0.1 },
            team,
            adapter,
            activationBytes,
            dtype: dtype
        );
        if (pieceLogits is { } piece)
        {
            trainer.PieceLogits = piece;
        }

        trainer.Step(new CrossEntropy(), rows, 1e-3);
        double[] reference = trainer.SequenceLogProbs(rows);
        TrainingPair[] pairs =
        [
            new(rows[0], rows[1], reference[0], reference[1]),
            new(rows[2], rows[3], reference[2], reference[3]),
        ];
        trainer.Step(new Dpo(0.1, 0.1), pairs, 1e-3);
        return
        [
            .. trainer.Trained.Select(p => p.Tensor.Data),
            .. trainer.Optimizer.State.Select(s => s.Value.Data),
            [.. reference.Select(r => (float)r)],
        ];
    }
}
