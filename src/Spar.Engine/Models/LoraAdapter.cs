using Spar.Engine.Kernels;
using Spar.Engine.Tensors;
using Spar.Ground;

namespace Spar.Engine.Models;

/// <summary>The two factors that change one linear layer's weight W to W + s B A.</summary>
/// <param name="Name">The layer, such as <c>model.layers.0.self_attn.q_proj</c>.</param>
/// <param name="A">[r, inputs].</param>
/// <param name="B">[outputs, r].</param>
/// <param name="Scale">s.</param>
internal sealed record LoraModule(string Name, Tensor A, Tensor B, double Scale)
{
    /// <summary>target = weight + s B A, rounded once after the sum over r.</summary>
    /// <param name="weight">W, [outputs, inputs].</param>
    /// <param name="target">Receives [outputs, inputs]; may be <paramref name="weight"/>.</param>
    public void Merge(ReadOnlySpan<float> weight, Span<float> target) => Merge(weight, 0, B.Shape[0], target);

    /// <summary>Some rows of that.</summary>
    /// <param name="weight">W, [outputs, inputs].</param>
    /// <param name="first">The first row.</param>
    /// <param name="count">How many.</param>
    /// <param name="target">Receives [count, inputs].</param>
    public unsafe void Merge(ReadOnlySpan<float> weight, int first, int count, Span<float> target)
    {
        int inputs = A.Shape[1], rank = A.Shape[0];
        float[] delta = new float[inputs];
        fixed (float* w = weight, t = target, a = A.Data, b = B.Data, d = delta)
        {
            for (int o = 0; o < count; o++)
            {
                delta.AsSpan().Clear();
                for (int k = 0; k < rank; k++)
                {
                    VectorMath.AddScaled(d, a + ((nint)k * inputs), b[((first + o) * rank) + k], inputs);
                }

                VectorMath.Copy(w + ((nint)(first + o) * inputs), t + ((nint)o * inputs), inputs);
                VectorMath.AddScaled(t + ((nint)o * inputs), d, (float)Scale, inputs);
            }
        }
    }
}

/// <summary>A low-rank adapter of a model: what LoRA trains, and what it changes. Knows nothing of files.</summary>
public sealed class LoraAdapter
{
    private readonly Dictionary<string, LoraModule> _byName;

    /// <summary>Puts an adapter together.</summary>
    /// <param name="settings">Its shape.</param>
    /// <param name="modules">The factors of every adapted layer, in the model's order.</param>
    internal LoraAdapter(LoraSettings settings, IReadOnlyList<LoraModule> modules)
    {
        Settings = settings;
        Modules = modules;
        _byName = modules.ToDictionary(module => module.Name, StringComparer.Ordinal);
        All = [.. modules.SelectMany(
            module =>
                (NamedTensor[])[new(
                    module.Name + ".lora_A.weight", module.A), new(module.Name + ".lora_B.weight", module.B)])];
    }

    /// <summary>Its shape.</summary>
    public LoraSettings Settings { get; }

    /// <summary>The adapted layers.</summary>
    internal IReadOnlyList<LoraModule> Modules { get; }

    /// <summary>Every factor once, in the model's order: all that training changes.</summary>
    public IReadOnlyList<NamedTensor> All { get; }

    /// <summary>The factors of a layer, or null when it is not adapted.</summary>
    /// <param name="module">The layer's name.</param>
    internal LoraModule? Find(string module) => _byName.GetValueOrDefault(module);

    /// <summary>A new adapter, which changes nothing yet: A uniform in +-1/sqrt(inputs), B 0.</summary>
    /// <param name="parameters">The model to adapt.</param>
    /// <param name="settings">Its shape.</param>
    /// <param name="seed">The same seed gives the same bytes.</param>
    /// <exception cref="EngineException">The settings do not fit the model.</exception>
    public static LoraAdapter Initialize(LlamaParameters parameters, LoraSettings settings, ulong seed)
    {
        long draws = 0;
        return new LoraAdapter(settings, [.. settings.Targets(parameters).Select(linear =>
        {
            int outputs = linear.Weight.Shape[0], inputs = linear.Weight.Shape[1];
            Tensor a = new(settings.Rank, inputs);
            double width = 1 / Math.Sqrt(inputs);
            for (int i = 0; i < a.Count; i++)
            {
                a.Data[i] = (float)(width * ((2 * SeededRandom.DoubleAt(seed, draws++)) - 1));
            }

            return new LoraModule(linear.Name, a, new Tensor(outputs, settings.Rank), settings.Scale);
        })]);
    }

    /// <summary>
    /// A model's weights with the adapter worked into them. Layers that are not adapted are the same objects.
    /// </summary>
    /// <param name="tensors">The weights by name.</param>
    /// <exception cref="EngineException">A layer is missing or has another shape.</exception>
    public IReadOnlyDictionary<string, Tensor> MergeInto(IReadOnlyDictionary<string, Tensor> tensors)
    {
        Dictionary<string, Tensor> merged = new(tensors);
        foreach (LoraModule module in Modules)
        {
            string name = module.Name + ".weight";
            if (!tensors.TryGetValue(name, out Tensor? weight) || weight.Shape[0] != module.B.Shape[0]
                || weight.Shape[1] != module.A.Shape[1])
            {
                throw new EngineException(
                    $"The adapter changes {name} of shape [{module.B.Shape[0]}, {module.A.Shape[1]}], which this "
                    + "model does not have. It belongs to another base model.");
            }

            Tensor target = new([.. weight.Shape]);
            module.Merge(weight.Data, target.Data);
            merged[name] = target;
        }

        return merged;
    }
}
