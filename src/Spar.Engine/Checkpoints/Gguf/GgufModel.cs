using Spar.Engine.Kernels.Quantized;
using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Checkpoints.Gguf;

/// <summary>A weight as a GGUF file holds it.</summary>
/// <param name="Tensor">The tensor in the file.</param>
/// <param name="Shape">The weight's own shape, outermost first.</param>
/// <param name="RowOrder">
/// Row i of the weight (of a vector: element i) is number RowOrder[i] of the tensor; null when they are the same.
/// </param>
internal readonly record struct GgufWeight(GgufTensor Tensor, int[] Shape, int[]? RowOrder)
{
    /// <summary>Rows of a matrix.</summary>
    public int Rows => Shape[0];
}

/// <summary>
/// The model in a GGUF file in the project's own terms: its architecture, and where each weight that
/// <see cref="ModelTensors.Shapes"/> names lies. llama.cpp's converter reorders the rows of the query and key
/// projections of llama models, so that rotary pairs become neighbours; here they get their old order back.
/// </summary>
internal sealed class GgufModel
{
    // The file's architecture to model_type.
    private static readonly Dictionary<string, string> s_architectures =
        new() { ["llama"] = "llama", ["qwen2"] = "qwen2", ["qwen3"] = "qwen3", ["chatglm"] = "glm", ["glm4"] = "glm4" };

    private static readonly Dictionary<string, string> s_layerNames = new()
    {
        ["input_layernorm"] = "attn_norm",
        ["self_attn.q_proj"] = "attn_q",
        ["self_attn.k_proj"] = "attn_k",
        ["self_attn.v_proj"] = "attn_v",
        ["self_attn.o_proj"] = "attn_output",
        ["post_attention_layernorm"] = "ffn_norm",
        ["self_attn.q_norm"] = "attn_q_norm",
        ["self_attn.k_norm"] = "attn_k_norm",
        ["post_self_attn_layernorm"] = "post_attention_norm",
        ["post_mlp_layernorm"] = "post_ffw_norm",
        ["mlp.gate_up_proj"] = "ffn_up",
        ["mlp.gate_proj"] = "ffn_gate",
        ["mlp.up_proj"] = "ffn_up",
        ["mlp.down_proj"] = "ffn_down",
    };

    private readonly Dictionary<string, GgufWeight> _weights = new(StringComparer.Ordinal);

    /// <summary>Reads the description of the model.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="EngineException">
    /// The architecture is not supported, or keys and tensors contradict each other; names the key or tensor.
    /// </exception>
    public GgufModel(GgufFile file)
    {
        File = file;
        Config = ReadConfig(file);
        HashSet<string> used = ["rope_freqs.weight"];
        foreach ((string name, int[] shape) in ModelTensors.Shapes(Config))
        {
            string inFile = NameInFile(name);
            if (!file.Tensors.ContainsKey(inFile) && FusedPart(name) is var (joined, first, rows))
            {
                GgufTensor whole = Find(file, joined, [rows, .. shape[1..]]);
                used.Add(joined);
                _weights.Add(name, new GgufWeight(whole, shape, [.. Enumerable.Range(first, shape[0])]));
                continue;
            }

            used.Add(inFile);
            _weights.Add(name, new GgufWeight(Find(file, inFile, shape), shape, RowOrder(name)));
        }

        if (file.Tensors.Keys.FirstOrDefault(name => !used.Contains(name)) is { } unknown)
        {
            throw new EngineException(
                $"'{file.Path}' has tensor '{unknown}', which a {Config.ModelType} model does not use; the file is of "
                + "an architecture that is not supported.");
        }
    }

    public GgufFile File { get; }

    public ModelConfig Config { get; }

    /// <summary>The weights by Hugging Face name.</summary>
    public IReadOnlyDictionary<string, GgufWeight> Weights => _weights;

    /// <summary>A weight, widened to float32.</summary>
    public Tensor Read(string name)
    {
        (GgufTensor tensor, int[] shape, int[]? order) = _weights[name];
        Tensor result = new(shape);
        if (tensor.Shape.Length == 1)
        {
            float[] values = new float[tensor.RowLength];
            GgufBlocks.Dequantize(tensor.Type, File.Row(tensor, 0), values);
            (order is null ? values : Array.ConvertAll(order, at => values[at])).CopyTo(result.Data, 0);
            return result;
        }

        Parallel.For(0, shape[0], row => GgufBlocks.Dequantize(
            tensor.Type, File.Row(tensor, order?[row] ?? row),
            result.Data.AsSpan(row * tensor.RowLength, tensor.RowLength)));
        return result;
    }

