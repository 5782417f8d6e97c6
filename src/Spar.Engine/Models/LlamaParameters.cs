using Spar.Engine.Tensors;

namespace Spar.Engine.Models;

/// <summary>One parameter.</summary>
/// <param name="Name">Its Hugging Face name, such as <c>model.layers.0.self_attn.q_proj.weight</c>.</param>
/// <param name="Tensor">Its values.</param>
public sealed record NamedTensor(string Name, Tensor Tensor);

/// <summary>One linear layer, y = x W^T + b.</summary>
/// <param name="Name">Name of the module, such as <c>model.layers.0.self_attn.q_proj</c>.</param>
/// <param name="Weight">W, [outputs, inputs].</param>
/// <param name="Bias">b, [outputs], or null.</param>
public sealed record LinearParameters(string Name, Tensor Weight, Tensor? Bias);

/// <summary>
/// The parameters of one transformer layer. D: hidden size, F: intermediate size, H and K: query and key/value heads,
/// d: head size.
/// </summary>
/// <param name="InputNorm">Norm before attention, [D].</param>
/// <param name="Query">[H d, D].</param>
/// <param name="Key">[K d, D].</param>
/// <param name="Value">[K d, D].</param>
/// <param name="QueryNorm">Norm of every query head, [d], or null.</param>
/// <param name="KeyNorm">Norm of every key head, [d], or null.</param>
/// <param name="Output">[D, H d].</param>
/// <param name="AttendedNorm">
/// Norm of attention's output before it is added to the residual stream, [D], or null.
/// </param>
/// <param name="PostAttentionNorm">Norm before the feed-forward layer, [D].</param>
/// <param name="GateUp">Gate and up, [F, D] each, or both in one [2 F, D], gate first.</param>
/// <param name="Down">[D, F].</param>
/// <param name="DownNorm">Norm of the feed-forward layer's output before it is added, [D], or null.</param>
internal sealed record LlamaLayerParameters(
    Tensor InputNorm,
    LinearParameters Query,
    LinearParameters Key,
    LinearParameters Value,
    Tensor? QueryNorm,
    Tensor? KeyNorm,
    LinearParameters Output,
    Tensor? AttendedNorm,
    Tensor PostAttentionNorm,
    IReadOnlyList<LinearParameters> GateUp,
    LinearParameters Down,
    Tensor? DownNorm);

/// <summary>
/// All parameters of a Llama-family model, by place and by name, in the order of <see cref="ModelTensors.Shapes"/>.
/// Knows nothing of files and of how the model computes.
/// </summary>
public sealed class LlamaParameters
{
    private LlamaParameters(ModelConfig config, Func<string, int[], Tensor> tensor)
    {
        Config = config;
        All = [.. ModelTensors.Shapes(config).Select(t => new NamedTensor(t.Name, tensor(t.Name, t.Shape)))];
        Dictionary<string, Tensor> byName = All.ToDictionary(p => p.Name, p => p.Tensor);
        LinearParameters Linear(string name) =>
            new(name, byName[name + ".weight"], byName.GetValueOrDefault(name + ".bias"));
        Embedding = byName["model.embed_tokens.weight"];
        Layers = [.. Enumerable.Range(0, config.LayerCount).Select(l =>
        {
            string prefix = $"model.layers.{l}.", attention = prefix + "self_attn.", feedForward = prefix + "mlp.";
            return new LlamaLayerParameters(
                byName[prefix + "input_layernorm.weight"],
                Linear(attention + "q_proj"),
                Linear(attention + "k_proj"),
                Linear(attention + "v_proj"),
                byName.GetValueOrDefault(attention + "q_norm.weight"),
                byName.GetValueOrDefault(attention + "k_norm.weight"),
                Linear(attention + "o_proj"),
                byName.GetValueOrDefault(prefix + "post_self_attn_layernorm.weight"),
                byName[prefix + "post_attention_layernorm.weight"],
                config.FusedGateUp
                    ? [Linear(feedForward + "gate_up_proj")]
                    : [Linear(feedForward + "gate_proj"), Linear(feedForward + "up_proj")],
                Linear(feedForward + "down_proj"),
                byName.GetValueOrDefault(prefix + "post_mlp_layernorm.weight"));
        })];
        FinalNorm = byName["model.norm.weight"];
        Head = config.TieWordEmbeddings ? new LinearParameters("lm_head", Embedding, null) : Linear("lm_head");
    }

