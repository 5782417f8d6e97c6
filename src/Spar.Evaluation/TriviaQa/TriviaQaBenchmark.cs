using System.Text.Json.Nodes;
using Spar.Calls;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;

namespace Spar.Evaluation.TriviaQa;

/// <summary>
/// TriviaQA without context: a short answer, compared with the accepted ones in lm-eval's way and in the original
/// scorer's.
/// </summary>
public sealed class TriviaQaBenchmark : IBenchmark
{
    private const string Name = "triviaqa";
    private readonly IReadOnlyList<TriviaQaQuestion> _questions;
    private readonly int _skipped;

    /// <summary>Makes the benchmark from loaded data.</summary>
    /// <param name="questions">The questions.</param>
    /// <param name="pool">Further questions; the first ones are the worked examples.</param>
    /// <param name="shots">Worked examples; null for 5, or as many as the pool has.</param>
    /// <param name="limit">First questions to use; null for all.</param>
    /// <param name="skipped">Records that were skipped in loading.</param>
    /// <exception cref="EvaluationException">The pool has fewer questions than there are to be examples.</exception>
    public TriviaQaBenchmark(
        IReadOnlyList<TriviaQaQuestion> questions,
        IReadOnlyList<TriviaQaQuestion> pool,
        int? shots = null,
        int? limit = null,
        int skipped = 0
    )
    {
        _questions = [.. questions.Take(limit ?? int.MaxValue)];
        _skipped = skipped;
        int count = shots ?? Math.Min(5, pool.Count);
        if (pool.Count < count)
        {
            throw new EvaluationException(
                $"TriviaQA: {count} worked examples are wanted, but there are {pool.Count} training questions; "
                    + "give fewer --shots."
            );
        }

        string examples = string.Concat(pool.Take(count).Select(shot => $"{Ask(shot)} {shot.Aliases[0]}\n\n"));
        var sampling = Sampling.GreedyUpTo(32);
        Requests =
        [
            .. _questions.Select(question =>
                EvaluationRequest.User(question.Id, examples + Ask(question), sampling, stop: ["\n", ".", ","])
            ),
        ];
        var config = new JsonObject
        {
            ["max_tokens"] = sampling.MaxTokens,
            ["temperature"] = sampling.Temperature,
            ["stop"] = new JsonArray("\n", ".", ","),
        };
        Facts = new BenchmarkFacts(Name, 1, questions.Count, _questions.Count, count, config);
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
        ScoredSample[] samples =
        [
            .. _questions.Where(question => answers.ContainsKey(question.Id))
                .Select(question => Sample(question, answers[question.Id].Text)),
        ];
        Metric[] metrics =
        [
            .. new[] { "exact_match", "original_exact_match", "original_f1" }.Select(name =>
                Metric.Mean(Name, name, [.. samples.Select(sample => sample.Values[name])])
            ),
        ];
        var counts = new Dictionary<string, int> { ["skipped_records"] = _skipped };
        return ValueTask.FromResult(new EvaluationScore(metrics, samples, counts));
    }

    private static string Ask(TriviaQaQuestion question) =>
        $"Question: {question.Question.TrimEnd().TrimEnd('?')}?\nAnswer:";

    private static ScoredSample Sample(TriviaQaQuestion question, string response) =>
        new(
            question.Id,
            question.Question,
            string.Join(" | ", question.Aliases),
            [response],
            [response.Trim()],
            new Dictionary<string, double>
            {
                ["exact_match"] = AnswerMatching.HarnessMatch(response, question.Aliases) ? 1 : 0,
                ["original_exact_match"] = AnswerMatching.OriginalMatch(response, question.Aliases) ? 1 : 0,
                ["original_f1"] = AnswerMatching.F1(response, question.Aliases),
            }
        );
}
