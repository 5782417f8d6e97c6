using Spar.Engine.Checkpoints;
using Spar.Engine.Checkpoints.Gguf;
using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Inference;

/// <summary>
/// A model's weights as generation reads them, wherever they lie: in memory as float32 tensors, or in a GGUF file,
/// quantised.
/// </summary>
public abstract class ModelWeights : IDisposable
{
    private protected ModelWeights(ModelConfig config) => Config = config;

    /// <summary>The architecture.</summary>
    public ModelConfig Config { get; }

    /// <summary>
    /// Opens a checkpoint folder or a GGUF file. The latter stays open: quantised weights keep their form, and the
    /// embedding is read where it lies.
    /// </summary>
    /// <param name="path">The folder, or a <c>.gguf</c> file.</param>
    /// <exception cref="EngineException">A file is missing or broken.</exception>
    public static ModelWeights Open(string path)
    {
        if (ModelPath.FindGguf(path) is { } gguf)
        {
            return GgufWeights.Open(gguf);
        }

        Checkpoint checkpoint = Checkpoint.Load(path);
        return FromTensors(checkpoint.Config, checkpoint.Tensors);
    }

    /// <summary>Weights in memory.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="tensors">Weights by their Hugging Face names.</param>
    public static ModelWeights FromTensors(ModelConfig config, IReadOnlyDictionary<string, Tensor> tensors) =>
        new TensorWeights(config, tensors);

    /// <summary>Closes the file, if there is one.</summary>
    public abstract void Dispose();

    /// <summary>A norm or bias, in pinned memory.</summary>
    internal abstract float[] Vector(string name);

    /// <summary>One matrix from the rows of several with the same inputs, laid out for products.</summary>
    /// <param name="arithmetic">How products are to be computed.</param>
    /// <param name="names">Hugging Face names, at least one.</param>
    internal abstract LinearWeight Linear(Arithmetic arithmetic, params ReadOnlySpan<string> names);

    /// <summary>The embedding of a token.</summary>
    /// <param name="token">A token of the vocabulary.</param>
    /// <param name="target">Receives [D].</param>
    internal abstract void Embedding(int token, Span<float> target);
}
