using Spar.Evaluation.Data;
using Spar.Evaluation.FollowBench;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;
using Spar.Evaluation.Tests.Harness;

namespace Spar.Evaluation.Tests.FollowBench;

public class FollowBenchBenchmarkTests
{
    [Fact]
    public async Task Rules_and_a_judge_are_pooled_and_unreadable_judgments_are_shown()
    {
        // Group 1 is judged: satisfied up to level 2, level 3 half, level 4 unreadable. Group 2 is decided by a rule:
        // right up to level 1.
        FollowBenchGroup judged = Group(1, "quora", ScoredBy.Judge, level => "");
        FollowBenchGroup ruled = Group(2, "E2E", ScoredBy.Rule, level => $"target {level}");
        var benchmark = new FollowBenchBenchmark([judged, ruled]);
        FakeClient model = new((prompt, _) => prompt == "content-02 level 1" ? "target 1" : "an answer");
        FakeClient judge = new(
            (prompt, options) =>
            {
                Assert.Equal((0f, 1024), (options.Temperature, options.MaxOutputTokens));
                int level = Enumerable.Range(1, 5).Last(each => prompt.Contains($"content-01 level {each}\n"));
                Assert.Contains("content-01 level 0\n", prompt);
                Assert.Contains("an answer", prompt);
                return level switch
                {
                    1 => "fine\nYES",
                    2 => "['YES', 'YES']",
                    3 => "['YES', 'NO', 'NO']",
                    4 => "I cannot say",
                    _ => "['NO', 'NO', 'NO', 'NO', 'NO']",
                };
            }
        );
        using var folder = new TemporaryFolder();
        EvaluationScore score = await EvaluationRun.RunAsync(
            benchmark,
            new EvaluationModel("m", model),
            new EvaluationModel("j", judge),
            folder.Root,
            new EvaluationRunOptions()
        );
        double Value(string name) =>
            Math.Round(
                score.Metrics.Single(metric => metric.Task == "followbench_content" && metric.Name == name).Value,
                9
            );
        Assert.Equal([1, 0.5, 0, 0, 0], Enumerable.Range(1, 5).Select(level => Value($"hsr_l{level}")));
        Assert.Equal(
            [1, 0.5, Math.Round(1.0 / 6, 9), 0, 0],
            Enumerable.Range(1, 5).Select(level => Value($"ssr_l{level}"))
        );
        Assert.Equal(1.5, Value("csl"));
        Assert.Equal((5, 1), (score.Counts["judged"], score.Counts["unparseable_judgments"]));
        Assert.Equal(5, File.ReadAllLines(Path.Combine(folder.Root, "judgments.jsonl")).Length);
        ScoredSample unreadable = score.Samples.Single(sample => sample.Id == "content-01-L4");
        Assert.Empty(unreadable.Values);
        Assert.Equal("I cannot say", unreadable.Extra!["judgment"]!.ToString());

        // Repaired by hand and scored again.
        string path = Path.Combine(folder.Root, "judgments.jsonl");
        await File.WriteAllTextAsync(
            path,
            (await File.ReadAllTextAsync(path)).Replace("I cannot say", "['YES', 'NO', 'NO', 'NO']")
        );
        EvaluationScore again = await EvaluationRun.RescoreAsync(benchmark, folder.Root, new EvaluationRunOptions());
        Assert.Equal(0, again.Counts["unparseable_judgments"]);
        Assert.Equal(10, model.Calls);
        Assert.Equal(5, judge.Calls);
    }

    [Fact]
    public async Task Without_a_judge_it_is_asked_for()
    {
        var benchmark = new FollowBenchBenchmark([Group(1, "quora", ScoredBy.Judge, _ => "")]);
        EvaluationException fault = await Assert.ThrowsAsync<EvaluationException>(() =>
            EvaluationRun.RunAsync(
                benchmark,
                new EvaluationModel("m", new FakeClient((_, _) => "")),
                null,
                "unused",
                new EvaluationRunOptions()
            )
        );
        Assert.Contains("--judge", fault.Message);
    }

    [Theory]
    [InlineData(
        """{"id": "content-01-L9", "type": "content", "example_id": 1, "source": "quora", "level": 9, "instruction": "i", "scored_by": "llm"}""",
        "field \"level\" must be 0 to 5"
    )]
    [InlineData(
        """{"id": "x", "type": "style", "example_id": 1, "source": "quora", "level": 1, "instruction": "i", "scored_by": "llm"}""",
        "field \"type\" must be \"content\""
    )]
    [InlineData(
        """{"id": "x", "type": "content", "example_id": 1, "source": "quora", "level": 1, "instruction": "i", "scored_by": "rule"}""",
        "field \"source\" \"quora\" has no rule"
    )]
    [InlineData(
        """{"id": "x", "type": "content", "example_id": 1, "source": "quora", "level": 1, "instruction": "i", "scored_by": "llm"}""",
        "example_id 1 has the levels 1"
    )]
    public void Bad_records_and_incomplete_groups_are_named(string line, string complaint)
    {
        using var folder = new TemporaryFolder();
        folder.File("followbench/content.jsonl", line);
        EvaluationException fault = Assert.Throws<EvaluationException>(() =>
            FollowBenchData.Load(new DataFolder(folder.Root), new DataProblems())
        );
        Assert.Contains(complaint, fault.Message);
        Assert.Contains("content.jsonl", fault.Message);
    }

    private static FollowBenchGroup Group(int id, string source, ScoredBy scoredBy, Func<int, string> target)
    {
        FollowBenchRecord Record(int level) =>
            new(
                $"content-{id:00}-L{level}",
                "content",
                id,
                source,
                level,
                $"content-{id:00} level {level}",
                target(level),
                level == 0 ? ScoredBy.None : scoredBy
            );
        return new FollowBenchGroup(Record(0), [.. Enumerable.Range(1, 5).Select(Record)]);
    }
}
