using Spar.Engine.Tensors;

namespace Spar.Engine.Models;

/// <summary>One parameter.</summary>
/// <param name="Name">Its Hugging Face name, such as <c>model.layers.0.self_attn.q_proj.weight</c>.</param>
/// <param name="Tensor">Its values.</param>
public sealed record NamedTensor(string Name, Tensor Tensor);

/// <summary>The parameters of one transformer layer. D: hidden size, F: intermediate size, H and K: query and key/value heads, d: head size.</summary>
/// <param name="InputNorm">Norm before attention, [D].</param>
/// <param name="Query">[H d, D].</param>
/// <param name="QueryBias">[H d] or null.</param>
/// <param name="Key">[K d, D].</param>
/// <param name="KeyBias">[K d] or null.</param>
/// <param name="Value">[K d, D].</param>
/// <param name="ValueBias">[K d] or null.</param>
/// <param name="Output">[D, H d].</param>
/// <param name="PostAttentionNorm">Norm before the feed-forward layer, [D].</param>
/// <param name="Gate">[F, D].</param>
/// <param name="Up">[F, D].</param>
/// <param name="Down">[D, F].</param>
public sealed record LlamaLayerParameters(
    Tensor InputNorm,
    Tensor Query,
    Tensor? QueryBias,
    Tensor Key,
    Tensor? KeyBias,
    Tensor Value,
    Tensor? ValueBias,
    Tensor Output,
    Tensor PostAttentionNorm,
    Tensor Gate,
    Tensor Up,
    Tensor Down);

/// <summary>
/// All parameters of a Llama-family model, by place and by name, in one fixed order: embedding, layers from the first to the last, final norm,
/// head. Gradients and optimizer moments are kept in the same form. Knows nothing of files and of how the model computes.
/// </summary>
public sealed class LlamaParameters
{
    private LlamaParameters(ModelConfig config, bool queryKeyValueBias, Func<string, int[], Tensor> tensor)
    {
        Config = config;
        HasQueryKeyValueBias = queryKeyValueBias;
        List<NamedTensor> all = [];
        Tensor Get(string name, params int[] shape)
        {
            Tensor value = tensor(name, shape);
            all.Add(new NamedTensor(name, value));
            return value;
        }

        int hidden = config.HiddenSize, ffn = config.IntermediateSize, queries = config.HeadCount * config.HeadDim, keys = config.KvHeadCount * config.HeadDim;
        Embedding = Get("model.embed_tokens.weight", config.VocabSize, hidden);
        LlamaLayerParameters[] layers = new LlamaLayerParameters[config.LayerCount];
        for (int l = 0; l < layers.Length; l++)
        {
            string prefix = $"model.layers.{l}.";
            Tensor? Bias(string projection, int size) => queryKeyValueBias ? Get($"{prefix}self_attn.{projection}.bias", size) : null;
            layers[l] = new LlamaLayerParameters(
                Get(prefix + "input_layernorm.weight", hidden),
                Get(prefix + "self_attn.q_proj.weight", queries, hidden),
                Bias("q_proj", queries),
                Get(prefix + "self_attn.k_proj.weight", keys, hidden),
                Bias("k_proj", keys),
                Get(prefix + "self_attn.v_proj.weight", keys, hidden),
                Bias("v_proj", keys),
                Get(prefix + "self_attn.o_proj.weight", hidden, queries),
                Get(prefix + "post_attention_layernorm.weight", hidden),
                Get(prefix + "mlp.gate_proj.weight", ffn, hidden),
                Get(prefix + "mlp.up_proj.weight", ffn, hidden),
                Get(prefix + "mlp.down_proj.weight", hidden, ffn));
        }

        Layers = layers;
        FinalNorm = Get("model.norm.weight", hidden);
        Head = config.TieWordEmbeddings ? Embedding : Get("lm_head.weight", config.VocabSize, hidden);
        All = all;
    }

    /// <summary>The architecture.</summary>
    public ModelConfig Config { get; }

    /// <summary>Whether the query, key and value projections have biases (Qwen2).</summary>
    public bool HasQueryKeyValueBias { get; }

    /// <summary>Every parameter once, in the fixed order.</summary>
    public IReadOnlyList<NamedTensor> All { get; }

    /// <summary>Token embedding, [V, D].</summary>
    public Tensor Embedding { get; }

    /// <summary>The layers, first to last.</summary>
    public IReadOnlyList<LlamaLayerParameters> Layers { get; }

    /// <summary>Norm before the head, [D].</summary>
    public Tensor FinalNorm { get; }

    /// <summary>Output head, [V, D]; the same object as <see cref="Embedding"/> when the model ties them.</summary>
    public Tensor Head { get; }