    /// <summary>The architecture.</summary>
    public ModelConfig Config { get; }

    /// <summary>Every parameter once, in the fixed order.</summary>
    public IReadOnlyList<NamedTensor> All { get; }

    /// <summary>Token embedding, [V, D].</summary>
    public Tensor Embedding { get; }

    /// <summary>The layers, first to last.</summary>
    internal IReadOnlyList<LlamaLayerParameters> Layers { get; }

    /// <summary>Norm before the head, [D].</summary>
    public Tensor FinalNorm { get; }

    /// <summary>
    /// Output head, [V, D]; its weight is the same object as <see cref="Embedding"/> when the model ties them.
    /// </summary>
    public LinearParameters Head { get; }

    /// <summary>Every linear layer, in the model's order, the output head last.</summary>
    public IEnumerable<LinearParameters> Linears
        => Layers.SelectMany(layer => (LinearParameters[])
            [layer.Query, layer.Key, layer.Value, layer.Output, .. layer.GateUp, layer.Down]).Append(Head);

    /// <summary>
    /// New parameters: normal with deviation 0.02, for o_proj and down_proj divided by sqrt(2 L) (Radford et al. 2019),
    /// norms 1, biases 0.
    /// </summary>
    /// <param name="config">The architecture.</param>
    /// <param name="seed">The same seed gives the same bytes.</param>
    /// <exception cref="EngineException">The sizes do not fit each other.</exception>
    public static LlamaParameters Initialize(ModelConfig config, ulong seed)
    {
        Check(config);
        NormalGenerator normal = new(seed);
        double residual = 0.02 / Math.Sqrt(2.0 * config.LayerCount);
        return new LlamaParameters(config, (name, shape) =>
        {
            Tensor tensor = new(shape);
            if (shape.Length == 1 && name.EndsWith("norm.weight", StringComparison.Ordinal))
            {
                Array.Fill(tensor.Data, 1f);
            }
            else if (!name.EndsWith(".bias", StringComparison.Ordinal))
            {
                bool intoResidual = name.EndsWith("o_proj.weight", StringComparison.Ordinal)
                    || name.EndsWith("down_proj.weight", StringComparison.Ordinal);
                normal.Fill(tensor.Data, intoResidual ? residual : 0.02);
            }

            return tensor;
        });
    }

    /// <summary>
    /// Takes the parameters from a checkpoint's tensors. The tensors are used as they are, not copied; others in the
    /// dictionary are ignored.
    /// </summary>
    /// <param name="config">The architecture.</param>
    /// <param name="tensors">By Hugging Face name.</param>
    /// <exception cref="EngineException">
    /// A tensor is missing or has another shape than the configuration asks for.
    /// </exception>
    public static LlamaParameters FromTensors(ModelConfig config, IReadOnlyDictionary<string, Tensor> tensors)
    {
        Check(config);
        return new LlamaParameters(config, (name, shape) =>
        {
            if (!tensors.TryGetValue(name, out Tensor? tensor))
            {
                throw new EngineException(
                    $"The checkpoint has no tensor {name}; its config.json asks for one of shape "
                    + $"[{string.Join(", ", shape)}]. Check that config.json and the weights belong together.");
            }

            return tensor.Shape.SequenceEqual(shape)
                ? tensor
                : throw new EngineException(
                    $"Tensor {name} has shape [{string.Join(", ", tensor.Shape)}]; config.json asks for "
                    + $"[{string.Join(", ", shape)}]. Check that config.json and the weights belong together.");
        });
    }

    /// <summary>The parameters by name, for writing a checkpoint; the tensors are not copied.</summary>
    public IReadOnlyDictionary<string, Tensor> ToDictionary() => All.ToDictionary(p => p.Name, p => p.Tensor);

    private static void Check(ModelConfig config)
    {
        if (config.KvHeadCount < 1 || config.HeadCount % config.KvHeadCount != 0)
        {
            throw new EngineException(
                $"{config.HeadCount} query heads cannot share {config.KvHeadCount} key/value heads evenly. Mend "
                + "num_attention_heads or num_key_value_heads in config.json.");
        }
    }

    /// <summary>
    /// Normal numbers by the polar method from a SplitMix64 stream (Steele et al. 2014), so that they are the same on
    /// every runtime.
    /// </summary>
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
