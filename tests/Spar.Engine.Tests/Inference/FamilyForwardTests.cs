using Spar.Engine.Checkpoints;
using Spar.Engine.Inference;
using Spar.Engine.Kernels;
using Spar.Engine.Tests.Models;

namespace Spar.Engine.Tests.Inference;

/// <summary>Every family, with head sizes that fit nothing, against the naive double-precision model.</summary>
public class FamilyForwardTests
{
    [Theory]
    [MemberData(nameof(FamilyModel.Names), MemberType = typeof(FamilyModel))]
    public void Logits_match_the_naive_model(string name)
    {
        FamilyModel model = FamilyModel.Get(name);
        int[] ids = model.Ids(45, 1);
        double[][] expected = new NaiveModel(model.Json, model.Checkpoint.Tensors).Logits(ids);
        double spread = Math.Sqrt(expected.SelectMany(row => row).Average(x => x * x));
        Assert.InRange(spread, 0.5, 10);
        float[] few = Logits(model.Checkpoint, ids, piece: 5),
            all = Logits(model.Checkpoint, ids, piece: 45);
        Assert.Equal(all, few);
        for (int i = 0; i < all.Length; i++)
        {
            double difference = Math.Abs(all[i] - expected[i / model.Config.VocabSize][i % model.Config.VocabSize]);
            Assert.True(difference <= 5e-5, $"{name}, position {i / model.Config.VocabSize}: off by {difference}");
        }
    }

    /// <summary>Logits of all positions of at most 64 tokens, computed in passes of a number of rows.</summary>
    internal static float[] Logits(Checkpoint model, int[] ids, int piece)
    {
        using KvCache cache = new(model.Config, 4);
        using ThreadTeam team = new(2);
        using LlamaForward forward = new(
            ModelWeights.FromTensors(model.Config, model.Tensors),
            cache,
            team,
            ids.Length
        );
        List<float> logits = [];
        for (int start = 0; start < ids.Length; start += piece)
        {
            ForwardBatch batch = new(ids.Length);
            for (int i = start; i < Math.Min(ids.Length, start + piece); i++)
            {
                batch.Add(ids[i], i, [0, 1, 2, 3], needsLogits: true);
            }

            forward.Run(batch);
            for (int row = 0; row < batch.LogitCount; row++)
            {
                logits.AddRange(forward.Logits(row));
            }
        }

        return [.. logits];
    }
}
