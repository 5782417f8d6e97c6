using Spar.Engine.Tensors;
using Spar.Seams;

namespace Spar.Runtime.Embedded;

/// <summary>The engine's words.</summary>
public static class NumberTypes
{
    /// <summary>The engine's name for a type; float32 where none is given.</summary>
    public static DType ToEngine(this NumberType? type) =>
        type == NumberType.Bfloat16 ? DType.BFloat16 : DType.Float32;
}
