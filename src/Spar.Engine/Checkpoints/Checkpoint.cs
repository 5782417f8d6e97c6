using Spar.Engine.Checkpoints.Gguf;
using Spar.Engine.Files;
using Spar.Engine.Models;
using Spar.Engine.Tensors;
using Spar.Engine.Tokenization;
using Spar.Ground;

namespace Spar.Engine.Checkpoints;

/// <summary>
/// A model folder in the Hugging Face layout: <c>config.json</c>, the weights in <c>model.safetensors</c> (or shards
/// with <c>model.safetensors.index.json</c>), and the tokenizer's files. A GGUF file, which holds all of this, is read
/// too.
/// </summary>
/// <param name="Config">The architecture.</param>
/// <param name="Tensors">
/// Every weight by its name in the file, float32: exactly those that <see cref="ModelTensors.Shapes"/> lists.
/// </param>
public sealed record Checkpoint(ModelConfig Config, IReadOnlyDictionary<string, Tensor> Tensors)
{
    private const string SingleFile = "model.safetensors";
    private const string IndexFile = "model.safetensors.index.json";

    // What a saved checkpoint takes over as it is from the folder that its tokenizer comes from.
    private static readonly string[] s_takenOverFiles =
    [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja", "tokenizer.model",
        "vocab.json", "merges.txt", "added_tokens.json", GenerationConfig.FileName,
    ];

    /// <summary>
    /// Reads a model folder; or a GGUF file, whose weights are widened to float32; or an adapter's folder
    /// (<see cref="LoraFile"/>): then it is the base model with the adapter worked into it.
    /// </summary>
    /// <param name="directory">
    /// The folder; or a <c>.gguf</c> file, or a folder that holds one and no <c>config.json</c>.
    /// </param>
    /// <exception cref="EngineException">
    /// The folder or a file in it is missing or broken, a tensor is missing or unknown, or a shape disagrees with the
    /// config; names file and tensor.
    /// </exception>
    public static Checkpoint Load(string directory)
    {
        if (ModelPath.FindGguf(directory) is { } gguf)
        {
            using GgufFile file = GgufFile.Open(gguf);
            GgufModel model = new(file);
            return new Checkpoint(
                model.Config, model.Weights.Keys.ToDictionary(name => name, model.Read, StringComparer.Ordinal));
        }

        if (LoraFile.IsAdapter(directory))
        {
            Checkpoint model = Load(LoraFile.BaseModel(directory));
            LoraAdapter adapter = LoraFile.Load(directory, LlamaParameters.FromTensors(model.Config, model.Tensors));
            return model with { Tensors = adapter.MergeInto(model.Tensors) };
        }

        ModelPath.RequireWeights(directory, SingleFile, IndexFile);
        ModelConfig config = ModelConfigFile.Load(Path.Combine(directory, "config.json"));
        string single = Path.Combine(directory, SingleFile);
        string index = Path.Combine(directory, IndexFile);
        if (File.Exists(single))
        {
            return new Checkpoint(config, Fit(config, single, Safetensors.Load(single), tensor => tensor.Shape));
        }

        return new Checkpoint(
            config, Fit(config, index, ReadShards(directory, index, Safetensors.Load), tensor => tensor.Shape));
    }

    /// <summary>
    /// Checks what <see cref="Load"/> would refuse, as far as the files' headers tell it: whether they are whole, and
    /// whether names and shapes of the weights are those that the architecture asks for. No weight is read.
    /// </summary>
    /// <param name="directory">As for <see cref="Load"/>.</param>
    /// <returns>The architecture.</returns>
    /// <exception cref="EngineException">As for <see cref="Load"/>.</exception>
    public static ModelConfig CheckHeaders(string directory)
    {
        if (ModelPath.FindGguf(directory) is { } gguf)
        {
            using GgufFile file = GgufFile.Open(gguf);
            return new GgufModel(file).Config;
        }

        if (LoraFile.IsAdapter(directory))
        {
            return CheckHeaders(LoraFile.BaseModel(directory));
        }

        ModelPath.RequireWeights(directory, SingleFile, IndexFile);
        ModelConfig config = ModelConfigFile.Load(Path.Combine(directory, "config.json"));
        string single = Path.Combine(directory, SingleFile);
        string index = Path.Combine(directory, IndexFile);
        _ = File.Exists(single)
            ? Fit(config, single, Safetensors.ReadShapes(single), shape => shape)
            : Fit(config, index, ReadShards(directory, index, Safetensors.ReadShapes), shape => shape);
        return config;
    }

