using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tests.Models;
using Spar.Engine.Training;
using Spar.Engine.Training.Losses;

namespace Spar.Engine.Tests.Training;

/// <summary>Several ranks that share the batches of each step end in the bytes of one.</summary>
public sealed class RankTests
{
    public static TheoryData<string, int, bool> Cases
    {
        get
        {
            TheoryData<string, int, bool> cases = [];
            foreach ((int i, string name) in FamilyModel.Names.Select(row => row.Data).Index())
            {
                cases.Add(name, 2 + (i % 3), i % 4 == 3);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Steps_have_the_same_bytes_on_any_number_of_ranks(string family, int ranks, bool lora)
    {
        List<Outcome> outcomes = Train(family, ranks, lora, summedLogits: null);
        Outcome alone = Train(family, 1, lora, summedLogits: null)[0];
        Assert.Equal(ranks, outcomes.Count);
        Assert.All(outcomes, outcome => AssertSame(alone, outcome));
    }

    [Fact]
    public void The_same_holds_where_not_all_logits_are_kept()
    {
        string family = FamilyModel.Names.Last().Data;
        Outcome alone = Train(family, 1, lora: false, summedLogits: 100)[0];
        Assert.All(Train(family, 3, lora: false, summedLogits: 100), outcome => AssertSame(alone, outcome));
    }

    private static void AssertSame(Outcome expected, Outcome actual)
    {
        Assert.Equal(expected.Steps, actual.Steps);
        Assert.Equal(expected.Reference, actual.Reference);
        Assert.All(
            expected.Trained.Zip(actual.Trained),
            pair => Assert.True(pair.First.SequenceEqual(pair.Second)));
    }

    /// <summary>
    /// A step of supervised rows, of which a batch in the middle teaches nothing, one of a single batch, and one of
    /// preference pairs.
    /// </summary>
    private static List<Outcome> Train(string family, int ranks, bool lora, long? summedLogits)
    {
        FamilyModel model = FamilyModel.Get(family);
        TrainingSequence[] rows =
        [
            .. Enumerable.Range(0, 60).Select(i => new TrainingSequence(
                model.Ids(3 + (i * 37 % 50), i), i is > 15 and < 44 ? 500 : 1 + (i % 2))),
        ];
        TrainingSequence[] taught = [.. rows.Where(row => row.TargetCount > 0)];
        List<Outcome> outcomes = [];
        new RankThreads(ranks).Run(group =>
        {
            using ThreadTeam team = new(1 + (group.Rank % 2));
            LlamaParameters parameters = LlamaParameters.FromTensors(model.Config, model.Checkpoint.Tensors).Clone();
            LoraAdapter? adapter = lora
                ? LoraAdapter.Initialize(parameters, new LoraSettings { Rank = 4, Alpha = 8 }, 1)
                : null;
            using LlamaTrainer trainer = new(
                parameters, new AdamWOptions { WeightDecay = 0.1 }, team, adapter, ranks: group)
            {
                BatchTokens = 256,
            };
            if (summedLogits is { } logits)
            {
                trainer.SummedLogits = logits * model.Config.VocabSize;
            }

            List<StepResult> steps = [];
            steps.Add(trainer.Step(new CrossEntropy(), rows, 1e-2));
            steps.Add(trainer.Step(new CrossEntropy(), taught[..2], 1e-2));
            double[] reference = trainer.SequenceLogProbs(taught);
            int half = taught.Length / 2;
            TrainingPair[] pairs =
            [
                .. Enumerable.Range(0, half).Select(i => new TrainingPair(
                    taught[i], taught[half + i], reference[i], reference[half + i])),
            ];
            steps.Add(trainer.Step(new Dpo(0.1, 0.1), pairs, 1e-2));
            steps.Add(trainer.Step(new CrossEntropy(), rows, 1e-2));
            lock (outcomes)
            {
                outcomes.Add(new(steps, reference, [.. trainer.Trained.Select(one => one.Tensor.Data.ToArray())]));
            }
        });
        return outcomes;
    }

    private sealed record Outcome(List<StepResult> Steps, double[] Reference, List<float[]> Trained);
}
