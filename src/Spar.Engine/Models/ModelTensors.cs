namespace Spar.Engine.Models;

/// <summary>The names and shapes of a model's weights, as Hugging Face checkpoints have them.</summary>
public static class ModelTensors
{
    /// <summary>
    /// The weights that a model of this architecture has: name to shape, outermost first. A linear layer's weight is
    /// [out, in]. In order: embedding, layers, final norm, output head (absent when tied).
    /// </summary>
    /// <param name="config">The architecture.</param>
    /// <exception cref="OverflowException">A layer would have 2^31 rows or more.</exception>
    public static IReadOnlyList<(string Name, int[] Shape)> Shapes(ModelConfig config)
    {
        int d = config.HiddenSize, f = config.IntermediateSize;
        int queries = checked(config.HeadCount * config.HeadDim), keys = checked(config.KvHeadCount * config.HeadDim);
        List<(string, int[])> shapes = [("model.embed_tokens.weight", [config.VocabSize, d])];
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            string prefix = $"model.layers.{layer}.", attention = prefix + "self_attn.";
            shapes.Add((prefix + "input_layernorm.weight", [d]));
            AddLinear(attention + "q_proj", queries, d, config.QkvBias);
            AddLinear(attention + "k_proj", keys, d, config.QkvBias);
            AddLinear(attention + "v_proj", keys, d, config.QkvBias);
            if (config.QueryKeyNorm)
            {
                shapes.Add((attention + "q_norm.weight", [config.HeadDim]));
                shapes.Add((attention + "k_norm.weight", [config.HeadDim]));
            }

            AddLinear(attention + "o_proj", d, queries, config.OutputBias);
            if (config.SandwichNorm)
            {
                shapes.Add((prefix + "post_self_attn_layernorm.weight", [d]));
            }

            shapes.Add((prefix + "post_attention_layernorm.weight", [d]));
            if (config.FusedGateUp)
            {
                AddLinear(prefix + "mlp.gate_up_proj", checked(2 * f), d, bias: false);
            }
            else
            {
                AddLinear(prefix + "mlp.gate_proj", f, d, bias: false);
                AddLinear(prefix + "mlp.up_proj", f, d, bias: false);
            }

            AddLinear(prefix + "mlp.down_proj", d, f, bias: false);
            if (config.SandwichNorm)
            {
                shapes.Add((prefix + "post_mlp_layernorm.weight", [d]));
            }
        }

        shapes.Add(("model.norm.weight", [d]));
        if (!config.TieWordEmbeddings)
        {
            shapes.Add(("lm_head.weight", [config.VocabSize, d]));
        }

        return shapes;

        void AddLinear(string name, int outputs, int inputs, bool bias)
        {
            shapes.Add((name + ".weight", [outputs, inputs]));
            if (bias)
            {
                shapes.Add((name + ".bias", [outputs]));
            }
        }
    }
}
