using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Tests.Models;

/// <summary>Copies of parameters, for tests that compare a trained model with what it was before.</summary>
internal static class ParameterCopies
{
    /// <summary>A copy that shares nothing with the original.</summary>
    public static LlamaParameters Clone(this LlamaParameters parameters) => LlamaParameters.FromTensors(
        parameters.Config,
        parameters.All.ToDictionary(parameter => parameter.Name, parameter => Copy(parameter.Tensor)));

    /// <summary>A copy that shares nothing with the original.</summary>
    public static Tensor Copy(Tensor tensor)
    {
        Tensor copy = new([.. tensor.Shape]);
        tensor.Data.CopyTo(copy.Data, 0);
        return copy;
    }
}
