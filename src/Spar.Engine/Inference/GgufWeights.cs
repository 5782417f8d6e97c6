using Spar.Engine.Checkpoints.Gguf;
using Spar.Engine.Kernels;
using Spar.Engine.Tensors;

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
    /// <exception cref="EngineException">The file is missing, broken or of an architecture that is not supported.</exception>
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

    internal override LinearWeight Linear(bool exact, params ReadOnlySpan<string> names)
    {
        List<LinearWeight> parts = [];
        foreach (string name in names)
        {
            parts.Add(new FloatLinear(new PackedMatrix(_model.Read(name))));
        }

        return parts is [LinearWeight only] ? only : new JoinedLinear([.. parts]);
    }

    internal override void Embedding(int token, Span<float> target) => GgufBlocks.Dequantize(_embedding.Type, _model.File.Row(_embedding, token), target);
}
