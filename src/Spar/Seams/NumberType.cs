namespace Spar.Seams;

/// <summary>What the products of a model's linear layers multiply, in the embedded engine.</summary>
public enum NumberType
{
    /// <summary>Single precision: weights, activations and gradients as they are.</summary>
    Float32,

    /// <summary>
    /// Weights, activations and gradients are rounded to 8 significant bits for the products; sums, and all that is
    /// kept, are float32.
    /// </summary>
    Bfloat16,
}
