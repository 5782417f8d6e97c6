using System.Text.Json;
using Spar.Calls;
using Spar.Evaluation.Data;
using Spar.Evaluation.Harness;
using Spar.Evaluation.HumanEval;
using Spar.Evaluation.Results;
using Spar.Evaluation.Tests.Harness;

namespace Spar.Evaluation.Tests.HumanEval;

public class HumanEvalTests
{
    [Fact]
    public void Pass_at_k_equals_the_reference()
    {
        IReadOnlyList<JsonElement> rows = GoldenFile.Rows("humaneval", "pass_at_k.jsonl");
        Assert.NotEmpty(rows);
        Assert.All(
            rows,
            row =>
                Assert.Equal(
                    row.GetProperty("pass_at_k").GetDouble(),
                    PassAtK.Estimate(
                        row.GetProperty("n").GetInt32(),
                        row.GetProperty("c").GetInt32(),
                        row.GetProperty("k").GetInt32()
                    ),
                    1e-12
                )
        );
    }

    [Fact]
    public void Completions_are_trimmed_as_the_reference_trims_them()
    {
        IReadOnlyList<JsonElement> rows = GoldenFile.Rows("humaneval", "trim_vectors.jsonl");
        Assert.NotEmpty(rows);
        Assert.All(
            rows,
            row =>
            {
                string[] stops = [.. row.GetProperty("stop").EnumerateArray().Select(item => item.GetString()!)];
                Assert.Equal(CompletionTrimming.Stops, stops);
                Assert.Equal(
                    row.GetProperty("trimmed").GetString(),
                    CompletionTrimming.AtStops(row.GetProperty("completion").GetString()!, stops)
                );
            }
        );
    }

    [Theory]
    [InlineData("Here:\n```python\ncode\n```\nand\n```\nmore\n```", "code\n")]
    [InlineData("```\ncode\n```", "code\n")]
    [InlineData("```python\ncode", "code")]
    [InlineData("    return 1\n```\nThis works.", "    return 1\n")]
    [InlineData("    return 1", "    return 1")]
    public void Code_is_taken_out_of_a_chat_answer(string answer, string code) =>
        Assert.Equal(code, CompletionTrimming.CodeBlock(answer));

    [Fact]
    public async Task Without_a_runner_samples_are_written_for_the_official_scorer()
    {
        using var folder = new TemporaryFolder();
        var benchmark = new HumanEvalBenchmark([new HumanEvalProblem("T/0", "def f():\n", "f", "", "")], samples: 2);
        FakeClient client = new((_, _) => "```python\ndef f():\n    return 1\n```");
        EvaluationScore score = await EvaluationRun.RunAsync(
            benchmark,
            new EvaluationModel("m", client),
            null,
            folder.Root,
            new EvaluationRunOptions()
        );
        Assert.Empty(score.Metrics);
        Assert.Equal(2, score.Counts["not_executed"]);
        string[] lines = File.ReadAllLines(Path.Combine(folder.Root, "samples.jsonl"));
        Assert.Equal(2, lines.Length);
        Assert.All(
            lines,
            line =>
            {
                JsonElement sample = JsonDocument.Parse(line).RootElement;
                Assert.Equal("T/0", sample.GetProperty("task_id").GetString());
                Assert.Equal("def f():\n    return 1\n", sample.GetProperty("completion").GetString());
            }
        );
    }

    [Fact]
    public async Task Canonical_solutions_pass_and_empty_ones_fail()
    {
        ProgramRunner runner = await Runner();
        HumanEvalProblem[] problems = [.. HumanEvalData.Load(GoldenFile.Data("humaneval"), new DataProblems()).Take(2)];
        var benchmark = new HumanEvalBenchmark(problems, runner, samples: 2, form: CompletionForm.Continue);
        Dictionary<string, Answer> answers = benchmark.Requests.ToDictionary(
            request => request.Id,
            request => new Answer(
                request.Id.EndsWith("#1")
                    ? problems.Single(problem => request.Id.StartsWith(problem.TaskId + "#")).CanonicalSolution
                    : "    pass\n"
            )
        );
        EvaluationScore score = await benchmark.ScoreAsync(answers, new Dictionary<string, Answer>(), default);
        Assert.Equal(0.5, Assert.Single(score.Metrics).Value);
        Assert.All(score.Samples, sample => Assert.Equal(sample.Id.EndsWith("#1") ? 1 : 0, sample.Values["passed"]));
    }

    [Theory]
    [InlineData("assert 1 + 1 == 2", "passed")]
    [InlineData("assert 1 + 1 == 3", "failed: AssertionError")]
    [InlineData("raise SystemExit(0)", "failed: SystemExit")]
    [InlineData("import os; os._exit(0)", "failed: the process ended early")]
    [InlineData("while True:\n    try:\n        pass\n    except Exception:\n        pass", "timed out")]
    [InlineData("x = 'a' * (1 << 40)", "failed: MemoryError")]
    [InlineData("open('f', 'w')", "failed: PermissionError")]
    [InlineData("import os; os.remove('/nowhere')", "failed: PermissionError")]
    [InlineData("import subprocess; subprocess.run(['true'])", "failed: PermissionError")]
    [InlineData("import socket; socket.socket().connect(('127.0.0.1', 1))", "failed: PermissionError")]
    [InlineData("def f(:", "failed: SyntaxError")]
    public async Task Programs_run_within_limits(string program, string outcome)
    {
        ProgramRunner runner = await Runner();
        Assert.StartsWith(outcome, (await runner.RunAsync(program, default)).Outcome);
    }

    [Fact]
    public async Task A_missing_interpreter_is_refused_clearly()
    {
        EvaluationException fault = await Assert.ThrowsAsync<EvaluationException>(() =>
            ProgramRunner.CreateAsync("no-such-python")
        );
        Assert.Contains("no-such-python", fault.Message);
    }

    private static readonly Lazy<Task<ProgramRunner>> s_sharedRunner = new(() => ProgramRunner.CreateAsync(seconds: 3));

    private static async Task<ProgramRunner> Runner()
    {
        try
        {
            return await s_sharedRunner.Value;
        }
        catch (EvaluationException refusal)
        {
            Assert.Skip(refusal.Message);
            throw;
        }
    }
}
