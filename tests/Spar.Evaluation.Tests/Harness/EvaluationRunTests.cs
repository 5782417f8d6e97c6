using Spar.Evaluation.Gsm8k;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;

namespace Spar.Evaluation.Tests.Harness;

public class EvaluationRunTests
{
    private static readonly Gsm8kProblem[] s_problems =
    [
        .. Enumerable
            .Range(0, 20)
            .Select(i => new Gsm8kProblem($"p{i:00}", $"What is {i}+0?", $"It is {i}.\n#### {i}")),
    ];

    private static readonly EvaluationRunOptions s_options = new() { Time = new FixedTime(), Concurrency = 4 };

    [Fact]
    public async Task A_run_stores_answers_samples_and_results()
    {
        using var folder = new TemporaryFolder();
        EvaluationScore score = await EvaluationRun.RunAsync(Benchmark(), Model(Right), null, folder.Root, s_options);
        Assert.All(score.Metrics, metric => Assert.Equal(1, metric.Value));
        Assert.Equal(20, File.ReadAllLines(Path.Combine(folder.Root, "answers.jsonl")).Length);
        Assert.Equal(40, File.ReadAllLines(Path.Combine(folder.Root, "samples.jsonl")).Length);
        Assert.Equal("gsm8k", StoredResult.Load(folder.Root).Task);
    }

    [Fact]
    public async Task A_failed_call_leaves_no_answer_and_only_what_is_missing_is_asked_again()
    {
        using var folder = new TemporaryFolder();
        FakeClient failing = new(
            (prompt, _) =>
                prompt.Contains("What is 7+0?") ? throw new HttpRequestException("server is gone") : Right(prompt)
        );
        EvaluationException fault = await Assert.ThrowsAsync<EvaluationException>(() =>
            EvaluationRun.RunAsync(Benchmark(), new EvaluationModel("m", failing), null, folder.Root, s_options)
        );
        Assert.Contains("1 of 20 answers are missing", fault.Message);
        Assert.Contains("server is gone", fault.Message);
        Assert.Equal(19, File.ReadAllLines(Path.Combine(folder.Root, "answers.jsonl")).Length);

        FakeClient working = new((prompt, _) => Right(prompt));
        await EvaluationRun.RunAsync(Benchmark(), new EvaluationModel("m", working), null, folder.Root, s_options);
        Assert.Equal(1, working.Calls);
    }

    [Fact]
    public async Task A_backend_that_is_not_there_is_given_up_soon()
    {
        using var folder = new TemporaryFolder();
        Gsm8kBenchmark many = new(
            [.. Enumerable.Range(0, 50).Select(i => s_problems[0] with { Id = $"p{i}" })],
            [],
            shots: 0
        );
        FakeClient dead = new((_, _) => throw new HttpRequestException("connection refused"));
        await Assert.ThrowsAsync<EvaluationException>(() =>
            EvaluationRun.RunAsync(
                many,
                new EvaluationModel("m", dead),
                null,
                folder.Root,
                s_options with
                {
                    Concurrency = 1,
                }
            )
        );
        Assert.Equal(32, dead.Calls);
    }

    [Fact]
    public async Task A_line_that_was_cut_short_is_asked_again()
    {
        using var folder = new TemporaryFolder();
        await EvaluationRun.RunAsync(Benchmark(), Model(Right), null, folder.Root, s_options);
        string path = Path.Combine(folder.Root, "answers.jsonl");
        byte[] whole = await File.ReadAllBytesAsync(path);
        await File.WriteAllBytesAsync(path, whole[..^20]);
        FakeClient again = new((prompt, _) => Right(prompt));
        await EvaluationRun.RunAsync(Benchmark(), new EvaluationModel("m", again), null, folder.Root, s_options);
        Assert.Equal(1, again.Calls);
        Assert.Equal(whole, await File.ReadAllBytesAsync(path));
    }

