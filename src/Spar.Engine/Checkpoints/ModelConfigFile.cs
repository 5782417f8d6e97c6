using System.Text.Json;
using Spar.Engine.Models;

namespace Spar.Engine.Checkpoints;

/// <summary>
/// Reads and writes <c>config.json</c>. Two layouts are in use: the older one keeps <c>rope_theta</c>, <c>rope_scaling</c> and
/// <c>torch_dtype</c> at the top level, the newer one puts all rotary settings under <c>rope_parameters</c> and says <c>dtype</c>.
/// Both give the same <see cref="ModelConfig"/>. The older one is written, as every version of Transformers and vLLM reads it.
/// </summary>
public static class ModelConfigFile
{
    private static readonly Dictionary<string, string> Architectures = new()
    {
        ["llama"] = "LlamaForCausalLM",
        ["mistral"] = "MistralForCausalLM",
        ["qwen2"] = "Qwen2ForCausalLM",
        ["glm"] = "GlmForCausalLM",
    };

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="EngineException">The file is missing or broken, a key is missing or out of range, or the architecture is not supported; names file and key.</exception>
    public static ModelConfig Load(string path)
    {
        JsonFile json = JsonFile.Read(path);
        string type = json["model_type"].Text();
        if (!Architectures.ContainsKey(type))
        {
            throw json["model_type"].Fault($"must be one of {string.Join(", ", Architectures.Keys)} (other architectures are not supported)");
        }

        RejectUnsupported(json, type);
        int hidden = json["hidden_size"].Int(1);
        int heads = json["num_attention_heads"].Int(1);
        JsonFile kvHeads = json["num_key_value_heads"];
        JsonFile headDim = json["head_dim"];
        JsonFile partial = Rotary(json, "partial_rotary_factor");
        JsonFile eps = json["rms_norm_eps"];
        JsonFile theta = Rotary(json, "rope_theta");
        JsonFile tie = json["tie_word_embeddings"];
        ModelConfig config = new()
        {
            ModelType = type,
            VocabSize = json["vocab_size"].Int(1),
            HiddenSize = hidden,
            IntermediateSize = json["intermediate_size"].Int(1),
            LayerCount = json["num_hidden_layers"].Int(1, 10_000),
            HeadCount = heads,
            KvHeadCount = kvHeads.IsNull && type == "llama" ? heads : kvHeads.Int(1, heads),
            HeadDim = headDim.IsNull ? hidden / heads : headDim.Int(2),
            MaxPositions = json["max_position_embeddings"].Int(1),
            RmsNormEps = eps.IsNull ? type == "glm" ? 1.5625e-07 : 1e-6 : eps.Number(),
            RopeTheta = theta.IsNull ? 10000 : theta.Number(),
            RopeScaling = ReadRopeScaling(json),
            TieWordEmbeddings = !tie.IsNull && tie.Bool(),
            SlidingWindow = ReadSlidingWindow(json, type),
            QkvBias = type == "qwen2" || (type == "glm" && !json["attention_bias"].IsNull && json["attention_bias"].Bool()),
            PartialRotaryFactor = partial.IsNull ? type == "glm" ? 0.5 : 1 : partial.Number(),
            InterleavedRotary = type == "glm",
            FusedGateUp = type == "glm",
            BosTokenId = json["bos_token_id"].IsNull ? null : json["bos_token_id"].Int(),
            PadTokenId = json["pad_token_id"].IsNull || json["pad_token_id"].Element.GetRawText() == "-1" ? null : json["pad_token_id"].Int(),
            EosTokenIds = ReadEos(json["eos_token_id"]),
        };
        Check(json, config);
        return config;
    }

