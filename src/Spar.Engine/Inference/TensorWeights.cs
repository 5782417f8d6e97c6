using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Inference;

/// <summary>
/// Weights in memory, float32. Matrices are copied into the layout of the products; the tensors themselves need not be
/// kept, except for the embedding.
/// </summary>
internal sealed class TensorWeights(
    ModelConfig config, IReadOnlyDictionary<string, Tensor> tensors) : ModelWeights(config)
{
    private readonly Tensor _embedding = tensors["model.embed_tokens.weight"];

    public override void Dispose()
    {
    }

    internal override float[] Vector(string name) => tensors[name].Data;

    internal override LinearWeight Linear(Arithmetic arithmetic, params ReadOnlySpan<string> names)
    {
        if (names is [string only])
        {
            Tensor weight = tensors[only];
            return PackedLinear.Of(arithmetic, weight.Data, weight.Shape[0], weight.Shape[1]);
        }

        int inputs = tensors[names[0]].Shape[1], outputs = 0;
        foreach (string name in names)
        {
            outputs += tensors[name].Shape[0];
        }

        float[] rows = new float[checked(outputs * inputs)];
        int at = 0;
        foreach (string name in names)
        {
            tensors[name].Data.CopyTo(rows, at);
            at += tensors[name].Count;
        }

        return PackedLinear.Of(arithmetic, rows, outputs, inputs);
    }

    internal override void Embedding(int token, Span<float> target) =>
        _embedding.Data.AsSpan(token * target.Length, target.Length).CopyTo(target);
}
