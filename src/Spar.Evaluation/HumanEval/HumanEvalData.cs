using Spar.Evaluation.Data;

namespace Spar.Evaluation.HumanEval;

/// <summary>One programming problem.</summary>
/// <param name="TaskId">Such as "HumanEval/0".</param>
/// <param name="Prompt">Imports, signature and docstring.</param>
/// <param name="EntryPoint">The function's name.</param>
/// <param name="CanonicalSolution">A body that passes.</param>
/// <param name="Test">Defines <c>check(candidate)</c>.</param>
public sealed record HumanEvalProblem(
    string TaskId,
    string Prompt,
    string EntryPoint,
    string CanonicalSolution,
    string Test
)
{
    /// <summary>
    /// The program that decides on a completion: it ends without an exception if the completion is right.
    /// </summary>
    /// <param name="completion">What follows the prompt.</param>
    public string Program(string completion) => $"{Prompt}{completion}\n{Test}\ncheck({EntryPoint})";
}

/// <summary>Loads HumanEval (Chen et al. 2021).</summary>
public static class HumanEvalData
{
    /// <summary>Reads the problems.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="problems">Where bad records go.</param>
    /// <exception cref="EvaluationException">
    /// The file is missing, or a record is bad and <paramref name="problems"/> is strict.
    /// </exception>
    public static IReadOnlyList<HumanEvalProblem> Load(DataFolder folder, DataProblems problems) =>
        DataFile.Read(
            folder.Require("humaneval", "HumanEval.jsonl"),
            problems,
            row => new HumanEvalProblem(
                row.Text("task_id"),
                row.Text("prompt"),
                row.Text("entry_point"),
                row.Text("canonical_solution"),
                row.Text("test")
            ),
            ("task_id", problem => problem.TaskId)
        );
}
