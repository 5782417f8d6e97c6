using Spar.Engine.Checkpoints;
using Spar.Engine.Checkpoints.Gguf;
using Spar.Engine.Inference;
using Spar.Engine.Models;
using Spar.Engine.Tokenization;
using Spar.Engine.Training;

namespace Spar.Engine.Inspection;

/// <summary>How many weights of a checkpoint are stored in one type.</summary>
/// <param name="Type">F32, F16, BF16, Q4_1 ...</param>
/// <param name="Tensors">Tensors of this type.</param>
/// <param name="Parameters">Their elements.</param>
/// <param name="Bytes">Their bytes in the file.</param>
public sealed record StoredType(string Type, int Tensors, long Parameters, long Bytes);

/// <summary>What can be said about a checkpoint without reading its weights.</summary>
public sealed record ModelSummary
{
    /// <summary>Tokens of the sequence that <see cref="TrainingBytes"/> is for.</summary>
    public const int TrainingTokens = 2048;

    /// <summary>The form of the checkpoint: safetensors or GGUF.</summary>
    public required string Format { get; init; }

    /// <summary>The architecture.</summary>
    public required ModelConfig Config { get; init; }

    /// <summary>Types of the stored weights, the most bytes first.</summary>
    public required IReadOnlyList<StoredType> Types { get; init; }

    /// <summary>Number of parameters; a head that is the embedding counts once.</summary>
    public long Parameters => Types.Sum(type => type.Parameters);

    /// <summary>Tokens of the tokenizer, or null when the checkpoint has none that can be read.</summary>
    public int? TokenizerSize { get; init; }

    /// <summary>The chat template, Jinja text, or null.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>What ends a generation: an id and how the tokenizer spells it, or null without one.</summary>
    public required IReadOnlyList<(int Id, string? Token)> EndTokens { get; init; }

    /// <summary>What <c>generation_config.json</c> says; empty where there is none.</summary>
    public GenerationConfig Generation { get; init; } = new();

    /// <summary>Bytes that the weights take while text is generated.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>Bytes that a token's keys and values take while text is generated.</summary>
    public long CacheBytesPerToken => KvCache.BytesPerToken(Config);

    /// <summary>Bytes to generate one sequence of the model's full length: weights and cache.</summary>
    public long GenerationBytes => WeightBytes + (CacheBytesPerToken * Config.MaxPositions);

    /// <summary>
    /// Bytes to train all parameters on steps of <see cref="TrainingTokens"/> tokens. A parameter takes five float32
    /// numbers: itself, gradient, two moments of AdamW, and the layout for products; to this comes what the backward
    /// pass needs.
    /// </summary>
    public long TrainingBytes => (4 * 5 * Parameters) + LlamaGraph.KeptBytes(Config, TrainingTokens);

    /// <summary>Reads the headers of a checkpoint.</summary>
    /// <param name="path">A checkpoint folder or a <c>.gguf</c> file.</param>
    /// <exception cref="EngineException">The checkpoint is missing or broken.</exception>
    public static ModelSummary Read(string path) =>
        ModelPath.FindGguf(path) is { } gguf ? ReadGguf(gguf) : ReadFolder(path);

    private static ModelSummary ReadGguf(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        GgufModel model = new(file);
        Tokenizer? tokenizer = file.Metadata.Has("tokenizer.ggml.model") ? GgufTokenizer.Read(file) : null;
        StoredType[] types = Group(file.Tensors.Values.Where(tensor => tensor.Name != "rope_freqs.weight")
            .Select(tensor => (tensor.Type.Name, (long)tensor.Rows * tensor.RowLength, tensor.Rows * tensor.RowBytes)));
        return new ModelSummary
        {
            Format = $"GGUF (version {file.Version})",
            Config = model.Config,
            Types = types,
            TokenizerSize = tokenizer?.VocabSize,
            ChatTemplate = tokenizer?.Config.ChatTemplate,
            EndTokens = ReadEndTokens(model.Config, tokenizer),
            WeightBytes = types.Sum(
                type => GgufType.All.Single(t => t.Name == type.Type).IsQuantized ? type.Bytes : 4 * type.Parameters),
        };
    }

    private static ModelSummary ReadFolder(string directory)
    {
        IReadOnlyList<string> files = Checkpoint.WeightFiles(directory);
        ModelConfig config = ModelConfigFile.Load(Path.Combine(directory, "config.json"));
        Tokenizer? tokenizer = File.Exists(Path.Combine(directory, "tokenizer.json"))
            ? Tokenizer.Load(directory)
            : null;
        StoredType[] types = Group(files.SelectMany(Safetensors.ReadTypes));
        long embedding = (long)config.VocabSize * config.HiddenSize;
        return new ModelSummary
        {
            Format = files.Count == 1 ? "safetensors" : $"safetensors ({files.Count} files)",
            Config = config,
            Types = types,
            TokenizerSize = tokenizer?.VocabSize,
            ChatTemplate = tokenizer?.Config.ChatTemplate,
            EndTokens = ReadEndTokens(config, tokenizer),
            Generation = GenerationConfig.Load(directory),
            // The embedding is kept row by row; as the head it is laid out a second time.
            WeightBytes = 4 * (types.Sum(type => type.Parameters) + (config.TieWordEmbeddings ? embedding : 0)),
        };
    }

    // As the engine stops: the ids of all files, and the tokenizer's own.
    private static (int, string?)[] ReadEndTokens(ModelConfig config, Tokenizer? tokenizer)
    {
        int? eos = tokenizer?.Config.EosToken is { } token ? tokenizer.TokenToId(token) : null;
        return [.. config.EndTokenIds.Union(eos is int id ? [id] : []).Select(end => (end, tokenizer?.IdToToken(end)))];
    }

    private static StoredType[] Group(IEnumerable<(string Type, long Parameters, long Bytes)> tensors) =>
        [.. tensors.GroupBy(tensor => tensor.Type).Select(
            group => new StoredType(group.Key, group.Count(), group.Sum(t => t.Parameters), group.Sum(t => t.Bytes)))
            .OrderByDescending(type => type.Bytes).ThenBy(type => type.Type, StringComparer.Ordinal)];
}
