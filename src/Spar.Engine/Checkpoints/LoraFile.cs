using System.Text.Json;
using Spar.Engine.Files;
using Spar.Engine.Models;
using Spar.Engine.Tensors;
using Spar.Ground;

namespace Spar.Engine.Checkpoints;

/// <summary>
/// LoRA adapters as the peft library stores them: a folder with <c>adapter_config.json</c> and
/// <c>adapter_model.safetensors</c>, whose tensors are named <c>base_model.model.MODULE.lora_A.weight</c> and
/// <c>.lora_B.weight</c>. What peft can do beyond plain LoRA on linear layers is refused.
/// </summary>
public static class LoraFile
{
    private const string ConfigFile = "adapter_config.json";

    private const string WeightsFile = "adapter_model.safetensors";
    private const string Prefix = "base_model.model.";

    // Settings that change what is computed or trained, and that are not supported. They have to be off: null, false,
    // empty, or "none".
    private static readonly string[] s_unsupported =
    [
        "alora_invocation_tokens",
        "alpha_pattern",
        "arrow_config",
        "bias",
        "eva_config",
        "exclude_modules",
        "fan_in_fan_out",
        "kasa_config",
        "layer_replication",
        "layers_pattern",
        "layers_to_transform",
        "lora_bias",
        "lora_ga_config",
        "modules_to_save",
        "monteclora_config",
        "rank_pattern",
        "target_parameters",
        "trainable_token_indices",
        "use_bdlora",
        "use_dora",
        "use_qalora",
        "velora_config",
    ];

    /// <summary>Whether a folder holds an adapter, and not a whole model.</summary>
    /// <param name="directory">The folder.</param>
    public static bool IsAdapter(string directory) =>
        File.Exists(Path.Combine(directory, ConfigFile)) && !File.Exists(Path.Combine(directory, "config.json"));

    /// <summary>
    /// The folder of the model that an adapter belongs to: as the adapter names it, from the adapter's folder or from
    /// where the program runs.
    /// </summary>
    /// <param name="directory">The adapter's folder.</param>
    /// <exception cref="EngineException">
    /// The adapter names no base model, or one that is not a model folder here.
    /// </exception>
    public static string BaseModel(string directory)
    {
        JsonFile name = JsonFile.Read(Path.Combine(directory, ConfigFile))["base_model_name_or_path"];
        string[] candidates =
        [
            Path.GetFullPath(Path.Combine(Path.GetFullPath(directory), name.Text())),
            Path.GetFullPath(name.Text()),
        ];
        return Array.Find(candidates, ModelPath.LeadsToModel)
            ?? throw name.Fault(
                "must be the folder (or GGUF file) of the base model, from the adapter's folder or from the "
                    + "current one; there is no such model"
            );
    }

    /// <summary>Reads an adapter.</summary>
    /// <param name="directory">Its folder.</param>
    /// <param name="parameters">The model that it belongs to.</param>
    /// <exception cref="EngineException">
    /// A file is missing or broken, a setting is not supported, or the factors do not fit the model; names file, key or
    /// tensor.
    /// </exception>
    public static LoraAdapter Load(string directory, LlamaParameters parameters)
    {
        LoraSettings settings = ReadSettings(JsonFile.Read(Path.Combine(directory, ConfigFile)));
        string path = Path.Combine(directory, WeightsFile);
        Dictionary<string, Tensor> tensors = new(Safetensors.Load(path), StringComparer.Ordinal);
        List<LoraModule> modules = [];
        foreach (LinearParameters linear in settings.Targets(parameters))
        {
            Tensor a = Take(linear, "lora_A", settings.Rank, linear.Weight.Shape[1]);
            Tensor b = Take(linear, "lora_B", linear.Weight.Shape[0], settings.Rank);
            modules.Add(new LoraModule(linear.Name, a, b, settings.Scale));
        }

        return tensors.Count == 0
            ? new LoraAdapter(settings, modules)
            : throw new EngineException(
                $"'{path}' has tensor '{tensors.Keys.Order(StringComparer.Ordinal).First()}', which a LoRA adapter of "
                    + $"this model with this {ConfigFile} does not have."
            );

        Tensor Take(LinearParameters linear, string factor, int rows, int columns)
        {
            string name = $"{Prefix}{linear.Name}.{factor}.weight";
            return !tensors.Remove(name, out Tensor? tensor)
                    ? throw new EngineException(
                        $"'{path}' lacks tensor '{name}', which {ConfigFile} and the base model ask for."
                    )
                : tensor.Shape.SequenceEqual([rows, columns]) ? tensor
                : throw new EngineException(
                    $"'{path}': tensor '{name}' has shape [{string.Join(", ", tensor.Shape)}]; {ConfigFile} and the "
                        + $"base model ask for [{rows}, {columns}]."
                );
        }
    }

