using System.Text;
using System.Text.Json.Nodes;
using Spar.Engine.Checkpoints;
using Spar.Engine.Models;
using Spar.Engine.Tensors;
using Spar.Engine.Tests.Checkpoints;

namespace Spar.Engine.Tests.Models;

/// <summary>
/// A small model of each supported family with random weights, written to a folder in transformers' layout and read
/// back. Head sizes, head counts and widths are deliberately no multiples of one another or of a vector.
/// </summary>
internal sealed class FamilyModel
{
    private const string Sizes =
        """ "vocab_size": 61, "num_hidden_layers": 2, "max_position_embeddings": 512, "rms_norm_eps": 1e-5, "hidden_act": "silu", """;

    /// <summary>One with sums so long that products break them, not among <see cref="Names"/>.</summary>
    public const string Wide = "wide";

    private static readonly Dictionary<string, string> s_configs = new()
    {
        ["llama, linear scaling"] =
            """ "model_type": "llama", "hidden_size": 44, "intermediate_size": 70, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 20, "rope_scaling": {"type": "linear", "factor": 3.0} """,
        ["llama, biases, newer layout"] =
            """ "model_type": "llama", "hidden_size": 40, "intermediate_size": 48, "num_attention_heads": 4, "num_key_value_heads": 4, "attention_bias": true, "tie_word_embeddings": true, "rope_parameters": {"rope_type": "llama3", "rope_theta": 500.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64} """,
        ["mistral"] =
            """ "model_type": "mistral", "hidden_size": 52, "intermediate_size": 90, "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 24, "sliding_window": 9 """,
        ["qwen2"] =
            """ "model_type": "qwen2", "hidden_size": 60, "intermediate_size": 33, "num_attention_heads": 6, "num_key_value_heads": 3, "tie_word_embeddings": true, "sliding_window": 7, "use_sliding_window": false, "max_window_layers": 1, "rope_theta": 1000000.0 """,
        ["qwen2, window on the upper layer"] =
            """ "model_type": "qwen2", "hidden_size": 36, "intermediate_size": 40, "num_attention_heads": 2, "num_key_value_heads": 1, "sliding_window": 7, "use_sliding_window": true, "max_window_layers": 1 """,
        ["qwen3"] =
            """ "model_type": "qwen3", "hidden_size": 36, "intermediate_size": 50, "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 40, "tie_word_embeddings": true, "sliding_window": null, "use_sliding_window": false, "rope_theta": 1000000.0 """,
        ["qwen3, biases, newer layout"] =
            """ "model_type": "qwen3", "hidden_size": 64, "intermediate_size": 96, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 80, "attention_bias": true, "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0} """,
        ["glm"] =
            """ "model_type": "glm", "hidden_size": 48, "intermediate_size": 70, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 24, "attention_bias": true, "partial_rotary_factor": 0.5 """,
        ["glm4"] =
            """ "model_type": "glm4", "hidden_size": 56, "intermediate_size": 60, "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 20 """,
        ["glm4, no biases, newer layout"] =
            """ "model_type": "glm4", "hidden_size": 32, "intermediate_size": 44, "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 40, "attention_bias": false, "tie_word_embeddings": true, "rope_parameters": {"rope_type": "default", "rope_theta": 5000.0, "partial_rotary_factor": 0.75} """,
        [Wide] =
            """ "model_type": "qwen2", "hidden_size": 528, "intermediate_size": 1060, "num_attention_heads": 6, "num_key_value_heads": 2, "tie_word_embeddings": false """,
    };

    private static readonly Dictionary<string, FamilyModel> s_made = [];

    private FamilyModel(string name)
    {
        Json = JsonNode.Parse("{" + Sizes + s_configs[name] + "}")!.AsObject();
        using TempFolder folder = new();
        folder.Write("config.json", Encoding.UTF8.GetBytes(Json.ToJsonString()));
        ModelConfig config = ModelConfigFile.Load(folder.File("config.json"));
        Random random = new(name.Length);
        Safetensors.Save(
            folder.File("model.safetensors"),
            ModelTensors.Shapes(config).Select(t => (t.Name, Draw(random, t.Name, t.Shape)))
        );
        Checkpoint = Checkpoint.Load(folder.Root);
    }

    public static TheoryData<string> Names => [.. s_configs.Keys.Where(name => name != Wide)];

    /// <summary>config.json as it was written.</summary>
    public JsonObject Json { get; }

    public Checkpoint Checkpoint { get; }

    public ModelConfig Config => Checkpoint.Config;

    public static FamilyModel Get(string name)
    {
        lock (s_made)
        {
            return s_made.TryGetValue(name, out FamilyModel? model) ? model : s_made[name] = new FamilyModel(name);
        }
    }

    /// <summary>Random token ids.</summary>
    public int[] Ids(int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(Config.VocabSize))];
    }

    // Wide enough that logits are well spread and every part shows.
    private static Tensor Draw(Random random, string name, int[] shape)
    {
        Tensor tensor = new(shape);
        double width =
            name.Contains("norm") ? 0.3
            : name.EndsWith("bias") ? 0.4
            : name.Contains("embed") ? 0.7
            : 1.2 / Math.Sqrt(shape[^1]);
        for (int i = 0; i < tensor.Count; i++)
        {
            tensor.Data[i] = (float)(
                (name.Contains("norm") ? 1 : 0) + (width * 2 * Math.Sqrt(3) * (random.NextDouble() - 0.5))
            );
        }

        return tensor;
    }
}
