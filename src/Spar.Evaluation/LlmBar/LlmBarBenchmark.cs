using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;

namespace Spar.Evaluation.LlmBar;

/// <summary>
/// LLMBar: how well a model judges which of two outputs follows an instruction. Every instance is asked in both orders,
/// each with N votes.
/// </summary>
public sealed class LlmBarBenchmark : IBenchmark
{
    private const string Name = "llmbar";

    private static readonly (string Name, bool IsShare)[] s_names =
    [
        ("acc", true),
        ("f1", true),
        ("acc_original", true),
        ("acc_swapped", true),
        ("correct_both", true),
        ("positional_agreement", true),
        ("f1_original_pos1", true),
        ("f1_original_pos2", true),
        ("f1_swapped_pos1", true),
        ("f1_swapped_pos2", true),
    ];

    private readonly IReadOnlyList<LlmBarInstance> _instances;
    private readonly PairwiseTemplate _template;
    private readonly int _votes;
    private readonly int _skipped;

    /// <summary>Makes the benchmark from loaded data.</summary>
    /// <param name="instances">The instances.</param>
    /// <param name="template">How to ask and read; null for <see cref="PairwiseTemplate.Default"/>.</param>
    /// <param name="votes">
    /// Votes an order, at least 1. One vote is greedy; several are sampled at temperature 0.7.
    /// </param>
    /// <param name="limit">First instances of each subset to use; null for all.</param>
    /// <param name="skipped">Records that were skipped in loading.</param>
    public LlmBarBenchmark(
        IReadOnlyList<LlmBarInstance> instances,
        PairwiseTemplate? template = null,
        int votes = 1,
        int? limit = null,
        int skipped = 0
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(votes, 1);
        _instances =
        [
            .. instances.GroupBy(instance => instance.Subset).SelectMany(subset => subset.Take(limit ?? int.MaxValue)),
        ];
        _template = template ?? PairwiseTemplate.Default;
        _votes = votes;
        _skipped = skipped;
        var sampling = new Sampling(votes == 1 ? 0 : 0.7, 1, 2048);
        Requests =
        [
            .. from instance in _instances
            from swapped in new[] { false, true }
            from vote in Enumerable.Range(1, votes)
            select new EvaluationRequest(RequestId(instance, swapped, vote), Messages(instance, swapped), sampling),
        ];
        var config = new JsonObject
        {
            ["votes"] = votes,
            ["temperature"] = sampling.Temperature,
            ["max_tokens"] = sampling.MaxTokens,
        };
        Facts = new BenchmarkFacts(Name, 1, instances.Count, _instances.Count, 0, config);
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
        LlmBarInstance[] instances = [.. _instances.Where(instance => IsAnswered(instance, answers))];
        int?[][] original = [.. instances.Select(instance => Votes(instance, false, answers))];
        int?[][] swapped = [.. instances.Select(instance => Votes(instance, true, answers))];
        LlmBarVerdict[] Verdicts(int count) =>
            [
                .. instances.Select(
                    (instance, i) =>
                        new LlmBarVerdict(
                            Majority.Of(original[i].Take(count)),
                            Majority.Of(swapped[i].Take(count)),
                            instance.Label
                        )
                ),
            ];

        LlmBarVerdict[] final = Verdicts(_votes);
        List<Metric> metrics = Metrics(instances, final);
        for (int count = 1; _votes > 1 && count <= _votes; count++)
        {
            metrics.Add(Metric.Mean($"{Name}_votes", $"acc_votes_{count}", [.. Verdicts(count).Select(Correct)]));
        }

        int?[] all = [.. original.Concat(swapped).SelectMany(each => each)];
        var counts = new Dictionary<string, int>
        {
            ["votes"] = all.Length,
            ["unparseable_votes"] = all.Count(vote => vote is null),
            ["judgments_without_winner"] = final.Sum(verdict =>
                (verdict.Original is null ? 1 : 0) + (verdict.Swapped is null ? 1 : 0)
            ),
            ["skipped_records"] = _skipped,
        };
        ScoredSample[] samples =
        [
            .. instances.Select((instance, i) => Sample(instance, final[i], original[i], swapped[i], answers)),
        ];
        return ValueTask.FromResult(new EvaluationScore(metrics, samples, counts));
    }

    private bool IsAnswered(LlmBarInstance instance, IReadOnlyDictionary<string, Answer> answers) =>
        new[] { false, true }.All(swapped =>
            Enumerable.Range(1, _votes).All(vote => answers.ContainsKey(RequestId(instance, swapped, vote))));