    /// <summary>Reads a model's tokenizer.</summary>
    /// <param name="path">
    /// A model's folder; an adapter's (<see cref="TokenizerFolder"/>); a <c>.gguf</c> file, or a folder that holds one
    /// and no <c>config.json</c>; or a <c>tokenizer.json</c>.
    /// </param>
    /// <exception cref="EngineException">
    /// A file is missing or broken, or uses a feature that is not supported; names file and key.
    /// </exception>
    public static Tokenizer LoadTokenizer(string path)
    {
        if (ModelPath.FindGguf(path) is not { } gguf)
        {
            return Tokenizer.Load(TokenizerFolder(path));
        }

        using GgufFile file = GgufFile.Open(gguf);
        return GgufTokenizer.Read(file);
    }

    /// <summary>
    /// The folder with a model's tokenizer: the model's own, or that of an adapter's base model where the adapter has
    /// none.
    /// </summary>
    /// <param name="directory">A model's or an adapter's folder.</param>
    /// <exception cref="EngineException">The adapter's base model is not there.</exception>
    public static string TokenizerFolder(string directory)
        => LoraFile.IsAdapter(directory) && !File.Exists(Path.Combine(directory, "tokenizer.json"))
            ? LoraFile.BaseModel(directory)
            : directory;

    /// <summary>
    /// Writes a model folder that <see cref="Load"/>, Transformers and vLLM open. <c>config.json</c> is written last,
    /// so a folder whose writing was cut short does not load.
    /// </summary>
    /// <param name="directory">The folder; made if need be, files in it are replaced.</param>
    /// <param name="config">The architecture.</param>
    /// <param name="tensors">The weights, as <see cref="ModelTensors.Shapes"/> lists them.</param>
    /// <param name="dtype">The type in which weights are stored.</param>
    /// <param name="tokenizerSource">
    /// Folder from which the tokenizer's files and <c>generation_config.json</c> are copied, or a GGUF file that has a
    /// tokenizer in it; null to leave them out.
    /// </param>
    /// <exception cref="EngineException">
    /// A tensor is missing, unknown or of the wrong shape, or the source folder is missing.
    /// </exception>
    /// <exception cref="UserFaultException">The disk is full or the folder cannot be written.</exception>
    public static void Save(
        string directory, ModelConfig config, IReadOnlyDictionary<string, Tensor> tensors, DType dtype = DType.Float32,
        string? tokenizerSource = null)
    {
        string weights = Path.Combine(directory, SingleFile);
        IReadOnlyDictionary<string, Tensor> fitting = Fit(config, weights, tensors, tensor => tensor.Shape);
        string? gguf = tokenizerSource is null ? null : ModelPath.FindGguf(tokenizerSource);
        if (tokenizerSource is not null && gguf is null && !Directory.Exists(tokenizerSource))
        {
            throw new EngineException(
                $"Cannot write the model folder '{directory}': there is no folder '{tokenizerSource}' to take the "
                + "tokenizer from.");
        }

        Safetensors.Save(weights, fitting.Select(t => (t.Key, t.Value)), dtype);
        if (gguf is not null)
        {
            LoadTokenizer(gguf).Save(directory);
        }
        else if (tokenizerSource is not null && Path.GetFullPath(tokenizerSource) != Path.GetFullPath(directory))
        {
            foreach (string name in s_takenOverFiles.Where(name => File.Exists(Path.Combine(tokenizerSource, name))))
            {
                AtomicFile.Write(Path.Combine(directory, name), stream =>
                {
                    using FileStream source = File.OpenRead(Path.Combine(tokenizerSource, name));
                    source.CopyTo(stream);
                });
            }
        }

        if (gguf is not null || tokenizerSource is null
            || !File.Exists(Path.Combine(tokenizerSource, GenerationConfig.FileName)))
        {
            ModelConfigFile.SaveGeneration(Path.Combine(directory, GenerationConfig.FileName), config);
        }

        ModelConfigFile.Save(Path.Combine(directory, "config.json"), config, dtype);
    }

