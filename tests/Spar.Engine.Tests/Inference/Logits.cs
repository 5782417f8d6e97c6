using Spar.Engine.Inference;
using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Tests.Inference;

/// <summary>Logits straight from the forward pass.</summary>
internal static class Logits
{
    /// <summary>Logits of every position, [ids, V], in one pass on two threads.</summary>
    public static float[] Of(ModelConfig config, IReadOnlyDictionary<string, Tensor> tensors, int[] ids)
    {
        int blocks = (ids.Length + KvCache.BlockSize - 1) / KvCache.BlockSize;
        using KvCache cache = new(config, blocks);
        using ThreadTeam team = new(2);
        using LlamaForward forward = new(config, tensors, cache, team, ids.Length);
        ForwardBatch batch = new(ids.Length);
        int[] table = [.. Enumerable.Range(0, blocks)];
        for (int i = 0; i < ids.Length; i++)
        {
            batch.Add(ids[i], i, table, needsLogits: true);
        }

        forward.Run(batch);
        return [.. Enumerable.Range(0, ids.Length).SelectMany(row => forward.Logits(row).ToArray())];
    }
}
