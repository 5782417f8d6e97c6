using Spar.Calls;
using Spar.Evaluation.Data;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Refinement;
using Spar.Evaluation.Results;
using Spar.Evaluation.Tests.Harness;

namespace Spar.Evaluation.Tests.Refinement;

public class RepairEvaluationTests
{
    private static readonly RepairCase[] s_cases =
    [
        new("a", "be short", "long", "short"),
        new("b", "be short", "long", "short!"),
        new("c", "be short", "long", "longer"),
        new("d", "be short", "long", "?"),
        new("e", "be short", "long", null),
    ];

    [Fact]
    public async Task Two_judges_are_shown_side_by_side_with_their_agreement()
    {
        using var folder = new TemporaryFolder();
        EvaluationScore score = await RepairEvaluation.RunAsync(
            s_cases,
            "refiner",
            Judge("kind", text => text.StartsWith("short")),
            Judge("strict", text => text == "short"),
            folder.Root,
            new EvaluationRunOptions()
        );
        double Value(string name) => score.Metrics.Single(metric => metric.Name == name).Value;

        // Of a, b, c and e: the kind judge accepts a and b, the strict one a; d cannot be read, e was not refined.
        Assert.Equal(0.5, Value("repaired_by_kind"));
        Assert.Equal(0.25, Value("repaired_by_strict"));
        Assert.Equal(2.0 / 3, Value("judges_agree"), 1e-12);
        Assert.Equal(0.4, Value("judges_kappa"), 1e-12);
        Assert.Equal(
            (1, 1, 1),
            (score.Counts["not_refined"], score.Counts["unparseable_by_kind"], score.Counts["only_kind"])
        );
        Assert.Equal("refinement", StoredResult.Load(folder.Root).Task);
        Assert.Equal(4, File.ReadAllLines(Path.Combine(folder.Root, "verdicts-1.jsonl")).Length);
    }

    [Fact]
    public async Task Verdicts_that_are_stored_are_not_asked_again()
    {
        using var folder = new TemporaryFolder();
        int asked = 0;
        RepairJudge counting = new(
            "one",
            (_, _) =>
            {
                Interlocked.Increment(ref asked);
                return Task.FromResult(new Answer("yes"));
            },
            answer => answer.Text == "yes"
        );
        for (int run = 0; run < 2; run++)
        {
            await RepairEvaluation.RunAsync(
                s_cases,
                "refiner",
                counting,
                Judge("two", _ => true),
                folder.Root,
                new EvaluationRunOptions()
            );
        }

        Assert.Equal(4, asked);
    }

    [Fact]
    public async Task One_judge_twice_is_refused() =>
        await Assert.ThrowsAsync<EvaluationException>(() =>
            RepairEvaluation.RunAsync(
                s_cases,
                "refiner",
                Judge("x", _ => true),
                Judge("x", _ => true),
                "unused",
                new EvaluationRunOptions()
            )
        );

    [Fact]
    public void Cases_are_read_from_a_file()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File(
            "cases.jsonl",
            """{"id": "a", "instruction": "i", "response": "r", "refined": "f"}""",
            """{"id": "b", "instruction": "i", "response": "r", "refined": null}"""
        );
        Assert.Equal(
            [new RepairCase("a", "i", "r", "f"), new RepairCase("b", "i", "r", null)],
            RepairCase.Load(path, new DataProblems())
        );
    }

    private static RepairJudge Judge(string name, Func<string, bool> accepts) =>
        new(
            name,
            (item, _) =>
                Task.FromResult(
                    new Answer(
                        item.Repaired == "?" ? "cannot say"
                        : accepts(item.Repaired!) ? "yes"
                        : "no"
                    )
                ),
            answer =>
                answer.Text switch
                {
                    "yes" => true,
                    "no" => false,
                    _ => null,
                }
        );
}
