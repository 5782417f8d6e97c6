using Spar.Evaluation.Instructions;

namespace Spar.Evaluation.IFEval.Verifiers;

/// <summary>No ASCII comma.</summary>
internal sealed class NoComma : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        int commas = response.Count(c => c == ',');
        return Tell(commas == 0, "has no comma", $"has {commas} commas");
    }
}
