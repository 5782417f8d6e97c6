using Spar.Engine.Inference;
using Spar.Engine.Kernels;
using Spar.Engine.Tensors;

namespace Spar.Engine.Tests.Inference;

public class LlamaForwardTests
{
    [Theory]
    [MemberData(nameof(GoldenModel.Names), MemberType = typeof(GoldenModel))]
    public void Logits_match_the_reference(string name)
    {
        GoldenModel model = GoldenModel.Load(name);
        using KvCache cache = new(model.Config, 64);
        using ThreadTeam team = new(2);
        using LlamaForward forward = new(
            ModelWeights.FromTensors(model.Config, model.Checkpoint.Tensors),
            cache,
            team,
            64
        );
        int vocab = model.Config.VocabSize;
        int table = 0;
        foreach (GoldenPrompt prompt in model.Prompts)
        {
            Tensor expected = model.Tensors[prompt.LogitsKey];
            int rows = expected.Count / vocab;
            int[] blocks = [.. Enumerable.Range(table, (prompt.Ids.Length + 15) / 16)];
            table += blocks.Length;
            ForwardBatch batch = new(64);
            for (int i = 0; i < prompt.Ids.Length; i++)
            {
                batch.Add(prompt.Ids[i], i, blocks, i >= prompt.Ids.Length - rows);
            }

            forward.Run(batch);
            for (int row = 0; row < rows; row++)
            {
                ReadOnlySpan<float> logits = forward.Logits(row);
                for (int id = 0; id < vocab; id++)
                {
                    float difference = Math.Abs(logits[id] - expected.Data[(row * vocab) + id]);
                    Assert.True(difference <= 2e-4f, $"{name} {prompt.Name} row {row} id {id}: off by {difference}");
                }
            }
        }
    }

    [Theory]
    [InlineData("llama3-tiny")]
    [InlineData("mistral-tiny")]
    [InlineData("glm-tiny")]
    public void Logits_have_the_same_bits_however_the_prompt_is_cut(string name)
    {
        GoldenModel model = GoldenModel.Load(name);
        Random random = new(5);
        int[] ids = [.. Enumerable.Range(0, 200).Select(_ => random.Next(model.Config.VocabSize))];
        float[] whole = Logits(model, ids, threads: 1, () => ids.Length);
        Assert.Equal(whole, Logits(model, ids, threads: 2, () => ids.Length));
        Assert.Equal(whole, Logits(model, ids, threads: 2, () => 1));
        Assert.Equal(whole, Logits(model, ids, threads: 3, () => random.Next(1, 120)));
    }

    /// <summary>Logits of all positions, computed in passes of the given sizes.</summary>
    private static float[] Logits(GoldenModel model, int[] ids, int threads, Func<int> size)
    {
        using KvCache cache = new(model.Config, 20);
        using ThreadTeam team = new(threads);
        using LlamaForward forward = new(
            ModelWeights.FromTensors(model.Config, model.Checkpoint.Tensors),
            cache,
            team,
            ids.Length
        );
        int[] blocks = [.. Enumerable.Range(0, 20).Reverse()];
        List<float> logits = [];
        for (int start = 0; start < ids.Length;)
        {
            ForwardBatch batch = new(ids.Length);
            int end = Math.Min(ids.Length, start + size());
            for (; start < end; start++)
            {
                batch.Add(ids[start], start, blocks, needsLogits: true);
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
