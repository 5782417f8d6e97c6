using System.Text.Json;
using Spar.Evaluation.Data;
using Spar.Evaluation.FollowBench;
using Spar.Evaluation.Tests.Harness;

namespace Spar.Evaluation.Tests.FollowBench;

public class FollowBenchGoldenTests
{
    [Fact]
    public void Data_has_820_scored_instructions_of_which_470_go_to_the_judge()
    {
        IReadOnlyList<FollowBenchGroup> groups = FollowBenchData.Load(
            GoldenFile.Data("followbench"),
            new DataProblems()
        );
        var counts = groups.GroupBy(group => group.Type).ToDictionary(type => type.Key, type => type.Count());
        Assert.Equal([25, 22, 30, 30, 40, 17], FollowBenchData.Types.Select(type => counts[type]));
        Assert.Equal(820, groups.Sum(group => group.Levels.Count));
        Assert.Equal(470, groups.SelectMany(group => group.Levels).Count(record => record.ScoredBy == ScoredBy.Judge));
    }

    [Fact]
    public void Rule_verdicts_equal_the_reference()
    {
        var records = FollowBenchData
            .Load(GoldenFile.Data("followbench"), new DataProblems())
            .SelectMany(group => group.Levels)
            .ToDictionary(record => record.Id);
        IReadOnlyList<JsonElement> rows = GoldenFile.Rows("followbench", "rule_golden.jsonl");
        Assert.Equal(764, rows.Count);
        string[] wrong =
        [
            .. rows.Where(row =>
                    RuleChecks.IsSatisfied(
                        records[row.GetProperty("id").GetString()!],
                        row.GetProperty("response").GetString()!
                    ) != row.GetProperty("satisfied").GetBoolean()
                )
                .Select(row => row.ToString()),
        ];
        Assert.Empty(wrong);
    }

    [Fact]
    public void Judge_outputs_are_read_as_the_reference_reads_them()
    {
        IReadOnlyList<JsonElement> rows = GoldenFile.Rows("followbench", "judge_parse.jsonl");
        Assert.NotEmpty(rows);
        Assert.All(
            rows,
            row =>
            {
                ConstraintVerdict? verdict = ConstraintJudge.Parse(
                    row.GetProperty("output").GetString()!,
                    row.GetProperty("level").GetInt32()
                );
                Assert.Equal(row.GetProperty("valid").GetBoolean(), verdict is not null);
                if (verdict is { } valid)
                {
                    Assert.Equal(row.GetProperty("hard").GetInt32(), valid.Hard);
                    Assert.Equal(row.GetProperty("soft").GetDouble(), valid.Soft);
                }
            }
        );
    }

    [Fact]
    public void Figures_equal_the_reference()
    {
        IReadOnlyList<JsonElement> rows = GoldenFile.Rows("followbench", "aggregation_golden.jsonl");
        Assert.NotEmpty(rows);
        Assert.All(
            rows,
            row =>
            {
                LevelScore?[][] groups =
                [
                    .. row.GetProperty("groups")
                        .EnumerateArray()
                        .Select(group => group.EnumerateArray().Select(Score).ToArray()),
                ];
                JsonElement expected = row.GetProperty("expected");
                FollowBenchFigures figures = FollowBenchFigures.Of(groups);
                Assert.Equal(expected.GetProperty("csl_unrounded").GetDouble(), figures.Consistency);
                FollowBenchFigures rounded = figures.Rounded();
                Assert.Equal(expected.GetProperty("groups").GetInt32(), rounded.Groups);
                Assert.Equal(Numbers(expected.GetProperty("hsr")), rounded.HardRates);
                Assert.Equal(Numbers(expected.GetProperty("ssr")), rounded.SoftRates);
                Assert.Equal(expected.GetProperty("csl").GetDouble(), rounded.Consistency);
            }
        );
    }

    /// <summary>Scores a golden record from its verdict or its constraints, and checks its own hard and soft.</summary>
    private static LevelScore? Score(JsonElement record)
    {
        LevelScore score;
        if (record.GetProperty("scored_by").GetString() == "rule")
        {
            int satisfied = record.GetProperty("verdict").GetBoolean() ? 1 : 0;
            score = new LevelScore(satisfied, satisfied);
        }
        else
        {
            string list =
                "["
                + string.Join(", ", record.GetProperty("constraints").EnumerateArray().Select(item => $"'{item}'"))
                + "]";
            ConstraintVerdict verdict = ConstraintJudge.Parse(list, record.GetProperty("level").GetInt32())!.Value;
            score = new LevelScore(verdict.Hard, verdict.Soft);
        }

        Assert.Equal(record.GetProperty("hard").GetInt32(), score.Hard);
        Assert.Equal(record.GetProperty("soft").GetDouble(), score.Soft);
        return score;
    }

    private static double[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetDouble())];
}