    private static string RequestId(LlmBarInstance instance, bool swapped, int vote) =>
        $"{instance.Id}/{(swapped ? "swapped" : "original")}/{vote}";

    /// <summary>0, 0.5 or 1: right in no order, one, or both.</summary>
    private static double Correct(LlmBarVerdict verdict) =>
        ((verdict.Original == verdict.Label ? 1 : 0) + (verdict.Swapped == verdict.Label ? 1 : 0)) / 2.0;

    private IReadOnlyList<ChatMessage> Messages(LlmBarInstance instance, bool swapped) =>
        swapped
            ? _template.Messages(instance.Input, instance.Output2, instance.Output1)
            : _template.Messages(instance.Input, instance.Output1, instance.Output2);

    private int?[] Votes(LlmBarInstance instance, bool swapped, IReadOnlyDictionary<string, Answer> answers) =>
        [
            .. from vote in Enumerable.Range(1, _votes)
            let answer = answers[RequestId(instance, swapped, vote)]
            let shown = answer.Read().Complete ? _template.ShownWinner(answer.Text) : null
            select swapped ? 3 - shown : shown,
        ];

    private ScoredSample Sample(
        LlmBarInstance instance,
        LlmBarVerdict verdict,
        int?[] original,
        int?[] swapped,
        IReadOnlyDictionary<string, Answer> answers
    ) =>
        new(
            instance.Id,
            Messages(instance, swapped: false)[^1].Text,
            instance.Label.ToString(),
            [
                .. new[] { false, true }.SelectMany(order =>
                    Enumerable.Range(1, _votes).Select(vote => answers[RequestId(instance, order, vote)].Text)
                ),
            ],
            [.. original.Concat(swapped).Select(vote => vote?.ToString())],
            new Dictionary<string, double>
            {
                ["acc"] = Correct(verdict),
                ["correct_both"] = verdict.Original == verdict.Label && verdict.Swapped == verdict.Label ? 1 : 0,
                ["positional_agreement"] = verdict.Original == verdict.Swapped ? 1 : 0,
            },
            Extra: new JsonObject
            {
                ["subset"] = instance.Subset,
                ["original"] = verdict.Original,
                ["swapped"] = verdict.Swapped,
            }
        );

    /// <summary>
    /// Overall: means over the five subsets. Adversarial: means over the four, and the same with their instances
    /// pooled. Then each subset.
    /// </summary>
    private static List<Metric> Metrics(LlmBarInstance[] instances, LlmBarVerdict[] verdicts)
    {
        int[] subsetOf =
        [
            .. instances.Select(instance =>
                LlmBarData.Subsets.Index().First(pair => pair.Item == instance.Subset).Index
            ),
        ];
        int[] everything = [.. Enumerable.Range(0, verdicts.Length)];
        int[] adversarial = [.. everything.Where(i => subsetOf[i] != 0)];
        double[] Pooled(IEnumerable<int> picks) => Figures(new LlmBarFigures([.. picks.Select(i => verdicts[i])]));
        double[] OverSubsets(IEnumerable<int> picks)
        {
            double[][] bySubset = [.. picks.GroupBy(i => subsetOf[i]).Select(subset => Pooled(subset))];
            return [.. s_names.Select((_, at) => bySubset.Average(subset => subset[at]))];
        }

        var metrics = new List<Metric>();
        void Add(string task, int[] members, Func<IEnumerable<int>, double[]> combine) =>
            metrics.AddRange(
                Metric.Of(task, s_names, members.Length, picks => combine(picks.Select(pick => members[pick])))
            );

        Add(Name, everything, OverSubsets);
        if (adversarial.Length > 0)
        {
            Add($"{Name}_adversarial", adversarial, OverSubsets);
            Add($"{Name}_adversarial_pooled", adversarial, Pooled);
        }

        foreach (IGrouping<int, int> subset in everything.GroupBy(i => subsetOf[i]).OrderBy(subset => subset.Key))
        {
            Add($"{Name}_{LlmBarData.Subsets[subset.Key].ToLowerInvariant()}", [.. subset], Pooled);
        }

        return metrics;
    }

    /// <summary>The measures in the order of <see cref="s_names"/>.</summary>
    private static double[] Figures(LlmBarFigures figures) =>
        [
            figures.AccuracyAverage,
            figures.MacroF1Average,
            figures.AccuracyOriginal,
            figures.AccuracySwapped,
            (double)figures.CorrectBoth / figures.Count,
            figures.PositionalAgreement,
            figures.F1(1, swapped: false),
            figures.F1(2, swapped: false),
            figures.F1(1, swapped: true),
            figures.F1(2, swapped: true),
        ];
}
