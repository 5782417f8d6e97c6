using Spar.Engine.Checkpoints;
using Spar.Engine.Checkpoints.Gguf;
using Spar.Engine.Models;
using Spar.Engine.Tensors;
using Spar.Engine.Tests.Models;

namespace Spar.Engine.Tests.Checkpoints.Gguf;

/// <summary>Every family written the way llama.cpp's converter writes it, and read back.</summary>
public class GgufFamilyTests
{
    private static readonly Dictionary<string, string> s_architectures = new()
    {
        ["llama"] = "llama",
        ["mistral"] = "llama",
        ["qwen2"] = "qwen2",
        ["qwen3"] = "qwen3",
        ["glm"] = "chatglm",
        ["glm4"] = "glm4",
    };

    private static readonly Dictionary<string, string> s_names = new()
    {
        ["input_layernorm"] = "attn_norm",
        ["q_proj"] = "attn_q",
        ["k_proj"] = "attn_k",
        ["v_proj"] = "attn_v",
        ["o_proj"] = "attn_output",
        ["q_norm"] = "attn_q_norm",
        ["k_norm"] = "attn_k_norm",
        ["post_self_attn_layernorm"] = "post_attention_norm",
        ["post_attention_layernorm"] = "ffn_norm",
        ["post_mlp_layernorm"] = "post_ffw_norm",
        ["gate_proj"] = "ffn_gate",
        ["up_proj"] = "ffn_up",
        ["gate_up_proj"] = "ffn_up",
        ["down_proj"] = "ffn_down",
    };

    [Theory]
    [MemberData(nameof(FamilyModel.Names), MemberType = typeof(FamilyModel))]
    public void A_family_survives_conversion(string name)
    {
        Checkpoint original = FamilyModel.Get(name).Checkpoint;
        if (original.Config.FullAttentionLayers > 0)
        {
            return; // the format cannot say so
        }

        foreach (bool fused in original.Config.ModelType == "glm" ? new[] { false, true } : [false])
        {
            using TempFolder folder = new();
            Checkpoint converted = Checkpoint.Load(folder.Write("m.gguf", Convert(original, fused).ToBytes()));
            Assert.Equal(
                original.Config with
                {
                    EosTokenIds = [],
                    BosTokenId = null,
                    PadTokenId = null,
                },
                converted.Config with
                {
                    RopeScaling = original.Config.RopeScaling,
                }
            );
            Assert.Equal(original.Config.RopeScaling is null, converted.Config.RopeScaling is null);
            Assert.Equal(original.Tensors.Keys.Order(), converted.Tensors.Keys.Order());
            foreach ((string tensor, Tensor values) in original.Tensors)
            {
                Assert.Equal(values.Data, converted.Tensors[tensor].Data);
            }
        }
    }

    private static GgufWriter Convert(Checkpoint model, bool fused)
    {
        ModelConfig config = model.Config;
        string a = s_architectures[config.ModelType];
        GgufWriter writer = new GgufWriter()
            .Key("general.architecture", a)
            .Key($"{a}.context_length", (uint)config.MaxPositions)
            .Key($"{a}.embedding_length", (uint)config.HiddenSize)
            .Key($"{a}.block_count", (uint)config.LayerCount)
            .Key($"{a}.feed_forward_length", (uint)config.IntermediateSize)
            .Key($"{a}.attention.head_count", (uint)config.HeadCount)
            .Key($"{a}.attention.head_count_kv", (uint)config.KvHeadCount)
            .Key($"{a}.attention.key_length", (uint)config.HeadDim)
            .Key($"{a}.attention.value_length", (uint)config.HeadDim)
            .Key($"{a}.attention.layer_norm_rms_epsilon", (float)config.RmsNormEps)
            .Key($"{a}.rope.freq_base", (float)config.RopeTheta)
            .Key($"{a}.rope.dimension_count", (uint)config.RotaryDim);
        if (config.SlidingWindow is int window)
        {
            writer.Key($"{a}.attention.sliding_window", (uint)window);
        }

        if (config.RopeLinearFactor != 1)
        {
            writer
                .Key($"{a}.rope.scaling.type", "linear")
                .Key($"{a}.rope.scaling.factor", (float)config.RopeLinearFactor);
        }

        if (config.RopeScaling is { } scaling)
        {
            double[] turns =
            [
                .. Enumerable
                    .Range(0, config.RotaryDim / 2)
                    .Select(i =>
                        scaling.OriginalMaxPositions
                        * Math.Pow(config.RopeTheta, -2.0 * i / config.RotaryDim)
                        / (2 * Math.PI)
                    ),
            ];
            double[] smooth =
            [
                .. turns.Select(t =>
                    Math.Clamp(
                        (t - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor),
                        0,
                        1
                    )
                ),
            ];
            writer.Tensor(
                "rope_freqs.weight",
                [turns.Length],
                [.. smooth.Select(s => (float)(1 / (((1 - s) / scaling.Factor) + s)))]
            );
        }

        foreach ((string name, Tensor tensor) in model.Tensors)
        {
            string[] parts = name.Split('.');
            string part = parts[^2];
            int[] shape = [.. tensor.Shape];
            if (part is "embed_tokens" or "lm_head" || name == "model.norm.weight")
            {
                writer.Tensor(
                    part == "embed_tokens" ? "token_embd.weight"
                        : part == "lm_head" ? "output.weight"
                        : "output_norm.weight",
                    shape,
                    tensor.Data
                );
                continue;
            }

            string prefix = $"blk.{parts[2]}.";
            if (fused && (part is "q_proj" or "k_proj" or "v_proj"))
            {
                if (part == "q_proj")
                {
                    Tensor key = model.Tensors[name.Replace("q_proj", "k_proj")],
                        value = model.Tensors[name.Replace("q_proj", "v_proj")];
                    shape[0] += key.Shape[0] + value.Shape[0];
                    writer.Tensor($"{prefix}attn_qkv.{parts[^1]}", shape, [.. tensor.Data, .. key.Data, .. value.Data]);
                }

                continue;
            }

            bool permute = a == "llama" && (part is "q_proj" or "k_proj");
            writer.Tensor(
                $"{prefix}{s_names[part]}.{parts[^1]}",
                shape,
                permute ? Permute(tensor, config.HeadDim) : tensor.Data
            );
        }

        return writer;
    }

    // w.reshape(heads, 2, headDim / 2, rest).swapaxes(1, 2)
    private static float[] Permute(Tensor tensor, int headDim)
    {
        int rest = tensor.Count / tensor.Shape[0],
            half = headDim / 2;
        float[] result = new float[tensor.Count];
        for (int row = 0; row < tensor.Shape[0]; row++)
        {
            (int head, int inHead) = Math.DivRem(row, headDim);
            int target = (head * headDim) + (inHead % half * 2) + (inHead / half);
            tensor.Data.AsSpan(row * rest, rest).CopyTo(result.AsSpan(target * rest));
        }

        return result;
    }
}
