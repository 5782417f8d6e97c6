namespace Spar.Evaluation.FollowBench;

/// <summary>Who scores a record.</summary>
public enum ScoredBy
{
    /// <summary>Nobody: level 0, the initial instruction.</summary>
    None,

    /// <summary>A deterministic check (<see cref="RuleChecks"/>).</summary>
    Rule,

    /// <summary>A judge model (<see cref="ConstraintJudge"/>).</summary>
    Judge,
}

/// <summary>One instruction of FollowBench.</summary>
/// <param name="Id">Such as "content-14-L3".</param>
/// <param name="Type">
/// The kind of constraint, which is also the file: content, situation, style, format, example or mixed.
/// </param>
/// <param name="ExampleId">Number of the group within its type.</param>
/// <param name="Source">The data set that the initial instruction was taken from; decides which check applies.</param>
/// <param name="Level">0 (initial instruction, not asked) to 5: how many constraints were added.</param>
/// <param name="Instruction">What the model is asked.</param>
/// <param name="Target">Expected answer or template; empty where the check needs none.</param>
/// <param name="ScoredBy">Who scores it.</param>
public sealed record FollowBenchRecord(
    string Id,
    string Type,
    int ExampleId,
    string Source,
    int Level,
    string Instruction,
    string Target,
    ScoredBy ScoredBy
);

/// <summary>The same instruction at growing levels.</summary>
/// <param name="Initial">The initial instruction; null in type example, which has none.</param>
/// <param name="Levels">The records of levels 1 to 5, in order.</param>
public sealed record FollowBenchGroup(FollowBenchRecord? Initial, IReadOnlyList<FollowBenchRecord> Levels)
{
    /// <summary>The kind of constraint.</summary>
    public string Type => Levels[0].Type;

    /// <summary>The instructions of level 0 to <paramref name="level"/>.</summary>
    /// <param name="level">1..5.</param>
    public IReadOnlyList<string> PathTo(int level) =>
        [Initial?.Instruction ?? "", .. Levels.Take(level).Select(record => record.Instruction)];
}
