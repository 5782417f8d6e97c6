namespace Spar.Evaluation.InstructionFollowing;

/// <summary>The published collection that an instruction comes from.</summary>
public enum InstructionSet
{
    /// <summary>IFEval (Zhou et al., 2023, arXiv 2311.07911): 25 instructions.</summary>
    IFEval,

    /// <summary>IFTrain (Pyatkin et al., 2025, arXiv 2507.02833): 29 instructions to train on.</summary>
    IFTrain,

    /// <summary>IFBench (Pyatkin et al., 2025, arXiv 2507.02833): 58 instructions to measure with.</summary>
    IFBench,
}
