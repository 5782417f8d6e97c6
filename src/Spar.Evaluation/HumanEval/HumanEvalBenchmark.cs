using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Spar.Calls;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;

namespace Spar.Evaluation.HumanEval;

/// <summary>How code is taken out of an answer.</summary>
public enum CompletionForm
{
    /// <summary>A chat model: it is asked for a code block (<see cref="CompletionTrimming.CodeBlock"/>).</summary>
    Chat,

    /// <summary>A model that continues the prompt as it is (<see cref="CompletionTrimming.AtStops"/>).</summary>
    Continue,
}

/// <summary>
/// HumanEval: functions from their docstrings, n samples a problem. Programs run only where a
/// <see cref="ProgramRunner"/> is given; without one nothing is scored, and samples.jsonl, whose lines have task_id and
/// completion, can be given to the official scorer.
/// </summary>
public sealed class HumanEvalBenchmark : IBenchmark
{
    private const string Name = "humaneval";
    private readonly IReadOnlyList<HumanEvalProblem> _problems;
    private readonly int _samples;
    private readonly CompletionForm _form;
    private readonly ProgramRunner? _runner;
    private readonly int _skipped;

    /// <summary>Makes the benchmark from loaded data.</summary>
    /// <param name="problems">The problems.</param>
    /// <param name="runner">Runs the programs; null to write samples only.</param>
    /// <param name="samples">
    /// Samples a problem, at least 1. One is greedy; several are sampled at temperature 0.8 and top-p 0.95.
    /// </param>
    /// <param name="form">How code is taken out of an answer.</param>
    /// <param name="limit">First problems to use; null for all.</param>
    /// <param name="skipped">Records that were skipped in loading.</param>
    public HumanEvalBenchmark(
        IReadOnlyList<HumanEvalProblem> problems,
        ProgramRunner? runner = null,
        int samples = 1,
        CompletionForm form = CompletionForm.Chat,
        int? limit = null,
        int skipped = 0
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        _problems = [.. problems.Take(limit ?? int.MaxValue)];
        _samples = samples;
        _form = form;
        _runner = runner;
        _skipped = skipped;
        Sampling sampling = samples == 1 ? Sampling.GreedyUpTo(1024) : new Sampling(0.8, 0.95, 1024);
        IReadOnlyList<string>? stop = form == CompletionForm.Continue ? CompletionTrimming.Stops : null;
        Requests =
        [
            .. from problem in _problems
            from number in Enumerable.Range(1, samples)
            select EvaluationRequest.User(SampleId(problem, number), Ask(problem), sampling, stop: stop),
        ];
        var config = new JsonObject
        {
            ["form"] = form.ToString().ToLowerInvariant(),
            ["samples"] = samples,
            ["executed"] = runner is not null,
            ["max_tokens"] = sampling.MaxTokens,
            ["temperature"] = sampling.Temperature,
            ["top_p"] = sampling.TopP,
        };
        Facts = new BenchmarkFacts(Name, 1, problems.Count, _problems.Count, 0, config);
    }

    /// <inheritdoc/>
    public BenchmarkFacts Facts { get; }

    /// <inheritdoc/>
    public IReadOnlyList<EvaluationRequest> Requests { get; }

    /// <inheritdoc/>
    public async ValueTask<EvaluationScore> ScoreAsync(
        IReadOnlyDictionary<string, Answer> answers,
        IReadOnlyDictionary<string, Answer> judgments,
        CancellationToken cancellationToken
    )
    {
        (HumanEvalProblem Problem, string Id, string Completion)[] programs =
        [
            .. from problem in _problems
            where IsAnswered(problem, answers)
            from number in Enumerable.Range(1, _samples)
            let id = SampleId(problem, number)
            select (problem, id, Trim(answers[id].Text)),
        ];
        var outcomes = new ConcurrentDictionary<string, ProgramOutcome>();
        if (_runner is not null)
        {
            var options = new ParallelOptions
            {
                MaxDegreeOfParallelism = Environment.ProcessorCount,
                CancellationToken = cancellationToken,
            };
            await Parallel
                .ForEachAsync(
                    programs,
                    options,
                    async (each, token) =>
                        outcomes[each.Id] = await _runner
                            .RunAsync(each.Problem.Program(each.Completion), token)
                            .ConfigureAwait(false)
                )
                .ConfigureAwait(false);
        }

        var counts = new Dictionary<string, int>
        {
            ["not_executed"] = _runner is null ? programs.Length : 0,
            ["timed_out"] = outcomes.Values.Count(outcome => outcome.Outcome == "timed out"),
            ["skipped_records"] = _skipped,
        };
        ScoredSample[] scored =
        [
            .. programs.Select(each => new ScoredSample(
                each.Id,
                Ask(each.Problem),
                each.Problem.EntryPoint,
                [answers[each.Id].Text],
                [each.Completion],
                outcomes.TryGetValue(each.Id, out ProgramOutcome outcome)
                    ? new Dictionary<string, double> { ["passed"] = outcome.Passed ? 1 : 0 }
                    : new Dictionary<string, double>(),
                Extra: new JsonObject
                {
                    ["task_id"] = each.Problem.TaskId,
                    ["completion"] = each.Completion,
                    ["outcome"] = outcome.Outcome,
                }
            )),
        ];
        return new EvaluationScore(_runner is null ? [] : Metrics(outcomes), scored, counts);
    }

    // The estimate of pass@k needs all samples of a problem.
    private bool IsAnswered(HumanEvalProblem problem, IReadOnlyDictionary<string, Answer> answers) =>
        Enumerable.Range(1, _samples).All(number => answers.ContainsKey(SampleId(problem, number)));

    private static string SampleId(HumanEvalProblem problem, int number) => $"{problem.TaskId}#{number}";

    private string Ask(HumanEvalProblem problem) =>
        _form == CompletionForm.Continue
            ? problem.Prompt
            : "Complete the following Python function. Give the whole function, with its imports, in one Python "
                + $"code block.\n\n```python\n{problem.Prompt}```";

    private string Trim(string answer) =>
        _form == CompletionForm.Continue
            ? CompletionTrimming.AtStops(answer, CompletionTrimming.Stops)
            : CompletionTrimming.CodeBlock(answer);

    private Metric[] Metrics(ConcurrentDictionary<string, ProgramOutcome> outcomes)
    {
        int[] correct =
        [
            .. _problems
                .Where(problem => outcomes.ContainsKey(SampleId(problem, 1)))
                .Select(problem =>
                    Enumerable.Range(1, _samples).Count(number => outcomes[SampleId(problem, number)].Passed)
                ),
        ];
        return
        [
            .. new[] { 1, 10, 100 }
                .Where(k => k <= _samples)
                .Select(k => Metric.Mean(Name, $"pass@{k}", [.. correct.Select(c => PassAtK.Estimate(_samples, c, k))])),
        ];
    }
}
