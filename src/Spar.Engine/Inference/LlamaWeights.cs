using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Inference;

/// <summary>A Llama-family model's weights as the forward pass reads them: matrices packed, those that share an input joined.</summary>
internal sealed class LlamaWeights
{
    /// <summary>Packs a checkpoint's tensors, which are not needed afterwards (except for the embedding).</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="tensors">Weights by their Hugging Face names.</param>
    public LlamaWeights(ModelConfig config, IReadOnlyDictionary<string, Tensor> tensors)
    {
        Config = config;
        Embedding = tensors["model.embed_tokens.weight"];
        FinalNorm = tensors["model.norm.weight"].Data;
        Head = new PackedMatrix(config.TieWordEmbeddings ? Embedding : tensors["lm_head.weight"]);
        Layers = new Layer[config.LayerCount];
        for (int i = 0; i < Layers.Length; i++)
        {
            string layer = $"model.layers.{i}.";
            string attention = layer + "self_attn.";
            Layers[i] = new Layer(
                tensors[layer + "input_layernorm.weight"].Data,
                Join(tensors, config.HiddenSize, attention + "q_proj.weight", attention + "k_proj.weight", attention + "v_proj.weight"),
                config.QkvBias ? Pin([.. tensors[attention + "q_proj.bias"].Data, .. tensors[attention + "k_proj.bias"].Data, .. tensors[attention + "v_proj.bias"].Data]) : null,
                config.QueryKeyNorm ? tensors[attention + "q_norm.weight"].Data : null,
                config.QueryKeyNorm ? tensors[attention + "k_norm.weight"].Data : null,
                new PackedMatrix(tensors[attention + "o_proj.weight"]),
                config.OutputBias ? tensors[attention + "o_proj.bias"].Data : null,
                config.SandwichNorm ? tensors[layer + "post_self_attn_layernorm.weight"].Data : null,
                tensors[layer + "post_attention_layernorm.weight"].Data,
                config.FusedGateUp
                    ? new PackedMatrix(tensors[layer + "mlp.gate_up_proj.weight"])
                    : Join(tensors, config.HiddenSize, layer + "mlp.gate_proj.weight", layer + "mlp.up_proj.weight"),
                new PackedMatrix(tensors[layer + "mlp.down_proj.weight"]),
                config.SandwichNorm ? tensors[layer + "post_mlp_layernorm.weight"].Data : null);
        }
    }

    public ModelConfig Config { get; }

    /// <summary>Token embedding [V, D].</summary>
    public Tensor Embedding { get; }

    public Layer[] Layers { get; }

    /// <summary>[D], pinned.</summary>
    public float[] FinalNorm { get; }

    /// <summary>Output head [V, D].</summary>
    public PackedMatrix Head { get; }

    /// <summary>One layer. Arrays are pinned.</summary>
    /// <param name="InputNorm">[D].</param>
    /// <param name="Qkv">[H d + 2 KvH d, D]: queries, keys, values.</param>
    /// <param name="QkvBias">[H d + 2 KvH d], or null.</param>
    /// <param name="QueryNorm">Norm of each query head, [d], or null.</param>
    /// <param name="KeyNorm">Norm of each key head, [d], or null.</param>
    /// <param name="Output">[D, H d].</param>
    /// <param name="OutputBias">[D], or null.</param>
    /// <param name="AttendedNorm">Norm of attention's output before it is added to the residual stream, [D], or null.</param>
    /// <param name="PostNorm">Norm before the feed-forward layer, [D].</param>
    /// <param name="GateUp">[2 F, D]: gate, then up.</param>
    /// <param name="Down">[D, F].</param>
    /// <param name="DownNorm">Norm of the feed-forward layer's output before it is added, [D], or null.</param>
    public sealed record Layer(
        float[] InputNorm,
        PackedMatrix Qkv,
        float[]? QkvBias,
        float[]? QueryNorm,
        float[]? KeyNorm,
        PackedMatrix Output,
        float[]? OutputBias,
        float[]? AttendedNorm,
        float[] PostNorm,
        PackedMatrix GateUp,
        PackedMatrix Down,
        float[]? DownNorm);

    private static PackedMatrix Join(IReadOnlyDictionary<string, Tensor> tensors, int inputs, params string[] names)
    {
        float[] rows = new float[names.Sum(name => tensors[name].Count)];
        int at = 0;
        foreach (string name in names)
        {
            tensors[name].Data.CopyTo(rows, at);
            at += tensors[name].Count;
        }

        return new PackedMatrix(rows, rows.Length / inputs, inputs);
    }

    private static float[] Pin(float[] values)
    {
        float[] pinned = GC.AllocateUninitializedArray<float>(values.Length, pinned: true);
        values.CopyTo(pinned, 0);
        return pinned;
    }
}
