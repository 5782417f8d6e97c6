using System.Text;
using Spar.Calls;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.FollowBench;

/// <summary>What a judge said of an answer at level n.</summary>
/// <param name="Satisfied">Constraints that it found satisfied, 0..n.</param>
/// <param name="Level">n, 1..5.</param>
public readonly record struct ConstraintVerdict(int Satisfied, int Level)
{
    /// <summary>1 where all n constraints are satisfied, else 0.</summary>
    public int Hard => Satisfied == Level ? 1 : 0;

    /// <summary>Share of the n constraints that are satisfied, 0..1.</summary>
    public double Soft => (double)Satisfied / Level;
}

/// <summary>Asks a judge which of the added constraints an answer satisfies, and reads what it says.</summary>
public static class ConstraintJudge
{
    private static readonly Sampling s_sampling = Sampling.GreedyUpTo(1024);
    private static readonly string[] s_notSatisfied = ["NO", "PARTIAL", "MAYBE", "UNKNOWN", "N/A"];

    /// <summary>
    /// The request for one judge-scored record: the way from the initial instruction to the final one, the answer, the
    /// task.
    /// </summary>
    /// <param name="group">The record's group.</param>
    /// <param name="record">The record.</param>
    /// <param name="answer">The model's answer to it.</param>
    public static EvaluationRequest Request(FollowBenchGroup group, FollowBenchRecord record, string answer)
    {
        IReadOnlyList<string> path = group.PathTo(record.Level);
        string kind = record.Type == "mixed" ? "constraint" : $"{record.Type} constraint";
        int n = record.Level;
        var prompt = new StringBuilder();
        prompt.Append(
            $"An instruction was made harder step by step: each step adds one {kind} to the instruction before it. "
                + "Below are the initial "
                + $"instruction, every step up to the last with {Plural(n)}, and an answer to the last one.\n\n"
        );
        prompt.Append($"[Initial instruction]\n{path[0]}\n\n");
        for (int k = 1; k <= n; k++)
        {
            prompt.Append($"[Initial instruction with {Plural(k)}]\n{path[k]}\n\n");
        }

        prompt.Append($"[Answer to the initial instruction with {Plural(n)}]\n{answer}\n\n");
        prompt.Append("[Your task]\n");
        prompt.Append($"1) Name the {Plural(n)}, one for each step, in order.\n");
        prompt.Append("2) Decide for each of them whether the answer satisfies it.\n");
        prompt.Append(
            $"3) As the last line, write nothing but a Python list of {n} string{(n == 1 ? "" : "s")}, each 'YES' or 'NO': whether the answer "
                + "satisfies each constraint, in order."
        );
        return EvaluationRequest.User(record.Id, prompt.ToString(), s_sampling);
    }

    /// <summary>
    /// Reads a judge's output: backquotes at both ends and then white space are removed, and the last line counts.
    /// Level 1: satisfied if it has YES, else not if it has NO. Above: what stands from its first bracket to its last
    /// must be a Python list of n strings; YES counts, NO, PARTIAL, MAYBE, UNKNOWN and N/A do not.
    /// </summary>
    /// <param name="output">The raw output.</param>
    /// <param name="level">n, 1..5.</param>
    /// <returns>The verdict; null where the output cannot be read, which is never guessed.</returns>
    public static ConstraintVerdict? Parse(string output, int level)
    {
        string line = PythonText.Strip(output.Trim('`')).Split('\n')[^1];
        if (level == 1)
        {
            return line.Contains("YES", StringComparison.Ordinal) ? new ConstraintVerdict(1, 1)
                : line.Contains("NO", StringComparison.Ordinal) ? new ConstraintVerdict(0, 1)
                : null;
        }

        int open = line.IndexOf('[');
        int close = line.LastIndexOf(']');
        IReadOnlyList<string>? items = open >= 0 && close > open ? PythonList.Parse(line[open..(close + 1)]) : null;
        return items?.Count == level && items.All(item => item == "YES" || s_notSatisfied.Contains(item))
            ? new ConstraintVerdict(items.Count(item => item == "YES"), level)
            : null;
    }

    private static string Plural(int n) => n == 1 ? "1 added constraint" : $"{n} added constraints";
}
