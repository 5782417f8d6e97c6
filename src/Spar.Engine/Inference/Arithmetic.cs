namespace Spar.Engine.Inference;

/// <summary>How the products of linear layers are computed in generation.</summary>
internal enum Arithmetic
{
    /// <summary>Weights as they are, quantised or float32, with float32 activations.</summary>
    Exact,

    /// <summary>Where weights are quantised, activations are rounded to 8 bits.</summary>
    Rounded,

    /// <summary>Weights and activations are rounded to bfloat16; sums are float32.</summary>
    BFloat16,
}
