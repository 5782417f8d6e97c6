using System.Text.Json.Nodes;
using Spar.Engine.Tensors;

namespace Spar.Engine.Tests.Models;

/// <summary>
/// The supported architectures once more, in plain double-precision loops straight from config.json and the tensors'
/// names: one layer, one head, one number at a time. Shares nothing with the engine, so that agreement means something.
/// </summary>
internal sealed class NaiveModel
{
    private readonly JsonObject _config;
    private readonly string _type;
    private readonly int _hidden,
        _heads,
        _kvHeads,
        _headDim,
        _layers;
    private readonly double _eps;

    public NaiveModel(JsonObject config, IReadOnlyDictionary<string, Tensor> tensors)
    {
        _config = config;
        _type = (string)config["model_type"]!;
        _hidden = (int)config["hidden_size"]!;
        _heads = (int)config["num_attention_heads"]!;
        _kvHeads = (int)config["num_key_value_heads"]!;
        _headDim = (int?)config["head_dim"] ?? (_hidden / _heads);
        _layers = (int)config["num_hidden_layers"]!;
        _eps = (double)config["rms_norm_eps"]!;
        Weights = tensors.ToDictionary(t => t.Key, t => t.Value.Data.Select(x => (double)x).ToArray());
    }

    /// <summary>Every weight by name; may be changed.</summary>
    public Dictionary<string, double[]> Weights { get; }

    /// <summary>Sum of -w log p over a sequence's targets.</summary>
    public double NegativeLogLikelihood(Training.WeightedSequence sequence)
    {
        double[][] logits = Logits(sequence.Ids);
        double sum = 0;
        for (int t = 1; t < sequence.Ids.Length; t++)
        {
            if (sequence.Weights[t] > 0)
            {
                double[] row = logits[t - 1];
                double max = row.Max(),
                    total = row.Sum(x => Math.Exp(x - max));
                sum -= sequence.Weights[t] * (row[sequence.Ids[t]] - max - Math.Log(total));
            }
        }

        return sum;
    }

    /// <summary>Logits of every position, [T][V].</summary>
    public double[][] Logits(int[] ids)
    {
        double[] embedding = Weights["model.embed_tokens.weight"];
        double[][] x = [.. ids.Select(id => embedding.AsSpan(id * _hidden, _hidden).ToArray())];
        for (int layer = 0; layer < _layers; layer++)
        {
            string p = $"model.layers.{layer}.";
            double[][] attended = Attention(
                layer,
                p + "self_attn.",
                [.. x.Select(row => Norm(row, p + "input_layernorm.weight"))]
            );
            for (int t = 0; t < x.Length; t++)
            {
                x[t] = Sum(
                    x[t],
                    _type == "glm4" ? Norm(attended[t], p + "post_self_attn_layernorm.weight") : attended[t]
                );
                double[] h = FeedForward(p + "mlp.", Norm(x[t], p + "post_attention_layernorm.weight"));
                x[t] = Sum(x[t], _type == "glm4" ? Norm(h, p + "post_mlp_layernorm.weight") : h);
            }
        }

        string head = (bool?)_config["tie_word_embeddings"] == true ? "model.embed_tokens" : "lm_head";
        return [.. x.Select(row => Linear(Norm(row, "model.norm.weight"), head))];
    }

    private double[][] Attention(int layer, string p, double[][] x)
    {
        double[][] q = [.. x.Select(row => Linear(row, p + "q_proj"))],
            k = [.. x.Select(row => Linear(row, p + "k_proj"))],
            v = [.. x.Select(row => Linear(row, p + "v_proj"))];
        int window = Window(layer);
        double[][] output = new double[x.Length][];
        for (int t = 0; t < x.Length; t++)
        {
            Turn(q[t], _heads, t, p + "q_norm.weight");
            Turn(k[t], _kvHeads, t, p + "k_norm.weight");
            output[t] = new double[_heads * _headDim];
            for (int head = 0; head < _heads; head++)
            {
                int kv = head / (_heads / _kvHeads);
                int first = Math.Max(0, t - window + 1);
                double[] scores =
                [
                    .. Enumerable
                        .Range(first, t - first + 1)
                        .Select(s =>
                            Enumerable
                                .Range(0, _headDim)
                                .Sum(i => q[t][(head * _headDim) + i] * k[s][(kv * _headDim) + i]) / Math.Sqrt(_headDim)
                        ),
                ];
                double max = scores.Max(),
                    total = scores.Sum(s => Math.Exp(s - max));
                for (int s = 0; s < scores.Length; s++)
                {
                    for (int i = 0; i < _headDim; i++)
                    {
                        output[t][(head * _headDim) + i] +=
                            Math.Exp(scores[s] - max) / total * v[first + s][(kv * _headDim) + i];
                    }
                }
            }
        }

        return [.. output.Select(row => Linear(row, p + "o_proj"))];
    }