    [Fact]
    public async Task Bytes_do_not_depend_on_concurrency()
    {
        using var one = new TemporaryFolder();
        using var many = new TemporaryFolder();
        await EvaluationRun.RunAsync(Benchmark(), Model(Right), null, one.Root, s_options with { Concurrency = 1 });
        await EvaluationRun.RunAsync(Benchmark(), Model(Right), null, many.Root, s_options with { Concurrency = 16 });
        foreach (string file in new[] { "answers.jsonl", "samples.jsonl", "results.json" })
        {
            Assert.Equal(
                File.ReadAllText(Path.Combine(one.Root, file)),
                File.ReadAllText(Path.Combine(many.Root, file))
            );
        }
    }

    [Fact]
    public async Task Rescoring_asks_nobody_and_gives_the_same_result()
    {
        using var folder = new TemporaryFolder();
        await EvaluationRun.RunAsync(Benchmark(), Model(Right), null, folder.Root, s_options);
        string before = File.ReadAllText(Path.Combine(folder.Root, "results.json"));
        File.Delete(Path.Combine(folder.Root, "results.json"));
        await EvaluationRun.RescoreAsync(Benchmark(), folder.Root, s_options);
        Assert.Equal(before, File.ReadAllText(Path.Combine(folder.Root, "results.json")));
    }

    [Fact]
    public async Task Answers_of_another_model_or_to_other_prompts_are_refused()
    {
        using var folder = new TemporaryFolder();
        await EvaluationRun.RunAsync(Benchmark(), Model(Right), null, folder.Root, s_options);
        EvaluationException model = await Assert.ThrowsAsync<EvaluationException>(() =>
            EvaluationRun.RunAsync(Benchmark(), Model(Right) with { Name = "other" }, null, folder.Root, s_options)
        );
        Assert.Contains("is by model m, not other", model.Message);
        EvaluationException prompt = await Assert.ThrowsAsync<EvaluationException>(() =>
            EvaluationRun.RescoreAsync(
                new Gsm8kBenchmark(s_problems, s_problems, Gsm8kForm.Hash, shots: 0),
                folder.Root,
                s_options
            )
        );
        Assert.Contains("answers another prompt", prompt.Message);
    }

    [Fact]
    public async Task Sampling_options_reach_the_client()
    {
        using var folder = new TemporaryFolder();
        long[] seeds = [.. Enumerable.Repeat(0L, 20)];
        FakeClient client = new(
            (prompt, options) =>
            {
                Assert.Equal((0f, 1f, 1024), (options.Temperature, options.TopP, options.MaxOutputTokens));
                Assert.Equal(["Q:"], options.StopSequences!);
                seeds[int.Parse(prompt.Split(' ')[3].Split('+')[0])] = options.Seed!.Value;
                return "";
            }
        );
        await EvaluationRun.RunAsync(Benchmark(), new EvaluationModel("m", client), null, folder.Root, s_options);
        Assert.Equal(20, seeds.Distinct().Count());
    }

    [Fact]
    public async Task A_stopped_run_keeps_its_answers()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        FakeClient client = new(
            (prompt, _) =>
            {
                if (prompt.Contains("What is 5+0?"))
                {
                    stop.Cancel();
                }

                return Right(prompt);
            }
        );
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            EvaluationRun.RunAsync(
                Benchmark(),
                new EvaluationModel("m", client),
                null,
                folder.Root,
                s_options with
                {
                    Concurrency = 1,
                },
                null,
                stop.Token
            )
        );
        Assert.Equal(6, File.ReadAllLines(Path.Combine(folder.Root, "answers.jsonl")).Length);
    }

    private static Gsm8kBenchmark Benchmark() => new(s_problems, s_problems, shots: 0);

    private static string Right(string prompt) => $"The answer is {prompt.Split(' ')[3].Split('+')[0]}.";

    private static EvaluationModel Model(Func<string, string> answer) =>
        new("m", new FakeClient((prompt, _) => answer(prompt)));

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch;
    }
}
