using System.Text;
using System.Text.Json.Nodes;
using Spar.Calls;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;

namespace Spar.Evaluation.Gsm8k;

/// <summary>The two common ways of asking GSM8K.</summary>
public enum Gsm8kForm
{
    /// <summary>"Q: ... A: rationale. The answer is N.", usually with 8 worked examples.</summary>
    ChainOfThought,

    /// <summary>
    /// "Question: ... Answer: ..." with the published answers, which end in "#### N", usually with 5.
    /// </summary>
    Hash,
}

/// <summary>
/// GSM8K: grade-school problems, scored on the final number, extracted strictly (in the examples' form) and flexibly.
/// </summary>
public sealed class Gsm8kBenchmark : IBenchmark
{
    private const string Name = "gsm8k";
    private readonly IReadOnlyList<Gsm8kProblem> _problems;
    private readonly Gsm8kForm _form;
    private readonly int _skipped;

    /// <summary>Makes the benchmark from loaded data.</summary>
    /// <param name="problems">The test problems.</param>
    /// <param name="pool">Training problems; the first ones are the worked examples.</param>
    /// <param name="form">The way of asking.</param>
    /// <param name="shots">Worked examples; null for the form's usual number.</param>
    /// <param name="limit">First problems to use; null for all.</param>
    /// <param name="skipped">Records that were skipped in loading.</param>
    /// <exception cref="EvaluationException">The pool has fewer problems than there are to be examples.</exception>
    public Gsm8kBenchmark(
        IReadOnlyList<Gsm8kProblem> problems,
        IReadOnlyList<Gsm8kProblem> pool,
        Gsm8kForm form = Gsm8kForm.ChainOfThought,
        int? shots = null,
        int? limit = null,
        int skipped = 0
    )
    {
        _problems = [.. problems.Take(limit ?? int.MaxValue)];
        _form = form;
        _skipped = skipped;
        int count = shots ?? (form == Gsm8kForm.ChainOfThought ? 8 : 5);
        if (pool.Count < count)
        {
            throw new EvaluationException(
                $"GSM8K: {count} worked examples are wanted, but the pool has {pool.Count}; give fewer --shots."
            );
        }

        var examples = new StringBuilder();
        foreach (Gsm8kProblem shot in pool.Take(count))
        {
            examples.Append(
                form == Gsm8kForm.ChainOfThought
                    ? $"Q: {shot.Question}\nA: {shot.Rationale} The answer is {shot.Final}.\n\n"
                    : $"Question: {shot.Question}\nAnswer: {shot.Answer}\n\n"
            );
        }

        string stop = form == Gsm8kForm.ChainOfThought ? "Q:" : "Question:";
        var sampling = Sampling.GreedyUpTo(1024);
        Requests =
        [
            .. _problems.Select(problem =>
                EvaluationRequest.User(
                    problem.Id,
                    examples
                        + (
                            form == Gsm8kForm.ChainOfThought
                                ? $"Q: {problem.Question}\nA:"
                                : $"Question: {problem.Question}\nAnswer:"
                        ),
                    sampling,
                    stop: [stop]
                )
            ),
        ];
        var config = new JsonObject
        {
            ["form"] = form == Gsm8kForm.ChainOfThought ? "chain-of-thought" : "hash",
            ["max_tokens"] = sampling.MaxTokens,
            ["temperature"] = sampling.Temperature,
            ["stop"] = new JsonArray(stop),
        };
        Facts = new BenchmarkFacts(Name, 1, problems.Count, _problems.Count, count, config);
    }

    /// <inheritdoc/>
    public BenchmarkFacts Facts { get; }

    /// <inheritdoc/>
    public IReadOnlyList<EvaluationRequest> Requests { get; }

    /// <inheritdoc/>
    public ValueTask<EvaluationScore> ScoreAsync(
        IReadOnlyDictionary<string, Answer> answers,
        IReadOnlyDictionary<string, Answer> judgments,
        CancellationToken cancellationToken
    )
    {
        Func<string, string> strict =
            _form == Gsm8kForm.ChainOfThought ? NumberExtraction.StrictChainOfThought : NumberExtraction.StrictHash;
        (string Filter, Func<string, string> Extract)[] filters =
        [
            ("flexible-extract", NumberExtraction.Flexible),
            ("strict-match", strict),
        ];
        var metrics = new List<Metric>();
        var samples = new List<ScoredSample>();
        var counts = new Dictionary<string, int> { ["skipped_records"] = _skipped };
        foreach ((string filter, Func<string, string> extract) in filters)
        {
            ScoredSample[] scored =
            [
                .. _problems.Where(problem => answers.ContainsKey(problem.Id))
                    .Select(problem => Sample(problem, answers[problem.Id].Text, filter, extract)),
            ];
            metrics.Add(
                Metric.Mean(Name, "exact_match", [.. scored.Select(sample => sample.Values["exact_match"])], filter)
            );
            counts[$"no_number_{filter}"] = scored.Count(sample => sample.Extracted[0] == NumberExtraction.Invalid);
            samples.AddRange(scored);
        }

        return ValueTask.FromResult(new EvaluationScore(metrics, samples, counts));
    }

    private static ScoredSample Sample(
        Gsm8kProblem problem,
        string response,
        string filter,
        Func<string, string> extract
    )
    {
        string number = extract(response);
        double match = NumberExtraction.Same(number, problem.Final) ? 1 : 0;
        return new ScoredSample(
            problem.Id,
            problem.Question,
            problem.Final,
            [response],
            [number],
            new Dictionary<string, double> { ["exact_match"] = match },
            filter
        );
    }
}