    /// <summary>One quantised matrix from the rows of several weights.</summary>
    /// <param name="names">Weights of the same quantised type and row length.</param>
    /// <param name="exact">Whether activations will be float32, rather than rounded to 8 bits.</param>
    /// <exception cref="EngineException">A scale is not a finite number; names the tensor.</exception>
    public QuantizedMatrix ReadQuantized(ReadOnlySpan<string> names, bool exact)
    {
        GgufTensor first = _weights[names[0]].Tensor;
        int outputs = 0;
        foreach (string name in names)
        {
            outputs = checked(outputs + _weights[name].Rows);
        }

        QuantizedLayout layout = GgufBlocks.Layout(first.Type);
        QuantizedMatrix matrix = new(outputs, first.RowLength, exact ? layout : DotInstructions.Best(layout));
        int start = 0;
        foreach (string name in names)
        {
            (GgufTensor tensor, int[] shape, int[]? order) = _weights[name];
            int from = start;
            Parallel.For(
                0,
                shape[0],
                () => (
                    Codes: new byte[tensor.RowLength],
                    Scales: new byte[tensor.RowLength / matrix.Layout.GroupElements * matrix.Layout.GroupScaleBytes]),
                (row, _, buffers) =>
                {
                    ReadOnlySpan<byte> bytes = File.Row(tensor, order?[row] ?? row);
                    for (int block = 0; block < tensor.RowLength / tensor.Type.BlockElements; block++)
                    {
                        ReadOnlySpan<byte> source = bytes[(block * tensor.Type.BlockBytes)..];
                        GgufBlocks.Codes(tensor.Type, source, buffers.Codes.AsSpan(block * tensor.Type.BlockElements));
                        if (!GgufBlocks.PackedScales(
                            tensor.Type, source, buffers.Scales.AsSpan(block * matrix.Layout.GroupScaleBytes)))
                        {
                            throw new EngineException(
                                $"'{File.Path}': tensor '{tensor.Name}' has a scale that is not a finite number, in "
                                + $"row {row}. Download or convert the model again.");
                        }
                    }

                    matrix.SetRow(from + row, buffers.Codes, buffers.Scales);
                    return buffers;
                },
                _ => { });
            start += shape[0];
        }

        return matrix;
    }

    private static ModelConfig ReadConfig(GgufFile file)
    {
        GgufMetadata keys = file.Metadata;
        string architecture = keys.Text("general.architecture");
        if (!s_architectures.TryGetValue(architecture, out string? type))
        {
            throw keys.Fault(
                "general.architecture",
                $"must be one of {string.Join(", ", s_architectures.Keys)} (other architectures are not supported)");
        }

        string Key(string name) => $"{architecture}.{name}";
        if (keys.Int(Key("expert_count"), 0, int.MaxValue, 0) > 0)
        {
            throw keys.Fault(Key("expert_count"), "must be 0 (mixtures of experts are not supported)");
        }

        string scaling = keys.TextOrNull(Key("rope.scaling.type")) ?? "none";
        double linear = scaling == "linear" ? keys.Number(Key("rope.scaling.factor")) : 1;
        if (scaling is not ("none" or "linear") || !(linear >= 1))
        {
            throw keys.Fault(
                Key("rope.scaling.type"),
                "must be none, or linear with a factor of at least 1 (other rotary scalings are not supported, except "
                + "Llama 3's)");
        }

        int hidden = keys.Int(Key("embedding_length"), 1, 1 << 20);
        int heads = keys.Int(Key("attention.head_count"), 1, 1 << 16);
        int kvHeads = keys.Int(Key("attention.head_count_kv"), 1, heads, heads);
        if (heads % kvHeads != 0)
        {
            throw keys.Fault(Key("attention.head_count_kv"), $"must divide the {heads} heads");
        }

        int headDim = keys.Int(Key("attention.key_length"), 2, 1 << 16, Math.Max(2, hidden / heads));
        if (keys.Int(Key("attention.value_length"), 1, 1 << 16, headDim) != headDim)
        {
            throw keys.Fault(Key("attention.value_length"), $"must be the length of the keys, {headDim}");
        }

        int rotary = keys.Int(Key("rope.dimension_count"), 2, headDim, headDim);
        if (rotary % 2 != 0 || headDim % 2 != 0)
        {
            throw keys.Fault(Key("rope.dimension_count"), $"must be even, and the length of a head ({headDim}) too");
        }

        int window = keys.Int(Key("attention.sliding_window"), 0, int.MaxValue, 0);
        double eps = keys.Number(Key("attention.layer_norm_rms_epsilon"));
        double theta = keys.Number(Key("rope.freq_base"), 10000);
        if (!(eps >= 0) || !(theta > 0))
        {
            throw keys.Fault(
                theta > 0 ? Key("attention.layer_norm_rms_epsilon") : Key("rope.freq_base"), "must be positive");
        }

        int vocabulary = file.Tensors.TryGetValue("token_embd.weight", out GgufTensor? embedding)
            && embedding.Shape.Length == 2
            ? embedding.Shape[0]
            : throw new EngineException($"'{file.Path}' lacks the tensor 'token_embd.weight' with one row a token.");
        const string tokenizer = "tokenizer.ggml.";
        int? Token(string name) => keys.Has(tokenizer + name) ? keys.Int(tokenizer + name, 0, vocabulary - 1) : null;
        int?[] ends = [Token("eos_token_id"), Token("eot_token_id"), Token("eom_token_id")];
        return new ModelConfig
        {
            ModelType = type == "llama" && window > 0 ? "mistral" : type,
            VocabSize = vocabulary,
            HiddenSize = hidden,
            IntermediateSize = keys.Int(Key("feed_forward_length"), 1, 1 << 20),
            LayerCount = keys.Int(Key("block_count"), 1, 10_000),
            HeadCount = heads,
            KvHeadCount = kvHeads,
            HeadDim = headDim,
            MaxPositions = keys.Int(Key("context_length"), 1, int.MaxValue),
            RmsNormEps = Shortest(eps),
            RopeTheta = Shortest(theta),
            RopeScaling = ReadRopeScaling(file, rotary, theta),
            RopeLinearFactor = linear,
            TieWordEmbeddings = !file.Tensors.ContainsKey("output.weight"),
            SlidingWindow = window > 0 ? window : null,
            QkvBias = file.Tensors.ContainsKey("blk.0.attn_q.bias") || file.Tensors.ContainsKey("blk.0.attn_qkv.bias"),
            OutputBias = file.Tensors.ContainsKey("blk.0.attn_output.bias"),
            QueryKeyNorm = type == "qwen3",
            SandwichNorm = type == "glm4",
            PartialRotaryFactor = (double)rotary / headDim,
            InterleavedRotary = type is "glm" or "glm4",
            FusedGateUp = type is "glm" or "glm4",
            BosTokenId = Token("bos_token_id"),
            PadTokenId = Token("padding_token_id"),
            EosTokenIds = [.. ends.OfType<int>().Distinct()],
        };
    }

