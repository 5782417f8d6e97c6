namespace Spar.Evaluation.InstructionFollowing;

/// <summary>The verdicts on one response.</summary>
/// <param name="Key">The prompt's key.</param>
/// <param name="Strict">
/// Whether each instruction is followed by the response as it is, in the order of the prompt's instructions.
/// </param>
/// <param name="Loose">The same when any of the eight variants of the response may follow it.</param>
/// <param name="Explanations">For each instruction, why the strict verdict is what it is.</param>
public sealed record InstructionSample(string Key, bool[] Strict, bool[] Loose, string[] Explanations);

/// <summary>How many of a number of instructions are followed.</summary>
/// <param name="Count">The number of instructions.</param>
/// <param name="Strict">How many are followed strictly.</param>
/// <param name="Loose">How many are followed loosely.</param>
public readonly record struct InstructionCount(int Count, int Strict, int Loose)
{
    /// <summary>The share followed strictly, from 0 to 1; NaN when there are none.</summary>
    public double StrictAccuracy => (double)Strict / Count;

    /// <summary>The share followed loosely, from 0 to 1; NaN when there are none.</summary>
    public double LooseAccuracy => (double)Loose / Count;
}

/// <summary>The result of scoring the responses to a set of prompts.</summary>
/// <param name="Samples">The verdicts in the order of the prompts.</param>
/// <param name="Prompts">Prompts, and how many have every instruction followed.</param>
/// <param name="Instructions">Instructions of all prompts, pooled, and how many are followed.</param>
/// <param name="ByType">
/// The instructions of each type, by id; only the types that occur, in the order of <see
/// cref="InstructionRegistry.Ids"/>.
/// </param>
/// <param name="ByFamily">The same by family.</param>
public sealed record InstructionResult(
    IReadOnlyList<InstructionSample> Samples,
    InstructionCount Prompts,
    InstructionCount Instructions,
    IReadOnlyDictionary<string, InstructionCount> ByType,
    IReadOnlyDictionary<string, InstructionCount> ByFamily)
{
    /// <summary>
    /// The mean of the four accuracies (prompt and instruction level, strict and loose), from 0 to 1.
    /// </summary>
    public double Average =>
        (Prompts.StrictAccuracy + Prompts.LooseAccuracy + Instructions.StrictAccuracy + Instructions.LooseAccuracy) / 4;
}
