using Spar.Engine.Checkpoints.Gguf;
using Spar.Engine.Kernels.Quantized;

namespace Spar.Engine.Inference;

/// <summary>Weights in an open GGUF file.</summary>
internal sealed class GgufWeights : ModelWeights
{
    private readonly GgufModel _model;
    private readonly GgufTensor _embedding;

    private GgufWeights(GgufModel model)
        : base(model.Config)
    {
        _model = model;
        _embedding = model.Weights["model.embed_tokens.weight"].Tensor;
    }

    /// <summary>Opens a file.</summary>
    /// <exception cref="EngineException">
    /// The file is missing, broken or of an architecture that is not supported.
    /// </exception>
    public static new GgufWeights Open(string path)
    {
        GgufFile file = GgufFile.Open(path);
        try
        {
            return new GgufWeights(new GgufModel(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override void Dispose() => _model.File.Dispose();

    internal override float[] Vector(string name) => _model.Read(name).Data;

    internal override LinearWeight Linear(Arithmetic arithmetic, params ReadOnlySpan<string> names)
    {
        if (arithmetic == Arithmetic.BFloat16)
        {
            return PackedLinear.Of(arithmetic, [.. names.ToArray().Select(_model.Read)]);
        }

        bool exact = arithmetic == Arithmetic.Exact;

        // Neighbours of one quantised type become one matrix; products with few, large matrices are the faster.
        List<LinearWeight> parts = [];
        for (int first = 0, end; first < names.Length; first = end)
        {
            GgufType type = TypeOf(names[first]);
            for (end = first + 1; end < names.Length && type.IsQuantized && TypeOf(names[end]) == type; end++)
            {
            }

            parts.Add(type.IsQuantized
                ? new QuantizedLinear(Quantized(names[first..end], exact), exact)
                : PackedLinear.Of(arithmetic, _model.Read(names[first])));
        }

        return parts is [LinearWeight only] ? only : new JoinedLinear([.. parts]);
    }

    private GgufType TypeOf(string name) => _model.Weights[name].Tensor.Type;

    private QuantizedMatrix Quantized(ReadOnlySpan<string> names, bool exact)
    {
        try
        {
            return _model.ReadQuantized(names, exact);
        }
        catch (AggregateException e) when (e.InnerException is EngineException fault)
        {
            throw new EngineException(fault.Message, e);
        }
    }

    internal override void Embedding(int token, Span<float> target) =>
        GgufBlocks.Dequantize(_embedding.Type, _model.File.Row(_embedding, token), target);
}
