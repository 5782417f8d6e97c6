namespace Spar.Evaluation.Synthesis;

/// <summary>All instructions that prompts can be made with.</summary>
internal static class ConstraintForms
{
    /// <summary>The forms, in the order of the registry.</summary>
    public static IReadOnlyList<ConstraintForm> All { get; } =
        [.. IFEvalForms.All, .. IFTrainForms.All, .. IFBenchForms.All];
}
