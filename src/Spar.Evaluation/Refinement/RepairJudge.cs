using Spar.Calls;

namespace Spar.Evaluation.Refinement;

/// <summary>Decides whether a repaired response follows its instruction: a judge model, or a program.</summary>
/// <param name="Name">Its name in results; the two judges' names must differ.</param>
/// <param name="Ask">
/// Gives the judge's raw answer on a case whose repaired response is not null; may be called from many threads.
/// </param>
/// <param name="Read">
/// Reads the raw answer: followed, not followed, or null where they cannot be read (counted and shown, never guessed).
/// </param>
public sealed record RepairJudge(
    string Name,
    Func<RepairCase, CancellationToken, Task<Answer>> Ask,
    Func<Answer, bool?> Read
);