    /// <summary>Writes a <c>config.json</c> that <see cref="Load"/>, Transformers and vLLM read.</summary>
    /// <param name="path">The file to write or replace.</param>
    /// <param name="config">The architecture; its model type must be a supported one.</param>
    /// <param name="dtype">The type in which the weights beside it are stored.</param>
    /// <exception cref="EngineException">The model type is unknown, or the file cannot be written.</exception>
    public static void Save(string path, ModelConfig config, DType dtype = DType.Float32)
    {
        if (!Architectures.TryGetValue(config.ModelType, out string? architecture))
        {
            throw new EngineException($"Cannot write '{path}': model type '{config.ModelType}' is not one of {string.Join(", ", Architectures.Keys)}.");
        }

        SortedDictionary<string, object?> keys = new(StringComparer.Ordinal)
        {
            ["architectures"] = new[] { architecture },
            ["attention_dropout"] = 0.0,
            ["bos_token_id"] = config.BosTokenId,
            ["eos_token_id"] = EosValue(config),
            ["head_dim"] = config.HeadDim,
            ["hidden_act"] = "silu",
            ["hidden_size"] = config.HiddenSize,
            ["initializer_range"] = 0.02,
            ["intermediate_size"] = config.IntermediateSize,
            ["max_position_embeddings"] = config.MaxPositions,
            ["model_type"] = config.ModelType,
            ["num_attention_heads"] = config.HeadCount,
            ["num_hidden_layers"] = config.LayerCount,
            ["num_key_value_heads"] = config.KvHeadCount,
            ["pad_token_id"] = config.PadTokenId,
            ["rms_norm_eps"] = config.RmsNormEps,
            ["rope_scaling"] = config.RopeScaling is not { } scaling ? null : new SortedDictionary<string, object>(StringComparer.Ordinal)
            {
                ["factor"] = scaling.Factor,
                ["high_freq_factor"] = scaling.HighFrequencyFactor,
                ["low_freq_factor"] = scaling.LowFrequencyFactor,
                ["original_max_position_embeddings"] = scaling.OriginalMaxPositions,
                ["rope_type"] = "llama3",
            },
            ["rope_theta"] = config.RopeTheta,
            ["tie_word_embeddings"] = config.TieWordEmbeddings,
            ["torch_dtype"] = dtype.TorchName(),
            ["use_cache"] = true,
            ["vocab_size"] = config.VocabSize,
        };
        switch (config.ModelType)
        {
            case "llama":
                keys["attention_bias"] = false;
                keys["mlp_bias"] = false;
                break;
            case "mistral":
                keys["sliding_window"] = config.SlidingWindow;
                break;
            case "qwen2":
                keys["max_window_layers"] = config.SlidingWindow is null ? config.LayerCount : 0;
                keys["sliding_window"] = config.SlidingWindow;
                keys["use_sliding_window"] = config.SlidingWindow is not null;
                break;
            default:
                keys["attention_bias"] = config.QkvBias;
                keys["partial_rotary_factor"] = config.PartialRotaryFactor;
                break;
        }

        WriteJson(path, keys);
    }

    /// <summary>Writes <c>generation_config.json</c>: the ids that begin, end and pad a sequence.</summary>
    internal static void SaveGeneration(string path, ModelConfig config)
    {
        SortedDictionary<string, object?> keys = new(StringComparer.Ordinal) { ["_from_model_config"] = true };
        (string Key, object? Value)[] optional = [("bos_token_id", config.BosTokenId), ("eos_token_id", EosValue(config)), ("pad_token_id", config.PadTokenId)];
        foreach ((string key, object? value) in optional)
        {
            if (value is not null)
            {
                keys[key] = value;
            }
        }

        WriteJson(path, keys);
    }

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    private static void WriteJson(string path, SortedDictionary<string, object?> keys) => AtomicFile.Write(path, stream =>
    {
        JsonSerializer.Serialize(stream, keys, Indented);
        stream.WriteByte((byte)'\n');
    });

    private static object? EosValue(ModelConfig config) => config.EosTokenIds.Count switch
    {
        0 => null,
        1 => config.EosTokenIds[0],
        _ => config.EosTokenIds,
    };

    private static IReadOnlyList<int> ReadEos(JsonFile value) => value switch
    {
        { IsNull: true } => [],
        { Element.ValueKind: JsonValueKind.Array } => [.. value.Items().Select(id => id.Int())],
        _ => [value.Int()],
    };

    // A rotary setting: under rope_parameters in the newer layout, at the top level in the older one.
    private static JsonFile Rotary(JsonFile json, string key)
    {
        JsonFile parameters = json["rope_parameters"];
        return parameters.IsNull || parameters[key].IsNull ? json[key] : parameters[key];
    }

