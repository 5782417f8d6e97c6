using Spar.Engine.Inference;
using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Tests.Inference;

/// <summary>Logits straight from the forward pass.</summary>
internal static class Logits
{
    /// <summary>Logits of every position, [ids, V], in one pass on two threads.</summary>
    public static float[] Of(ModelConfig config, IReadOnlyDictionary<string, Tensor> tensors, int[] ids) =>
        Of(ModelWeights.FromTensors(config, tensors), ids);

    /// <summary>Logits of every position, [ids, V], in passes of some rows (0: one pass).</summary>
    public static float[] Of(
        ModelWeights weights, int[] ids, Arithmetic arithmetic = Arithmetic.Exact, int threads = 2, int passRows = 0)
    {
        ModelConfig config = weights.Config;
        int blocks = (ids.Length + KvCache.BlockSize - 1) / KvCache.BlockSize;
        using KvCache cache = new(config, blocks);
        using ThreadTeam team = new(threads);
        using LlamaForward forward = new(weights, cache, team, ids.Length, arithmetic);
        int[] table = [.. Enumerable.Range(0, blocks)];
        List<float> logits = [];
        foreach (int[] pass in Enumerable.Range(0, ids.Length).Chunk(passRows > 0 ? passRows : ids.Length))
        {
            ForwardBatch batch = new(ids.Length);
            foreach (int i in pass)
            {
                batch.Add(ids[i], i, table, needsLogits: true);
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