    /// <summary>Writes an adapter that <see cref="Load"/> and peft open.</summary>
    /// <param name="directory">Its folder; made if need be.</param>
    /// <param name="adapter">The adapter.</param>
    /// <param name="baseModel">Folder or name of the model that it belongs to.</param>
    /// <exception cref="UserFaultException">The files cannot be written.</exception>
    public static void Save(string directory, LoraAdapter adapter, string baseModel)
    {
        Safetensors.Save(Path.Combine(directory, WeightsFile), adapter.All.Select(p => (Prefix + p.Name, p.Tensor)));
        LoraSettings settings = adapter.Settings;
        bool all = settings.TargetModules.Contains(LoraSettings.AllLinear);
        SortedDictionary<string, object?> keys = new(StringComparer.Ordinal)
        {
            ["alpha_pattern"] = new Dictionary<string, double>(),
            ["auto_mapping"] = null,
            ["base_model_name_or_path"] = baseModel,
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
            ["init_lora_weights"] = true,
            ["layers_pattern"] = null,
            ["layers_to_transform"] = null,
            ["lora_alpha"] = settings.Alpha == Math.Floor(settings.Alpha) ? (long)settings.Alpha : settings.Alpha,
            ["lora_dropout"] = 0.0,
            ["modules_to_save"] = null,
            ["peft_type"] = "LORA",
            ["r"] = settings.Rank,
            ["rank_pattern"] = new Dictionary<string, int>(),
            ["revision"] = null,
            ["target_modules"] =
                settings.TargetPattern ?? (all ? LoraSettings.AllLinear : (object)settings.TargetModules),
            ["task_type"] = "CAUSAL_LM",
            ["use_dora"] = false,
            ["use_rslora"] = settings.RankStabilized,
        };
        AtomicFile.Write(
            Path.Combine(directory, ConfigFile),
            stream =>
            {
                JsonSerializer.Serialize(stream, keys, JsonSettings.ReadableEscaped);
                stream.WriteByte((byte)'\n');
            }
        );
    }

    private static LoraSettings ReadSettings(JsonFile json)
    {
        if (json["peft_type"].Text() != "LORA")
        {
            throw json["peft_type"].Fault("must be LORA (other adapters are not supported)");
        }

        foreach (string key in s_unsupported)
        {
            if (!IsOff(json[key].Element))
            {
                throw json[key].Fault("is not supported and has to be off");
            }
        }

        // Some ways to begin an adapter change the base model's weights too, and such an adapter fits no published base
        // model.
        JsonFile start = json["init_lora_weights"];
        if (
            start.Element.ValueKind == JsonValueKind.String
            && start.Text() is not ("gaussian" or "eva" or "orthogonal")
        )
        {
            throw start.Fault(
                "must be true, false, gaussian, eva or orthogonal (others change the base model's weights)"
            );
        }

        JsonFile targets = json["target_modules"],
            stabilized = json["use_rslora"];
        bool pattern = targets.Element.ValueKind == JsonValueKind.String && targets.Text() != LoraSettings.AllLinear;
        return new LoraSettings
        {
            Rank = json["r"].Int(1),
            Alpha = json["lora_alpha"].Number() is > 0 and double alpha
                ? alpha
                : throw json["lora_alpha"].Fault("must be above 0"),
            RankStabilized = !stabilized.IsNull && stabilized.Bool(),
            TargetPattern = pattern ? targets.Text() : null,
            TargetModules =
                pattern ? []
                : targets.Element.ValueKind == JsonValueKind.String ? [LoraSettings.AllLinear]
                : [.. targets.Items().Select(item => item.Text())],
        };
    }

    private static bool IsOff(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.False => true,
            JsonValueKind.String => value.GetString() is "none" or "",
            JsonValueKind.Array => value.GetArrayLength() == 0,
            JsonValueKind.Object => !value.EnumerateObject().Any(),
            _ => false,
        };
}
