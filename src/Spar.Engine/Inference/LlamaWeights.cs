using Spar.Engine.Models;

namespace Spar.Engine.Inference;

/// <summary>
/// A Llama-family model's weights as the forward pass reads them: matrices laid out for products, those that share an
/// input joined.
/// </summary>
internal sealed class LlamaWeights
{
    /// <summary>Lays out a model's weights.</summary>
    /// <param name="source">Where they come from; it is needed afterwards for the embedding.</param>
    /// <param name="arithmetic">How products are to be computed.</param>
    public LlamaWeights(ModelWeights source, Arithmetic arithmetic)
    {
        ModelConfig config = source.Config;
        FinalNorm = source.Vector("model.norm.weight");
        Head = source.Linear(arithmetic, config.TieWordEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight");
        Layers = new Layer[config.LayerCount];
        for (int i = 0; i < Layers.Length; i++)
        {
            string layer = $"model.layers.{i}.";
            string attention = layer + "self_attn.";
            Layers[i] = new Layer(
                source.Vector(layer + "input_layernorm.weight"),
                source.Linear(
                    arithmetic, attention + "q_proj.weight", attention + "k_proj.weight", attention + "v_proj.weight"),
                config.QkvBias
                    ? Pin(
                        [.. source.Vector(
                            attention + "q_proj.bias"), .. source.Vector(
                                attention + "k_proj.bias"), .. source.Vector(attention + "v_proj.bias")])
                    : null,
                config.QueryKeyNorm ? source.Vector(attention + "q_norm.weight") : null,
                config.QueryKeyNorm ? source.Vector(attention + "k_norm.weight") : null,
                source.Linear(arithmetic, attention + "o_proj.weight"),
                config.OutputBias ? source.Vector(attention + "o_proj.bias") : null,
                config.SandwichNorm ? source.Vector(layer + "post_self_attn_layernorm.weight") : null,
                source.Vector(layer + "post_attention_layernorm.weight"),
                config.FusedGateUp
                    ? source.Linear(arithmetic, layer + "mlp.gate_up_proj.weight")
                    : source.Linear(arithmetic, layer + "mlp.gate_proj.weight", layer + "mlp.up_proj.weight"),
                source.Linear(arithmetic, layer + "mlp.down_proj.weight"),
                config.SandwichNorm ? source.Vector(layer + "post_mlp_layernorm.weight") : null);
        }
    }

    public Layer[] Layers { get; }

    /// <summary>[D], pinned.</summary>
    public float[] FinalNorm { get; }

    /// <summary>Output head [V, D].</summary>
    public LinearWeight Head { get; }

    /// <summary>One layer. Arrays are pinned.</summary>
    /// <param name="InputNorm">[D].</param>
    /// <param name="Qkv">[H d + 2 KvH d, D]: queries, keys, values.</param>
    /// <param name="QkvBias">[H d + 2 KvH d], or null.</param>
    /// <param name="QueryNorm">Norm of each query head, [d], or null.</param>
    /// <param name="KeyNorm">Norm of each key head, [d], or null.</param>
    /// <param name="Output">[D, H d].</param>
    /// <param name="OutputBias">[D], or null.</param>
    /// <param name="AttendedNorm">
    /// Norm of attention's output before it is added to the residual stream, [D], or null.
    /// </param>
    /// <param name="PostNorm">Norm before the feed-forward layer, [D].</param>
    /// <param name="GateUp">[2 F, D]: gate, then up.</param>
    /// <param name="Down">[D, F].</param>
    /// <param name="DownNorm">Norm of the feed-forward layer's output before it is added, [D], or null.</param>
    public sealed record Layer(
        float[] InputNorm,
        LinearWeight Qkv,
        float[]? QkvBias,
        float[]? QueryNorm,
        float[]? KeyNorm,
        LinearWeight Output,
        float[]? OutputBias,
        float[]? AttendedNorm,
        float[] PostNorm,
        LinearWeight GateUp,
        LinearWeight Down,
        float[]? DownNorm)
    {
        /// <summary>Most scratch floats that one of the layer's products needs for a number of rows.</summary>
        public long RowsScratch(int rows) =>
            Math.Max(
                Math.Max(Qkv.RowsScratch(rows), Output.RowsScratch(rows)),
                Math.Max(GateUp.RowsScratch(rows), Down.RowsScratch(rows)));
    }

    private static float[] Pin(float[] values)
    {
        float[] pinned = GC.AllocateUninitializedArray<float>(values.Length, pinned: true);
        values.CopyTo(pinned, 0);
        return pinned;
    }
}
