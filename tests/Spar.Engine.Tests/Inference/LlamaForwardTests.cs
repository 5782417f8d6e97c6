using System.Text.Json;
using Spar.Engine.Checkpoints;
using Spar.Engine.Inference;
using Spar.Engine.Kernels;
using Spar.Engine.Tensors;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Inference;

public class LlamaForwardTests
{
    public static TheoryData<string> Models =>
    [
        "llama3-tiny", "llama3-tiny-sharded", "llama-tiny-tied", "llama-tiny-tied-bf16", "llama-tiny-tied-fp16", "mistral-tiny", "qwen2-tiny", "glm-tiny",
    ];

    [Theory]
    [MemberData(nameof(Models))]
    public void Logits_match_the_reference(string model)
    {
        string folder = SharedData.Path("fixtures", "models", model);
        Checkpoint checkpoint = Checkpoint.Load(folder);
        IReadOnlyDictionary<string, Tensor> golden = Safetensors.Load(Path.Combine(folder, "golden.safetensors"));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "golden.json")));
        using KvCache cache = new(checkpoint.Config, 64);
        using ThreadTeam team = new(2);
        using LlamaForward forward = new(checkpoint.Config, checkpoint.Tensors, cache, team, 64);
        int vocab = checkpoint.Config.VocabSize;
        int table = 0;
        foreach (JsonElement prompt in json.RootElement.GetProperty("prompts").EnumerateArray())
        {
            int[] ids = [.. prompt.GetProperty("ids").EnumerateArray().Select(e => e.GetInt32())];
            Tensor expected = golden[prompt.GetProperty("logits_key").GetString()!];
            int rows = expected.Count / vocab;
            int[] blocks = [.. Enumerable.Range(table, (ids.Length + 15) / 16)];
            table += blocks.Length;
            ForwardBatch batch = new(64);
            for (int i = 0; i < ids.Length; i++)
            {
                batch.Add(ids[i], i, blocks, i >= ids.Length - rows);
            }

            forward.Run(batch);
            for (int row = 0; row < rows; row++)
            {
                ReadOnlySpan<float> logits = forward.Logits(row);
                for (int id = 0; id < vocab; id++)
                {
                    float difference = Math.Abs(logits[id] - expected.Data[(row * vocab) + id]);
                    Assert.True(difference <= 2e-4f, $"{model} {prompt.GetProperty("name")} row {row} id {id}: off by {difference}");
                }
            }
        }
    }
}
