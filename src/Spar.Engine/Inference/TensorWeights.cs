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

    internal override LinearWeight Linear(Arithmetic arithmetic, params ReadOnlySpan<string> names) =>
        PackedLinear.Of(arithmetic, [.. names.ToArray().Select(name => tensors[name])]);

    internal override void Embedding(int token, Span<float> target) =>
        _embedding.Data.AsSpan(token * target.Length, target.Length).CopyTo(target);
}