    private int Window(int layer)
    {
        int? window = (int?)_config["sliding_window"];
        bool applies =
            _type == "mistral"
            || (
                _type is "qwen2" or "qwen3"
                && (bool?)_config["use_sliding_window"] == true
                && layer >= (int)_config["max_window_layers"]!
            );
        return applies && window is { } size ? size : int.MaxValue / 2;
    }

    // Norm of each head (Qwen3), then rotation by the position.
    private void Turn(double[] heads, int count, int position, string norm)
    {
        JsonNode? v5 = _config["rope_parameters"],
            scaling = v5 ?? _config["rope_scaling"];
        double theta = (double?)(v5 ?? _config)["rope_theta"] ?? 10000;
        double partial = (double?)(v5 ?? _config)["partial_rotary_factor"] ?? (_type.StartsWith("glm") ? 0.5 : 1);
        string kind = (string?)scaling?["rope_type"] ?? (string?)scaling?["type"] ?? "default";
        int rotary = (int)(_headDim * partial);
        for (int head = 0; head < count; head++)
        {
            double[] h = heads.AsSpan(head * _headDim, _headDim).ToArray();
            h = _type == "qwen3" ? Norm(h, norm) : h;
            for (int i = 0; i < rotary / 2; i++)
            {
                double frequency = 1 / Math.Pow(theta, 2.0 * i / rotary);
                if (kind == "linear")
                {
                    frequency /= (double)scaling!["factor"]!;
                }
                else if (kind == "llama3")
                {
                    double n = (double)scaling!["original_max_position_embeddings"]!,
                        low = (double)scaling["low_freq_factor"]!,
                        high = (double)scaling["high_freq_factor"]!;
                    double smooth = Math.Clamp(((n * frequency / (2 * Math.PI)) - low) / (high - low), 0, 1);
                    frequency = ((1 - smooth) * frequency / (double)scaling["factor"]!) + (smooth * frequency);
                }

                (int a, int b) = _type.StartsWith("glm") ? (2 * i, (2 * i) + 1) : (i, i + (rotary / 2));
                double c = Math.Cos(position * frequency),
                    s = Math.Sin(position * frequency);
                (h[a], h[b]) = ((h[a] * c) - (h[b] * s), (h[b] * c) + (h[a] * s));
            }

            h.CopyTo(heads, head * _headDim);
        }
    }

    private double[] FeedForward(string p, double[] x)
    {
        double[] gate,
            up;
        if (_type.StartsWith("glm"))
        {
            double[] both = Linear(x, p + "gate_up_proj");
            (gate, up) = (both[..(both.Length / 2)], both[(both.Length / 2)..]);
        }
        else
        {
            (gate, up) = (Linear(x, p + "gate_proj"), Linear(x, p + "up_proj"));
        }

        return Linear([.. gate.Zip(up, (g, u) => g / (1 + Math.Exp(-g)) * u)], p + "down_proj");
    }

    private double[] Linear(double[] x, string name)
    {
        double[] w = Weights[name + ".weight"],
            y = new double[w.Length / x.Length];
        double[]? b = Weights.GetValueOrDefault(name + ".bias");
        for (int o = 0; o < y.Length; o++)
        {
            y[o] = b?[o] ?? 0;
            for (int i = 0; i < x.Length; i++)
            {
                y[o] += w[(o * x.Length) + i] * x[i];
            }
        }

        return y;
    }

    private double[] Norm(double[] x, string weight)
    {
        double root = Math.Sqrt((x.Sum(e => e * e) / x.Length) + _eps);
        return [.. x.Zip(Weights[weight], (e, w) => e / root * w)];
    }

    private static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];
}