    /// <summary>
    /// New parameters: normal with deviation 0.02, for o_proj and down_proj divided by sqrt(2 L) (Radford et al. 2019), norms 1, biases 0.
    /// </summary>
    /// <param name="config">The architecture.</param>
    /// <param name="seed">The same seed gives the same bytes.</param>
    /// <param name="queryKeyValueBias">Whether q, k and v have biases.</param>
    /// <exception cref="EngineException">The sizes do not fit each other.</exception>
    public static LlamaParameters Initialize(ModelConfig config, ulong seed, bool queryKeyValueBias = false)
    {
        Check(config);
        NormalGenerator normal = new(seed);
        double residual = 0.02 / Math.Sqrt(2.0 * config.LayerCount);
        return new LlamaParameters(config, queryKeyValueBias, (name, shape) =>
        {
            Tensor tensor = new(shape);
            if (name.EndsWith("norm.weight", StringComparison.Ordinal))
            {
                Array.Fill(tensor.Data, 1f);
            }
            else if (!name.EndsWith(".bias", StringComparison.Ordinal))
            {
                bool intoResidual = name.EndsWith("o_proj.weight", StringComparison.Ordinal) || name.EndsWith("down_proj.weight", StringComparison.Ordinal);
                normal.Fill(tensor.Data, intoResidual ? residual : 0.02);
            }

            return tensor;
        });
    }

    /// <summary>Takes the parameters from a checkpoint's tensors. The tensors are used as they are, not copied; others in the dictionary are ignored.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="tensors">By Hugging Face name.</param>
    /// <exception cref="EngineException">A tensor is missing or has another shape than the configuration asks for.</exception>
    public static LlamaParameters FromTensors(ModelConfig config, IReadOnlyDictionary<string, Tensor> tensors)
    {
        Check(config);
        bool bias = tensors.ContainsKey("model.layers.0.self_attn.q_proj.bias");
        return new LlamaParameters(config, bias, (name, shape) =>
        {
            if (!tensors.TryGetValue(name, out Tensor? tensor))
            {
                throw new EngineException(
                    $"The checkpoint has no tensor {name}; its config.json asks for one of shape [{string.Join(", ", shape)}]. Check that config.json and the weights belong together.");
            }

            return tensor.Shape.SequenceEqual(shape)
                ? tensor
                : throw new EngineException(
                    $"Tensor {name} has shape [{string.Join(", ", tensor.Shape)}]; config.json asks for [{string.Join(", ", shape)}]. Check that config.json and the weights belong together.");
        });
    }

    /// <summary>Parameters of the same names and shapes, all 0: for gradients and moments.</summary>
    public LlamaParameters ZerosLike() => new(Config, HasQueryKeyValueBias, (_, shape) => new Tensor(shape));

    /// <summary>A copy that shares nothing with this one.</summary>
    public LlamaParameters Clone()
    {
        LlamaParameters copy = ZerosLike();
        copy.CopyFrom(this);
        return copy;
    }

    /// <summary>Overwrites every value.</summary>
    /// <param name="other">Parameters of the same names and shapes.</param>
    public void CopyFrom(LlamaParameters other)
    {
        for (int i = 0; i < All.Count; i++)
        {
            other.All[i].Tensor.Data.CopyTo(All[i].Tensor.Data, 0);
        }
    }

    /// <summary>The parameters by name, for writing a checkpoint; the tensors are not copied.</summary>
    public IReadOnlyDictionary<string, Tensor> ToDictionary() => All.ToDictionary(p => p.Name, p => p.Tensor);

    private static void Check(ModelConfig config)
    {
        if (config.KvHeadCount < 1 || config.HeadCount % config.KvHeadCount != 0)
        {
            throw new EngineException($"{config.HeadCount} query heads cannot share {config.KvHeadCount} key/value heads evenly. Mend num_attention_heads or num_key_value_heads in config.json.");
        }
    }

    /// <summary>Normal numbers by the polar method from a SplitMix64 stream (Steele et al. 2014), so that they are the same on every runtime.</summary>
    private sealed class NormalGenerator(ulong seed)
    {
        private ulong _state = seed;

        public void Fill(float[] target, double deviation)
        {
            for (int i = 0; i < target.Length; i += 2)
            {
                double x, y, square;
                do
                {
                    x = (2 * Uniform()) - 1;
                    y = (2 * Uniform()) - 1;
                    square = (x * x) + (y * y);
                }
                while (square is >= 1 or 0);

                double factor = deviation * Math.Sqrt(-2 * Math.Log(square) / square);
                target[i] = (float)(x * factor);
                if (i + 1 < target.Length)
                {
                    target[i + 1] = (float)(y * factor);
                }
            }
        }

        private double Uniform()
        {
            _state += 0x9E3779B97F4A7C15;
            ulong z = _state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
        }
    }
}