    private static Llama3RopeScaling? ReadRopeScaling(JsonFile json)
    {
        JsonFile scaling = json["rope_parameters"].IsNull ? json["rope_scaling"] : json["rope_parameters"];
        if (scaling.IsNull)
        {
            return null;
        }

        JsonFile type = scaling["rope_type"].IsNull && !scaling["type"].IsNull ? scaling["type"] : scaling["rope_type"];
        switch (type.IsNull ? "default" : type.Text())
        {
            case "default":
                return null;
            case "llama3":
                Llama3RopeScaling result = new(
                    scaling["factor"].Number(),
                    scaling["low_freq_factor"].Number(),
                    scaling["high_freq_factor"].Number(),
                    scaling["original_max_position_embeddings"].Int(1));
                return result.Factor >= 1 && result.LowFrequencyFactor > 0 && result.HighFrequencyFactor > result.LowFrequencyFactor
                    ? result
                    : throw scaling.Fault("must have factor >= 1 and 0 < low_freq_factor < high_freq_factor");
            default:
                throw type.Fault("must be default or llama3 (other rotary scalings are not supported)");
        }
    }

    private static int? ReadSlidingWindow(JsonFile json, string type)
    {
        JsonFile window = json["sliding_window"];
        JsonFile layerTypes = json["layer_types"];
        if (type is not ("mistral" or "qwen2") || window.IsNull
            || (type == "qwen2" && (json["use_sliding_window"].IsNull || !json["use_sliding_window"].Bool())))
        {
            return null;
        }

        int layers = json["num_hidden_layers"].Int(1);
        int windowed = layers;
        if (!layerTypes.IsNull)
        {
            windowed = layerTypes.Items().Count(layer => layer.Text() == "sliding_attention");
        }
        else if (type == "qwen2" && !json["max_window_layers"].IsNull)
        {
            windowed = layers - Math.Min(layers, json["max_window_layers"].Int());
        }

        return windowed == 0 ? null : windowed == layers ? window.Int(1) : throw window.Fault("must hold for all layers or none (mixed layers are not supported)");
    }

    private static void RejectUnsupported(JsonFile json, string type)
    {
        JsonFile activation = json["hidden_act"];
        if (!activation.IsNull && activation.Text() is not ("silu" or "swish"))
        {
            throw activation.Fault("must be silu (other activations are not supported)");
        }

        string[] flags = type == "llama" ? ["attention_bias", "mlp_bias"] : [];
        foreach (string flag in flags)
        {
            if (!json[flag].IsNull && json[flag].Bool())
            {
                throw json[flag].Fault("must be false (such biases are not supported)");
            }
        }
    }

    private static void Check(JsonFile json, ModelConfig config)
    {
        if (config.HeadCount % config.KvHeadCount != 0)
        {
            throw json["num_key_value_heads"].Fault($"must divide num_attention_heads ({config.HeadCount})");
        }

        if (json["head_dim"].IsNull && config.HiddenSize % config.HeadCount != 0)
        {
            throw json["num_attention_heads"].Fault($"must divide hidden_size ({config.HiddenSize}) when head_dim is absent");
        }

        if (config.PartialRotaryFactor is not (> 0 and <= 1) || config.RotaryDim < 2 || config.RotaryDim % 2 != 0)
        {
            throw json["head_dim"].Fault($"must give an even number of rotary dimensions (head_dim {config.HeadDim} * partial_rotary_factor {config.PartialRotaryFactor})");
        }

        if (!(config.RmsNormEps >= 0) || !(config.RopeTheta > 0))
        {
            throw new EngineException($"{json["rms_norm_eps"].Fault("must be at least 0 and rope_theta above 0").Message}");
        }

        foreach (int id in config.EosTokenIds.Append(config.BosTokenId ?? 0).Append(config.PadTokenId ?? 0))
        {
            if (id >= config.VocabSize)
            {
                throw json["vocab_size"].Fault($"must exceed every special token id (there is one of {id})");
            }
        }
    }
}
