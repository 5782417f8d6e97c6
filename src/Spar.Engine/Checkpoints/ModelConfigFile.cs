using System.Text.Json;
using Spar.Engine.Files;
using Spar.Engine.Models;
using Spar.Engine.Tensors;
using Spar.Ground;

namespace Spar.Engine.Checkpoints;

/// <summary>
/// Reads and writes <c>config.json</c>. Two layouts are in use: the older one keeps <c>rope_theta</c>,
/// <c>rope_scaling</c> and <c>torch_dtype</c> at the top level, the newer one puts all rotary settings under
/// <c>rope_parameters</c> and says <c>dtype</c>. Both give the same <see cref="ModelConfig"/>. The older one is
/// written, as every version of Transformers and vLLM reads it.
/// </summary>
public static class ModelConfigFile
{
    private static readonly Dictionary<string, string> s_architectures = new()
    {
        ["llama"] = "LlamaForCausalLM",
        ["mistral"] = "MistralForCausalLM",
        ["qwen2"] = "Qwen2ForCausalLM",
        ["qwen3"] = "Qwen3ForCausalLM",
        ["glm"] = "GlmForCausalLM",
        ["glm4"] = "Glm4ForCausalLM",
    };

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="EngineException">
    /// The file is missing or broken, a key is missing or out of range, or the architecture is not supported; names
    /// file and key.
    /// </exception>
    public static ModelConfig Load(string path)
    {
        JsonFile json = JsonFile.Read(path);
        string type = json["model_type"].Text();
        if (!s_architectures.ContainsKey(type))
        {
            throw json["model_type"].Fault(
                $"must be one of {string.Join(", ", s_architectures.Keys)} (other architectures are not supported)");
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
        bool glm = type is "glm" or "glm4";
        bool attentionBias = json["attention_bias"].IsNull ? glm : json["attention_bias"].Bool();
        (int? window, int fullLayers) = ReadSlidingWindow(json, type);
        IReadOnlyList<int> ends = GenerationConfig.ReadIds(json["eos_token_id"]);
        GenerationConfig generation = GenerationConfig.Load(Path.GetDirectoryName(Path.GetFullPath(path))!);
        ModelConfig config = new()
        {
            ModelType = type,
            VocabSize = json["vocab_size"].Int(1),
            HiddenSize = hidden,
            IntermediateSize = json["intermediate_size"].Int(1),
            LayerCount = json["num_hidden_layers"].Int(1, 10_000),
            HeadCount = heads,
            KvHeadCount = kvHeads.IsNull && type == "llama" ? heads : kvHeads.Int(1, heads),
            HeadDim = !headDim.IsNull ? headDim.Int(2) : DefaultHeadDim(headDim, type) ?? hidden / heads,
            MaxPositions = json["max_position_embeddings"].Int(1),
            RmsNormEps = eps.IsNull ? glm ? 1.5625e-07 : 1e-6 : eps.Number(),
            RopeTheta = theta.IsNull ? 10000 : theta.Number(),
            RopeScaling = ReadLlama3Scaling(json),
            RopeLinearFactor = ReadLinearFactor(json),
            TieWordEmbeddings = !tie.IsNull && tie.Bool(),
            SlidingWindow = window,
            FullAttentionLayers = fullLayers,
            QkvBias = type == "qwen2" || (type != "mistral" && attentionBias),
            OutputBias = type is "llama" or "qwen3" && attentionBias,
            QueryKeyNorm = type == "qwen3",
            SandwichNorm = type == "glm4",
            PartialRotaryFactor = partial.IsNull ? glm ? 0.5 : 1 : partial.Number(),
            InterleavedRotary = glm,
            FusedGateUp = glm,
            BosTokenId = GenerationConfig.ReadIds(json["bos_token_id"]) is [var bos, ..] ? bos : null,
            PadTokenId = GenerationConfig.ReadIds(json["pad_token_id"]) is [var pad, ..] ? pad : null,
            EosTokenIds = ends,
            GenerationEosTokenIds = [.. generation.EosTokenIds.Except(ends)],
        };
        Check(json, config);
        return config;
    }

    /// <summary>Writes a <c>config.json</c> that <see cref="Load"/>, Transformers and vLLM read.</summary>
    /// <param name="path">The file to write or replace.</param>
    /// <param name="config">The architecture; its model type must be a supported one.</param>
    /// <param name="dtype">The type in which the weights beside it are stored.</param>
    /// <exception cref="EngineException">The model type is unknown.</exception>
    /// <exception cref="UserFaultException">The file cannot be written.</exception>
    public static void Save(string path, ModelConfig config, DType dtype = DType.Float32)
    {
        if (!s_architectures.TryGetValue(config.ModelType, out string? architecture))
        {
            throw new EngineException(
                $"Cannot write '{path}': model type '{config.ModelType}' is not one of "
                + $"{string.Join(", ", s_architectures.Keys)}.");
        }

        SortedDictionary<string, object?> keys = new(StringComparer.Ordinal)
        {
            ["architectures"] = new[] { architecture },
            ["attention_dropout"] = 0.0,
            ["bos_token_id"] = config.BosTokenId,
            ["eos_token_id"] = IdsValue(config.EosTokenIds),
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
            ["rope_scaling"] = RopeScalingValue(config),
            ["rope_theta"] = config.RopeTheta,
            ["tie_word_embeddings"] = config.TieWordEmbeddings,
            ["torch_dtype"] = dtype.TorchName(),
            ["use_cache"] = true,
            ["vocab_size"] = config.VocabSize,
        };
        switch (config.ModelType)
        {
            case "llama":
                keys["attention_bias"] = config.OutputBias;
                keys["mlp_bias"] = false;
                break;
            case "mistral":
                keys["sliding_window"] = config.SlidingWindow;
                break;
            case "qwen2":
            case "qwen3":
                keys["max_window_layers"] = config.SlidingWindow is null
                    ? config.LayerCount
                    : config.FullAttentionLayers;
                keys["sliding_window"] = config.SlidingWindow;
                keys["use_sliding_window"] = config.SlidingWindow is not null;
                if (config.ModelType == "qwen3")
                {
                    keys["attention_bias"] = config.OutputBias;
                }

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
        (string Key, object? Value)[] optional =
        [
            ("bos_token_id", config.BosTokenId),
            ("eos_token_id", IdsValue(config.EndTokenIds)),
            ("pad_token_id", config.PadTokenId),
        ];
        foreach ((string key, object? value) in optional)
        {
            if (value is not null)
            {
                keys[key] = value;
            }
        }

        WriteJson(path, keys);
    }

    private static void WriteJson(string path, SortedDictionary<string, object?> keys) =>
        AtomicFile.Write(path, stream =>
    {
        JsonSerializer.Serialize(stream, keys, JsonSettings.ReadableEscaped);
        stream.WriteByte((byte)'\n');
    });

    private static object? IdsValue(IReadOnlyList<int> ids) => ids.Count == 0 ? null : ids.Count == 1 ? ids[0] : ids;

    // A rotary setting: under rope_parameters in the newer layout, at the top level in the older one.
    private static JsonFile Rotary(JsonFile json, string key)
    {
        JsonFile parameters = json["rope_parameters"];
        return parameters.IsNull || parameters[key].IsNull ? json[key] : parameters[key];
    }

    // Of these families a head has 128 dimensions unless the file says otherwise; null in the file means hidden_size /
    // heads.
    private static int? DefaultHeadDim(JsonFile headDim, string type) =>
        headDim.Element.ValueKind == JsonValueKind.Undefined && type is "qwen3" or "glm" or "glm4" ? 128 : null;

    private static SortedDictionary<string, object>? RopeScalingValue(ModelConfig config) => config switch
    {
        { RopeScaling: { } scaling } => new(StringComparer.Ordinal)
        {
            ["factor"] = scaling.Factor,
            ["high_freq_factor"] = scaling.HighFrequencyFactor,
            ["low_freq_factor"] = scaling.LowFrequencyFactor,
            ["original_max_position_embeddings"] = scaling.OriginalMaxPositions,
            ["rope_type"] = "llama3",
        },
        { RopeLinearFactor: not 1 } =>
            new(StringComparer.Ordinal) { ["factor"] = config.RopeLinearFactor, ["rope_type"] = "linear" },
        _ => null,
    };

    // The rotary settings and their type; a type that is not supported is a fault.
    private static (JsonFile Settings, string Type) RopeScaling(JsonFile json)
    {
        JsonFile scaling = json["rope_parameters"].IsNull ? json["rope_scaling"] : json["rope_parameters"];
        if (scaling.IsNull)
        {
            return (scaling, "default");
        }

        JsonFile type = scaling["rope_type"].IsNull && !scaling["type"].IsNull ? scaling["type"] : scaling["rope_type"];
        string name = type.IsNull ? "default" : type.Text();
        return name is "default" or "llama3" or "linear"
            ? (scaling, name)
            : throw type.Fault(
                "must be default, linear or llama3 (other rotary scalings, such as yarn, longrope and dynamic, are "
                + "not supported)");
    }

    private static Llama3RopeScaling? ReadLlama3Scaling(JsonFile json)
    {
        (JsonFile scaling, string type) = RopeScaling(json);
        if (type != "llama3")
        {
            return null;
        }

        Llama3RopeScaling result = new(
            scaling["factor"].Number(),
            scaling["low_freq_factor"].Number(),
            scaling["high_freq_factor"].Number(),
            scaling["original_max_position_embeddings"].Int(1));
        return result.Factor >= 1 && result.LowFrequencyFactor > 0
            && result.HighFrequencyFactor > result.LowFrequencyFactor
            ? result
            : throw scaling.Fault("must have factor >= 1 and 0 < low_freq_factor < high_freq_factor");
    }

    private static double ReadLinearFactor(JsonFile json)
    {
        (JsonFile scaling, string type) = RopeScaling(json);
        return type != "linear" ? 1
            : scaling["factor"].Number() is >= 1 and double factor ? factor
            : throw scaling["factor"].Fault("must be at least 1");
    }

    // The window, and the number of layers from the first that do not have it.
    private static (int? Window, int FullLayers) ReadSlidingWindow(JsonFile json, string type)
    {
        JsonFile window = json["sliding_window"];
        if (type == "mistral" && window.Element.ValueKind == JsonValueKind.Undefined)
        {
            return (4096, 0); // Mistral 7B's, which is what the key's absence means
        }

        bool qwen = type is "qwen2" or "qwen3";
        if (!(type == "mistral" || (qwen && !json["use_sliding_window"].IsNull && json["use_sliding_window"].Bool()))
            || window.IsNull)
        {
            return (null, 0);
        }

        int layers = json["num_hidden_layers"].Int(1), full = 0;
        JsonFile layerTypes = json["layer_types"];
        if (!layerTypes.IsNull)
        {
            bool[] windowed = [.. layerTypes.Items().Select(layer => layer.Text() == "sliding_attention")];
            full = Array.IndexOf(windowed, true) is >= 0 and int first ? first : layers;
            if (windowed.Length != layers || windowed.Skip(full).Contains(false))
            {
                throw layerTypes.Fault(
                    $"must name {layers} layers, those with sliding_attention last (other mixtures are not supported)");
            }
        }
        else if (qwen)
        {
            full = json["max_window_layers"].IsNull ? 28 : json["max_window_layers"].Int();
        }

        return full >= layers ? (null, 0) : (window.Int(1), full);
    }

    private static void RejectUnsupported(JsonFile json, string type)
    {
        JsonFile activation = json["hidden_act"];
        if (!activation.IsNull && activation.Text() is not ("silu" or "swish"))
        {
            throw activation.Fault("must be silu (other activations are not supported)");
        }

        string flag = type == "mistral" ? "attention_bias" : "mlp_bias";
        if (!json[flag].IsNull && json[flag].Bool())
        {
            throw json[flag].Fault("must be false (such biases are not supported)");
        }
    }

    private static void Check(JsonFile json, ModelConfig config)
    {
        if (config.HeadCount % config.KvHeadCount != 0)
        {
            throw json["num_key_value_heads"].Fault($"must divide num_attention_heads ({config.HeadCount})");
        }

        if (json["head_dim"].IsNull && DefaultHeadDim(json["head_dim"], config.ModelType) is null
            && config.HiddenSize % config.HeadCount != 0)
        {
            throw json["num_attention_heads"].Fault(
                $"must divide hidden_size ({config.HiddenSize}) when head_dim is absent");
        }

        if (config.PartialRotaryFactor is not (> 0 and <= 1) || config.RotaryDim < 2 || config.RotaryDim % 2 != 0)
        {
            throw json["head_dim"].Fault(
                $"must give an even number of rotary dimensions (head_dim {config.HeadDim} * partial_rotary_factor "
                + $"{config.PartialRotaryFactor})");
        }

        if (!(config.RmsNormEps >= 0) || !(config.RopeTheta > 0))
        {
            throw new EngineException(
                $"{json["rms_norm_eps"].Fault("must be at least 0 and rope_theta above 0").Message}");
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
