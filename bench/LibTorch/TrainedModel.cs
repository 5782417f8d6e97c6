using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LibTorchPeer;

/// <summary>
/// A Llama-style model with a tied head and float32 weights. With bfloat16, weights are cast once a step (gradients
/// come back through the cast and are float32 for clipping and AdamW), and all activations are bfloat16 from the
/// embedding to the logits; a norm computes in float32 inside and the losses on float32 logits.
/// </summary>
internal sealed class TrainedModel
{
    private sealed record Layer(
        Parameter Norm1,
        Parameter Qkv,
        Parameter Out,
        Parameter Norm2,
        Parameter GateUp,
        Parameter Down
    );

    private readonly Shape _shape;
    private readonly Parameter _embedding;
    private readonly Parameter _norm;
    private readonly Layer[] _layers;
    private readonly Dictionary<ScalarType, (Tensor Cos, Tensor Sin, Tensor Mask)> _constants = [];

    public TrainedModel(Shape shape)
    {
        _shape = shape;
        _embedding = Weight(randn(shape.Vocabulary, shape.Hidden) * 0.02);
        _norm = Weight(ones(shape.Hidden));
        _layers =
        [
            .. Enumerable
                .Range(0, shape.Layers)
                .Select(_ => new Layer(
                    Weight(ones(shape.Hidden)),
                    Linear((shape.Heads + (2 * shape.KvHeads)) * shape.HeadSize, shape.Hidden),
                    Linear(shape.Hidden, shape.Hidden),
                    Weight(ones(shape.Hidden)),
                    Linear(2 * shape.FeedForward, shape.Hidden),
                    Linear(shape.Hidden, shape.FeedForward)
                )),
        ];
        using Tensor half = outer(
            arange(shape.Length, ScalarType.Float32),
            pow(10000, arange(0, shape.HeadSize, 2, ScalarType.Float32) / -shape.HeadSize)
        );
        Tensor angles = cat([half, half], -1);
        Tensor mask = full([shape.Length, shape.Length], double.NegativeInfinity).triu(1);
        foreach (ScalarType type in new[] { ScalarType.Float32, ScalarType.BFloat16 })
        {
            _constants[type] = (angles.cos().to(type), angles.sin().to(type), mask.to(type));
        }

        Parameters =
        [
            _embedding,
            _norm,
            .. _layers.SelectMany(l => new[] { l.Norm1, l.Qkv, l.Out, l.Norm2, l.GateUp, l.Down }),
        ];
    }

    public Parameter[] Parameters { get; }

    /// <summary>Float32 logits of the rows' positions from <paramref name="first"/> to the last but one.</summary>
    public Tensor Forward(Tensor ids, Setting setting, int first)
    {
        Tensor Cast(Tensor weight) => setting.Type == ScalarType.Float32 ? weight : weight.to(setting.Type);

        Tensor head = Cast(_embedding);
        Tensor x = Operators.Embedding(head, ids);
        foreach (Layer layer in _layers)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor mixed = Attend(functional.linear(Norm(x, layer.Norm1), Cast(layer.Qkv)), setting);
            Tensor y = x + functional.linear(mixed, Cast(layer.Out));
            Tensor[] parts = functional.linear(Norm(y, layer.Norm2), Cast(layer.GateUp)).chunk(2, -1);
            x = y + functional.linear(functional.silu(parts[0]) * parts[1], Cast(layer.Down));
            x.MoveToOuterDisposeScope();
        }

        // Positions before have no target, nor has the last one: the head is not for them.
        Tensor targets = x.slice(1, first, _shape.Length - 1, 1);
        Tensor logits = functional.linear(Norm(targets, _norm), head);
        return logits.to(ScalarType.Float32);
    }

    private Tensor Attend(Tensor qkv, Setting setting)
    {
        (long batch, long length, int size) = (qkv.shape[0], qkv.shape[1], _shape.HeadSize);
        (Tensor cos, Tensor sin, Tensor mask) = _constants[setting.Type];
        Tensor[] parts = qkv.split([_shape.Hidden, _shape.KvHeads * size, _shape.KvHeads * size], -1);
        Tensor[] heads = [.. parts.Select(part => part.view(batch, length, -1, size).transpose(1, 2))];
        (Tensor q, Tensor k, Tensor v) = (Rotate(heads[0], cos, sin), Rotate(heads[1], cos, sin), heads[2]);
        if (_shape.KvHeads != _shape.Heads)
        {
            k = k.repeat_interleave(_shape.Heads / _shape.KvHeads, 1);
            v = v.repeat_interleave(_shape.Heads / _shape.KvHeads, 1);
        }

        Tensor mixed = setting.Fused
            ? functional.scaled_dot_product_attention(q, k, v, is_casual: true)
            : functional.softmax((q.matmul(k.transpose(2, 3)) * (1 / Math.Sqrt(size))) + mask, -1).matmul(v);
        return mixed.transpose(1, 2).reshape(batch, length, -1);
    }

    private static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        Tensor[] halves = x.chunk(2, -1);
        return (x * cos) + (cat([-halves[1], halves[0]], -1) * sin);
    }

    private static Tensor Norm(Tensor x, Tensor weight)
    {
        Tensor wide = x.to(ScalarType.Float32);
        return (wide * rsqrt(wide.square().mean([-1], keepdim: true) + 1e-6) * weight).to(x.dtype);
    }

    private static Parameter Weight(Tensor value) => new(value.DetachFromDisposeScope());

    /// <summary>As torch.nn.Linear starts: even between -1 / sqrt(inputs) and 1 / sqrt(inputs).</summary>
    private static Parameter Linear(int outputs, int inputs) =>
        Weight(((rand(outputs, inputs) * 2) - 1) / Math.Sqrt(inputs));
}