    // Files keep float32; config.json would have said 1e-05 rather than 9.999999747378752e-06. The nearest short number
    // gives the same float32.
    private static double Shortest(double value) =>
        double.Parse(
            ((float)value).ToString(System.Globalization.CultureInfo.InvariantCulture),
            System.Globalization.CultureInfo.InvariantCulture);

    private static Llama3RopeScaling? ReadRopeScaling(GgufFile file, int rotary, double theta)
    {
        if (!file.Tensors.ContainsKey("rope_freqs.weight"))
        {
            return null;
        }

        GgufTensor tensor = Find(file, "rope_freqs.weight", [rotary / 2]);
        float[] divisors = new float[rotary / 2];
        GgufBlocks.Dequantize(tensor.Type, file.Row(tensor, 0), divisors);
        return RopeFactors.TryRecover(divisors, Shortest(theta), out Llama3RopeScaling? scaling)
            ? scaling
            : throw new EngineException(
                $"'{file.Path}': tensor 'rope_freqs.weight' does not follow Llama 3's rotary scaling; other scalings "
                + "are not supported.");
    }

    private static GgufTensor Find(GgufFile file, string name, int[] shape)
    {
        if (!file.Tensors.TryGetValue(name, out GgufTensor? tensor))
        {
            throw new EngineException($"'{file.Path}' lacks tensor '{name}', which its metadata asks for.");
        }

        return tensor.Shape.AsSpan().SequenceEqual(shape)
            ? tensor
            : throw new EngineException(
                $"'{file.Path}': tensor '{name}' has shape [{string.Join(", ", tensor.Shape)}], but the metadata asks "
                + $"for [{string.Join(", ", shape)}].");
    }

    private static string NameInFile(string name)
    {
        switch (name)
        {
            case "model.embed_tokens.weight":
                return "token_embd.weight";
            case "model.norm.weight":
                return "output_norm.weight";
            case "lm_head.weight":
                return "output.weight";
            default:
                // model.layers.N.PART.weight or .bias
                string[] parts = name.Split('.');
                return $"blk.{parts[2]}.{s_layerNames[string.Join('.', parts[3..^1])]}.{parts[^1]}";
        }
    }

    // Queries, keys and values as parts of one tensor: its name, the part's first row, and the rows of all three.
    private (string Joined, int First, int Rows)? FusedPart(string name)
    {
        string[] parts = name.Split('.');
        int queries = Config.HeadCount * Config.HeadDim, keys = Config.KvHeadCount * Config.HeadDim;
        int? first = parts.Length < 5
            ? null
            : parts[4] switch { "q_proj" => 0, "k_proj" => queries, "v_proj" => queries + keys, _ => null };
        return first is int row ? ($"blk.{parts[2]}.attn_qkv.{parts[^1]}", row, queries + (2 * keys)) : null;
    }

    // The converter wrote a head's row (half, pair) as row (pair, half), half counting the two halves of the head.
    private int[]? RowOrder(string name)
    {
        bool query = name.Contains(".q_proj.", StringComparison.Ordinal);
        if ((!query && !name.Contains(".k_proj.", StringComparison.Ordinal))
            || Config.ModelType is not ("llama" or "mistral"))
        {
            return null;
        }

        int size = Config.HeadDim, half = size / 2;
        int[] order = new int[(query ? Config.HeadCount : Config.KvHeadCount) * size];
        for (int i = 0; i < order.Length; i++)
        {
            int inHead = i % size;
            order[i] = i - inHead + (inHead % half * 2) + (inHead / half);
        }

        return order;
    }
}
