using System.Text.Json;
using Spar.Engine.Checkpoints;
using Spar.Engine.Models;
using Spar.Engine.Tensors;
using Spar.Engine.Training;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Training;

/// <summary>A model of the shared numeric fixtures with its reference training runs.</summary>
internal sealed class Fixture(string model)
{
    public const int Pairs = 2;

    public JsonElement Sft { get; } = Json("training", model, "sft.json");

    public JsonElement Dpo { get; } = Json("training", model, "dpo.json");

    public static JsonElement Json(params string[] path) =>
        JsonDocument.Parse(File.ReadAllText(SharedData.Path(["fixtures", .. path]))).RootElement;

    public LlamaParameters Model()
    {
        Checkpoint checkpoint = Checkpoint.Load(SharedData.Path("fixtures", "models", model));
        return LlamaParameters.FromTensors(checkpoint.Config, checkpoint.Tensors);
    }

    public LlamaParameters Policy() => LlamaParameters.FromTensors(Model().Config, Tensors("dpo_policy.safetensors"));

    public IReadOnlyDictionary<string, Tensor> Tensors(string file) =>
        Safetensors.Load(SharedData.Path("fixtures", "training", model, file));

    public TrainingSequence[] SftBatch() =>
        [
            .. Sft.GetProperty("batch")
                .EnumerateArray()
                .Select(row => new TrainingSequence(
                    Ints(row.GetProperty("ids")),
                    row.GetProperty("prompt_len").GetInt32()
                )),
        ];

    public TrainingSequence[] DpoSequences() =>
        [
            .. Dpo.GetProperty("pairs")
                .EnumerateArray()
                .SelectMany(pair => (TrainingSequence[])[Join(pair, "chosen"), Join(pair, "rejected")]),
        ];

    public static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];

    public static double[] Doubles(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetDouble())];

    private static TrainingSequence Join(JsonElement pair, string response)
    {
        int[] prompt = Ints(pair.GetProperty("prompt"));
        return new TrainingSequence([.. prompt, .. Ints(pair.GetProperty(response))], prompt.Length);
    }
}
