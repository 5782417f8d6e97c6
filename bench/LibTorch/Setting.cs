using static TorchSharp.torch;

namespace LibTorchPeer;

/// <summary>The type of products and activations, and how attention is computed.</summary>
/// <param name="Type">Float32, or BFloat16: see <see cref="TrainedModel"/>.</param>
/// <param name="Fused">Whether by scaled_dot_product_attention, else by products and a softmax.</param>
internal sealed record Setting(ScalarType Type, bool Fused)
{
    public static readonly Setting[] All =
    [
        new(ScalarType.Float32, false),
        new(ScalarType.Float32, true),
        new(ScalarType.BFloat16, false),
        new(ScalarType.BFloat16, true),
    ];

    /// <summary>As the command line of bench/compare.py has it: "fp32 eager".</summary>
    public override string ToString() =>
        (Type == ScalarType.Float32 ? "fp32 " : "bf16 ") + (Fused ? "fused" : "eager");

    public static Setting Parse(string text) =>
        All.FirstOrDefault(setting => setting.ToString() == text)
        ?? throw new ArgumentException($"'{text}' is none of: {string.Join(", ", All.AsEnumerable())}");
}
