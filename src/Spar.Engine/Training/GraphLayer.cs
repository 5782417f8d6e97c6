using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Training;

/// <summary>Finds the gradient that belongs to a parameter; null when it is frozen.</summary>
/// <param name="parameters">What is trained.</param>
/// <param name="gradients">Their gradients, in the same order.</param>
/// <param name="adapter">The adapter that is trained instead of the model, or null.</param>
internal sealed class GradientMap(
    IReadOnlyList<NamedTensor> parameters, IReadOnlyList<NamedTensor> gradients, LoraAdapter? adapter)
{
    private readonly Dictionary<Tensor, Tensor> _gradients = parameters.Zip(gradients).ToDictionary(
        pair => pair.First.Tensor, pair => pair.Second.Tensor);

    /// <summary>The gradient of a tensor, or null.</summary>
    public Tensor? Of(Tensor? tensor) => tensor is null ? null : _gradients.GetValueOrDefault(tensor);

    /// <summary>A linear layer's tensors with their gradients.</summary>
    public LinearPart Part(LinearParameters linear)
    {
        LoraModule? module = adapter?.Find(linear.Name);
        LinearAdapter? adapted = module is null
            ? null
            : new LinearAdapter(module, module with { A = Of(module.A)!, B = Of(module.B)! });
        return new LinearPart(linear.Weight, Of(linear.Weight), linear.Bias, Of(linear.Bias), adapted);
    }
}

/// <summary>
/// One layer of the graph: its joined linear layers, its norms with their gradients, and what its forward pass leaves
/// behind.
/// </summary>
internal sealed class GraphLayer(LlamaLayerParameters parameters, GradientMap gradients, DType dtype) : IDisposable
{
    public NormPart InputNorm { get; } = NormPart.Of(parameters.InputNorm, gradients)!;

    public Linear QueryKeyValue { get; } = new(
        dtype, gradients.Part(parameters.Query), gradients.Part(parameters.Key), gradients.Part(parameters.Value));

    public NormPart? QueryNorm { get; } = NormPart.Of(parameters.QueryNorm, gradients);

    public NormPart? KeyNorm { get; } = NormPart.Of(parameters.KeyNorm, gradients);

    public Linear Output { get; } = new(dtype, gradients.Part(parameters.Output));

    public NormPart? AttendedNorm { get; } = NormPart.Of(parameters.AttendedNorm, gradients);

    public NormPart PostAttentionNorm { get; } = NormPart.Of(parameters.PostAttentionNorm, gradients)!;

    public Linear GateUp { get; } = new(dtype, [.. parameters.GateUp.Select(gradients.Part)]);

    public Linear Down { get; } = new(dtype, gradients.Part(parameters.Down));

    public NormPart? DownNorm { get; } = NormPart.Of(parameters.DownNorm, gradients);

    /// <summary>Residual stream into the layer, [T, D].</summary>
    public unsafe float* Input { get; set; }

    /// <summary>Where several layers share a place, what is there is that of the last that wrote it.</summary>
    public LayerActivations Activations { get; } = new();

    public IEnumerable<Linear> Linears => [QueryKeyValue, Output, GateUp, Down];

    public void Dispose()
    {
        foreach (Linear linear in Linears)
        {
            linear.Dispose();
        }
    }
}

/// <summary>A norm's weight and its gradient.</summary>
/// <param name="Weight">[size].</param>
/// <param name="Gradient">[size], or null when it is frozen.</param>
internal sealed record NormPart(Tensor Weight, Tensor? Gradient)
{
    public static NormPart? Of(Tensor? weight, GradientMap gradients) =>
        weight is null ? null : new NormPart(weight, gradients.Of(weight));
}
