using System.Text.Json;
using Spar.Engine.Checkpoints;
using Spar.Engine.Models;
using Spar.Engine.Tensors;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Inference;

/// <summary>A prompt of golden.json.</summary>
internal sealed record GoldenPrompt(
    string Name,
    int[] Ids,
    string LogitsKey,
    int[] Greedy,
    int[] Continuation,
    double[] LogProbs
);

/// <summary>A fixture model with its reference numbers.</summary>
internal sealed class GoldenModel
{
    private GoldenModel(string folder)
    {
        Folder = folder;
        Checkpoint = Checkpoint.Load(folder);
        Tensors = Safetensors.Load(Path.Combine(folder, "golden.safetensors"));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "golden.json")));
        Prompts =
        [
            .. json
                .RootElement.GetProperty("prompts")
                .EnumerateArray()
                .Select(p => new GoldenPrompt(
                    p.GetProperty("name").GetString()!,
                    Ids(p.GetProperty("ids")),
                    p.GetProperty("logits_key").GetString()!,
                    Ids(p.GetProperty("greedy_32")),
                    Ids(p.GetProperty("continuation")),
                    [.. p.GetProperty("continuation_token_logprobs").EnumerateArray().Select(e => e.GetDouble())]
                )),
        ];
    }

    public string Folder { get; }

    public Checkpoint Checkpoint { get; }

    public ModelConfig Config => Checkpoint.Config;

    public IReadOnlyDictionary<string, Tensor> Tensors { get; }

    public IReadOnlyList<GoldenPrompt> Prompts { get; }

    public static TheoryData<string> Names =>
        [
            "llama3-tiny",
            "llama3-tiny-sharded",
            "llama-tiny-tied",
            "llama-tiny-tied-bf16",
            "llama-tiny-tied-fp16",
            "mistral-tiny",
            "qwen2-tiny",
            "glm-tiny",
        ];

    public static GoldenModel Load(string name) => new(SharedData.Path("fixtures", "models", name));

    private static int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];
}
