using System.Text.Json.Nodes;
using Spar.Calls;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.Mmlu;

/// <summary>
/// MMLU: multiple choice in 57 subjects. The answer is the letter of highest log-likelihood where the backend gives
/// log-likelihoods, else the first letter A to D that stands alone in a generated answer.
/// </summary>
public sealed class MmluBenchmark : IBenchmark
{
    private const string Name = "mmlu";
    private static readonly string[] s_continuations = [" A", " B", " C", " D"];
    private readonly IReadOnlyList<MmluItem> _items;
    private readonly int _skipped;

    /// <summary>Makes the benchmark from loaded data.</summary>
    /// <param name="items">The questions.</param>
    /// <param name="pool">Worked examples: for each subject its first ones are used.</param>
    /// <param name="shots">Worked examples.</param>
    /// <param name="limit">First questions of each subject to use; null for all.</param>
    /// <param name="skipped">Records that were skipped in loading.</param>
    /// <exception cref="EvaluationException">A subject has fewer examples than are wanted.</exception>
    public MmluBenchmark(
        IReadOnlyList<MmluItem> items,
        IReadOnlyList<MmluItem> pool,
        int shots = 5,
        int? limit = null,
        int skipped = 0
    )
    {
        _items =
        [
            .. items.GroupBy(item => item.Subject).SelectMany(subject => subject.Take(limit ?? int.MaxValue)),
        ];
        _skipped = skipped;
        ILookup<string, MmluItem> bySubject = pool.ToLookup(item => item.Subject);
        Dictionary<string, string> openings = this
            ._items.Select(item => item.Subject)
            .Distinct()
            .ToDictionary(
                subject => subject,
                subject =>
                    bySubject[subject].Count() >= shots
                        ? Opening(subject, bySubject[subject].Take(shots))
                        : throw new EvaluationException(
                            $"MMLU: {shots} worked examples are wanted, but {subject} has "
                                + $"{bySubject[subject].Count()}; give fewer --shots."
                        )
            );
        var sampling = Sampling.GreedyUpTo(32);
        Requests =
        [
            .. _items.Select(item =>
                EvaluationRequest.User(item.Id, openings[item.Subject] + Ask(item), sampling, s_continuations, ["\n"])
            ),
        ];
        var config = new JsonObject
        {
            ["max_tokens"] = sampling.MaxTokens,
            ["temperature"] = sampling.Temperature,
            ["choices"] = "log-likelihood where the backend gives it",
        };
        Facts = new BenchmarkFacts(Name, 1, items.Count, _items.Count, shots, config);
    }

    /// <inheritdoc/>
    public BenchmarkFacts Facts { get; }

    /// <inheritdoc/>
    public IReadOnlyList<EvaluationRequest> Requests { get; }

    /// <summary>The first of the letters A to D that stands alone, that is, between word boundaries.</summary>
    /// <param name="text">A generated answer.</param>
    /// <returns>Its index, 0..3; null where there is none.</returns>
    public static int? FirstLetter(string text)
    {
        int[] points = PythonText.CodePoints(text);
        for (int i = 0; i < points.Length; i++)
        {
            bool alone =
                (i == 0 || !PythonText.IsWord(points[i - 1]))
                && (i + 1 == points.Length || !PythonText.IsWord(points[i + 1]));
            if (alone && points[i] is >= 'A' and <= 'D')
            {
                return points[i] - 'A';
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public ValueTask<EvaluationScore> ScoreAsync(
        IReadOnlyDictionary<string, Answer> answers,
        IReadOnlyDictionary<string, Answer> judgments,
        CancellationToken cancellationToken
    )
    {
        MmluItem[] answered = [.. _items.Where(item => answers.ContainsKey(item.Id))];
        ScoredSample[] samples = [.. answered.Select(item => Sample(item, answers[item.Id]))];
        double[] correct = [.. samples.Select(sample => sample.Values["acc"])];
        string[] subjectOf = [.. answered.Select(item => item.Subject)];
        var metrics = new List<Metric> { Metric.Mean(Name, "acc", correct) };
        metrics.AddRange(
            Metric.Of(
                Name,
                [("acc_macro", true)],
                correct.Length,
                picks =>
                    [picks.GroupBy(pick => subjectOf[pick]).Average(subject => subject.Average(pick => correct[pick]))]
            )
        );
        foreach (string task in new[] { "stem", "humanities", "social_sciences", "other" })
        {
            AddMean(metrics, $"{Name}_{task}", correct.Where((_, i) => MmluData.GroupOf(subjectOf[i]) == task));
        }

        foreach (string subject in subjectOf.Distinct().Order(StringComparer.Ordinal))
        {
            AddMean(metrics, $"{Name}_{subject}", correct.Where((_, i) => subjectOf[i] == subject));
        }

        var counts = new Dictionary<string, int>
        {
            ["scored_by_log_likelihood"] = answered.Count(item => answers[item.Id].LogLikelihoods is not null),
            ["unparseable"] = samples.Count(sample => sample.Extracted[0] is null),
            ["skipped_records"] = _skipped,
        };
        return ValueTask.FromResult(new EvaluationScore(metrics, samples, counts));
    }

    private static void AddMean(List<Metric> metrics, string task, IEnumerable<double> values)
    {
        double[] known = [.. values];
        if (known.Length > 0)
        {
            metrics.Add(Metric.Mean(task, "acc", known));
        }
    }

    private static string Opening(string subject, IEnumerable<MmluItem> shots) =>
        $"The following are multiple choice questions (with answers) about {subject.Replace('_', ' ')}.\n\n"
        + string.Concat(shots.Select(shot => $"{Ask(shot)} {MmluData.Letters[shot.Answer]}\n\n"));

    private static string Ask(MmluItem item) =>
        PythonText.Strip(item.Question)
        + "\n"
        + string.Concat(item.Choices.Select((choice, i) => $"{MmluData.Letters[i]}. {choice}\n"))
        + "Answer:";

    private static ScoredSample Sample(MmluItem item, Answer answer)
    {
        int? choice = answer.LogLikelihoods is { } scores
            ? scores.Index().MaxBy(pair => pair.Item).Index
            : FirstLetter(answer.Text);
        return new ScoredSample(
            item.Id,
            item.Question,
            MmluData.Letters[item.Answer].ToString(),
            [
                answer.LogLikelihoods is { } values
                    ? string.Join(' ', values.Select(value => value.ToString("R")))
                    : answer.Text,
            ],
            [choice is { } index ? MmluData.Letters[index].ToString() : null],
            new Dictionary<string, double> { ["acc"] = choice == item.Answer ? 1 : 0 },
            Extra: new JsonObject { ["subject"] = item.Subject }
        );
    }
}