    /// <summary>
    /// Refuses a path at which there are no weights that can be read, before anything else is read from it.
    /// </summary>
    /// <param name="path">A model's or an adapter's folder, or a GGUF file.</param>
    /// <exception cref="EngineException">
    /// There is no model, or its weights are in another format; the message says what is there.
    /// </exception>
    internal static void RequireWeights(string path)
    {
        if (ModelPath.FindGguf(path) is null && !LoraFile.IsAdapter(path))
        {
            ModelPath.RequireWeights(path, SingleFile, IndexFile);
        }
    }

    /// <summary>The files that hold a folder's weights: one, or the shards that the index names.</summary>
    internal static IReadOnlyList<string> WeightFiles(string directory)
    {
        ModelPath.RequireWeights(directory, SingleFile, IndexFile);
        string single = Path.Combine(directory, SingleFile);
        string index = Path.Combine(directory, IndexFile);
        return File.Exists(single) ? [single]
            : [.. ShardNames(index).Select(file => Path.Combine(directory, file))];
    }

    private static IEnumerable<string> ShardNames(string index) =>
        JsonFile.Read(index)["weight_map"].Properties().Select(p => Path.GetFileName(p.Value.Text())).Distinct();

    private static Dictionary<string, T> ReadShards<T>(
        string directory, string index, Func<string, IReadOnlyDictionary<string, T>> read)
    {
        Dictionary<string, T> tensors = new(StringComparer.Ordinal);
        var shards = JsonFile.Read(index)["weight_map"].Properties()
            .Select(p => (Tensor: p.Name, p.Value, File: p.Value.Text())).GroupBy(p => p.File, StringComparer.Ordinal);
        foreach (var shard in shards)
        {
            string path = Path.Combine(directory, shard.Key);
            if (Path.GetFileName(shard.Key) != shard.Key || !File.Exists(path))
            {
                throw shard.First().Value.Fault($"names a shard that is not in the folder '{directory}'");
            }

            IReadOnlyDictionary<string, T> content = read(path);
            foreach ((string name, JsonFile value, _) in shard)
            {
                tensors[name] = content.TryGetValue(name, out T? tensor)
                    ? tensor
                    : throw value.Fault($"names a file without tensor '{name}'");
            }
        }

        return tensors;
    }

    // Keeps the tensors that the architecture asks for, in its order; anything that would be silently wrong is a fault.
    private static Dictionary<string, T> Fit<T>(
        ModelConfig config, string file, IReadOnlyDictionary<string, T> tensors, Func<T, IReadOnlyList<int>> shapeOf)
    {
        Dictionary<string, T> fitting = new(StringComparer.Ordinal);
        try
        {
            foreach ((string name, int[] shape) in ModelTensors.Shapes(config))
            {
                if (!tensors.TryGetValue(name, out T? tensor))
                {
                    throw new EngineException(
                        $"'{file}' lacks tensor '{name}', which a {config.ModelType} model of {config.LayerCount} "
                        + "layers has.");
                }

                if (!shapeOf(tensor).SequenceEqual(shape))
                {
                    throw new EngineException(
                        $"'{file}': tensor '{name}' has shape [{string.Join(", ", shapeOf(tensor))}], but config.json "
                        + $"asks for [{string.Join(", ", shape)}].");
                }

                fitting.Add(name, tensor);
            }
        }
        catch (OverflowException e)
        {
            throw new EngineException(
                $"The sizes in the config.json beside '{file}' are too large: a layer would exceed 2^31 rows.", e);
        }

        foreach (string name in tensors.Keys)
        {
            bool redundant = name.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal)
                || (name == "lm_head.weight" && config.TieWordEmbeddings);
            if (!fitting.ContainsKey(name) && !redundant)
            {
                throw new EngineException(
                    $"'{file}' has tensor '{name}', which a {config.ModelType} model with this config.json does not "
                    + "use.");
            }
        }

        return fitting;
    }
}
