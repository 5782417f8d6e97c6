namespace Spar.Evaluation.Instructions;

/// <summary>What a check says about a response.</summary>
/// <param name="Followed">Whether the instruction is followed.</param>
/// <param name="Explanation">
/// Why, in one sentence without a subject and a full stop: "has 2 of at least 3 highlighted sections".
/// </param>
public readonly record struct Verdict(bool Followed, string Explanation);
