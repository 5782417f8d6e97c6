using Spar.Evaluation.Instructions;

namespace Spar.Evaluation.IFBench;

/// <summary>
/// The instructions of IFBench (Pyatkin et al., 2025, "Generalizing Verifiable Instruction Following"), family by family.
/// </summary>
internal static class IFBenchInstructions
{
    /// <summary>How the verifier of each is made from its arguments, by id.</summary>
    public static Dictionary<string, Func<InstructionArguments, InstructionVerifier>> Makers { get; } = new()
    {
    };
}
