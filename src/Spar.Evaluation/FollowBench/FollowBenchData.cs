using Spar.Evaluation.Data;

namespace Spar.Evaluation.FollowBench;

/// <summary>
/// Loads FollowBench: a file for each type, groups of instructions that differ by one constraint a level.
/// </summary>
public static class FollowBenchData
{
    /// <summary>Constraints are added up to this level.</summary>
    public const int Levels = 5;

    /// <summary>The types, in the order of published tables.</summary>
    public static readonly IReadOnlyList<string> Types =
    [
        "content",
        "situation",
        "style",
        "format",
        "example",
        "mixed",
    ];

    /// <summary>Reads all groups of all types.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="problems">Where bad records go; a group that lacks a level is left out as a whole.</param>
    /// <exception cref="EvaluationException">
    /// A file is missing, or a record or group is bad and <paramref name="problems"/> is strict.
    /// </exception>
    public static IReadOnlyList<FollowBenchGroup> Load(DataFolder folder, DataProblems problems)
    {
        var groups = new List<FollowBenchGroup>();
        foreach (string type in Types)
        {
            string path = folder.Require("followbench", type + ".jsonl");
            IReadOnlyList<FollowBenchRecord> records = DataFile.Read(
                path,
                problems,
                row => Parse(row, type),
                ("id", record => record.Id)
            );
            foreach (IGrouping<int, FollowBenchRecord> members in records.GroupBy(record => record.ExampleId))
            {
                try
                {
                    groups.Add(Group(path, type, members));
                }
                catch (EvaluationException problem)
                {
                    problems.Report(problem);
                }
            }
        }

        return groups;
    }

    private static FollowBenchGroup Group(string path, string type, IGrouping<int, FollowBenchRecord> members)
    {
        FollowBenchRecord[] ordered = [.. members.OrderBy(record => record.Level)];
        int first = type == "example" ? 1 : 0;
        int[] expected = [.. Enumerable.Range(first, Levels + 1 - first)];
        if (!ordered.Select(record => record.Level).SequenceEqual(expected))
        {
            throw new EvaluationException(
                $"{path}: example_id {members.Key} has the levels {string.Join(", ", ordered.Select(record => record.Level))}; "
                    + $"expected are {string.Join(", ", expected)}, each once"
            );
        }

        return first == 1 ? new FollowBenchGroup(null, ordered) : new FollowBenchGroup(ordered[0], ordered[1..]);
    }

    private static FollowBenchRecord Parse(DataRow row, string type)
    {
        int level = row.Number("level");
        var record = new FollowBenchRecord(
            row.Text("id"),
            row.Text("type") == type ? type : throw row.Error("type", $"must be \"{type}\" in this file"),
            row.Number("example_id"),
            row.Text("source"),
            level is >= 0 and <= Levels ? level : throw row.Error("level", $"must be 0 to {Levels}, not {level}"),
            row.Text("instruction"),
            row.OptionalText("target") ?? "",
            row.Text("scored_by") switch
            {
                "none" => ScoredBy.None,
                "rule" => ScoredBy.Rule,
                "llm" => ScoredBy.Judge,
                string other => throw row.Error("scored_by", $"must be none, rule or llm, not \"{other}\""),
            }
        );
        if ((level == 0) != (record.ScoredBy == ScoredBy.None))
        {
            throw row.Error("scored_by", "must be none at level 0 and nowhere else");
        }

        if (level > 0 && record.Instruction.Length == 0)
        {
            throw row.Error("instruction", "is empty");
        }

        return record.ScoredBy != ScoredBy.Rule || RuleChecks.Has(record)
            ? record
            : throw row.Error("source", $"\"{record.Source}\" has no rule, though scored_by says so");
    }
}
