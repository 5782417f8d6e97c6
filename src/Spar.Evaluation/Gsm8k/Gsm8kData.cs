using System.Text.RegularExpressions;
using Spar.Evaluation.Data;
using Spar.Evaluation.Harness;

namespace Spar.Evaluation.Gsm8k;

/// <summary>One grade-school problem.</summary>
/// <param name="Id">Unique.</param>
/// <param name="Question">The problem.</param>
/// <param name="Answer">
/// The worked answer as published: rationale with calculator annotations, last line "#### final".
/// </param>
public sealed partial record Gsm8kProblem(string Id, string Question, string Answer)
{
    /// <summary>The final number, as text.</summary>
    public string Final => Answer[(Answer.LastIndexOf("####", StringComparison.Ordinal) + 4)..].Trim();

    /// <summary>The rationale without annotations and without the last line.</summary>
    public string Rationale =>
        Annotation().Replace(Answer[..Answer.LastIndexOf("####", StringComparison.Ordinal)], "").TrimEnd();

    [GeneratedRegex("<<[^>]*>>")]
    private static partial Regex Annotation();
}

/// <summary>Loads GSM8K (Cobbe et al. 2021).</summary>
public static class Gsm8kData
{
    /// <summary>Reads the test problems.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="problems">Where bad records go.</param>
    /// <exception cref="EvaluationException">
    /// The file is missing, or a record is bad and <paramref name="problems"/> is strict.
    /// </exception>
    public static IReadOnlyList<Gsm8kProblem> LoadTest(DataFolder folder, DataProblems problems) =>
        Read(folder.Require("gsm8k", "test.jsonl"), problems);

    /// <summary>Reads training problems for worked examples, in the order of the file.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="problems">Where bad records go.</param>
    /// <exception cref="EvaluationException">
    /// The file is missing, or a record is bad and <paramref name="problems"/> is strict.
    /// </exception>
    public static IReadOnlyList<Gsm8kProblem> LoadShots(DataFolder folder, DataProblems problems) =>
        Read(folder.Require("gsm8k", "fewshot_pool.jsonl", "train.jsonl"), problems);

    private static IReadOnlyList<Gsm8kProblem> Read(string path, DataProblems problems) =>
        DataFile.Read(
            path,
            problems,
            row =>
            {
                // The published files have no ids; the position is the same in every copy.
                string id = row.Element.TryGetProperty("id", out _)
                    ? row.Number("id").ToString()
                    : (row.Line - 1).ToString();
                var problem = new Gsm8kProblem($"gsm8k-{id}", row.Text("question"), row.Text("answer"));
                return problem.Answer.Contains("####", StringComparison.Ordinal)
                    ? problem
                    : throw row.Error("answer", "lacks the line \"#### final\"");
            },
            ("id", problem => problem.Id)
        );
}
