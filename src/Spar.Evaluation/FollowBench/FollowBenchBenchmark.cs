using System.Text.Json.Nodes;
using Spar.Calls;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;

namespace Spar.Evaluation.FollowBench;

/// <summary>
/// FollowBench (Jiang et al. 2024): instructions with one to five added constraints. The records that no rule can
/// decide go to a judge.
/// </summary>
public sealed class FollowBenchBenchmark : IBenchmark
{
    private const string Name = "followbench";
    private static readonly Sampling s_sampling = Sampling.GreedyUpTo(2048);

    private static readonly (string Name, bool IsShare)[] s_names =
    [
        ("ssr", true),
        ("hsr", true),
        ("csl", false),
        .. Enumerable.Range(1, FollowBenchData.Levels).Select(level => ($"ssr_l{level}", true)),
        .. Enumerable.Range(1, FollowBenchData.Levels).Select(level => ($"hsr_l{level}", true)),
    ];

    private readonly IReadOnlyList<FollowBenchGroup> _groups;
    private readonly int _skipped;

    /// <summary>Makes the benchmark from loaded data.</summary>
    /// <param name="groups">The groups.</param>
    /// <param name="limit">First groups of each type to use; null for all.</param>
    /// <param name="skipped">Records that were skipped in loading.</param>
    public FollowBenchBenchmark(IReadOnlyList<FollowBenchGroup> groups, int? limit = null, int skipped = 0)
    {
        _groups = [.. groups.GroupBy(group => group.Type).SelectMany(type => type.Take(limit ?? int.MaxValue))];
        _skipped = skipped;
        Requests = [.. Records.Select(record => EvaluationRequest.User(record.Id, record.Instruction, s_sampling))];
        var config = new JsonObject { ["max_tokens"] = s_sampling.MaxTokens, ["temperature"] = s_sampling.Temperature };
        Facts = new BenchmarkFacts(Name, 1, groups.Sum(group => group.Levels.Count), Requests.Count, 0, config);
    }

    /// <inheritdoc/>
    public BenchmarkFacts Facts { get; }

    /// <inheritdoc/>
    public bool NeedsJudge => Records.Any(record => record.ScoredBy == ScoredBy.Judge);

    /// <inheritdoc/>
    public IReadOnlyList<EvaluationRequest> Requests { get; }

    private IEnumerable<FollowBenchRecord> Records => _groups.SelectMany(group => group.Levels);

    /// <inheritdoc/>
    public IReadOnlyList<EvaluationRequest> JudgeRequests(IReadOnlyDictionary<string, Answer> answers) =>
        [
            .. from FollowBenchGroup eachGroup in _groups
            from FollowBenchRecord record in eachGroup.Levels
            where record.ScoredBy == ScoredBy.Judge && answers.ContainsKey(record.Id)
            select ConstraintJudge.Request(eachGroup, record, answers[record.Id].Text),
        ];

    /// <inheritdoc/>
    public ValueTask<EvaluationScore> ScoreAsync(
        IReadOnlyDictionary<string, Answer> answers,
        IReadOnlyDictionary<string, Answer> judgments,
        CancellationToken cancellationToken
    )
    {
        Dictionary<string, LevelScore?> scores = Records.ToDictionary(
            record => record.Id,
            record => ScoreOf(record, answers, judgments)
        );
        var samples = new List<ScoredSample>();
        foreach (FollowBenchRecord record in Records.Where(record => answers.ContainsKey(record.Id)))
        {
            Answer? judgment = judgments.GetValueOrDefault(record.Id);
            LevelScore? score = scores[record.Id];
            samples.Add(
                new ScoredSample(
                    record.Id,
                    record.Instruction,
                    record.Target,
                    [answers[record.Id].Text],
                    [answers[record.Id].Text],
                    score is { } known
                        ? new Dictionary<string, double> { ["hard"] = known.Hard, ["soft"] = known.Soft }
                        : new Dictionary<string, double>(),
                    Extra: new JsonObject
                    {
                        ["type"] = record.Type,
                        ["level"] = record.Level,
                        ["scored_by"] = record.ScoredBy == ScoredBy.Rule ? "rule" : "judge",
                        ["judgment"] = judgment?.Text,
                        ["judgment_valid"] = judgment is null ? null : score is not null,
                    }
                )
            );
        }

        var counts = new Dictionary<string, int>
        {
            ["judged"] = judgments.Count,
            ["unparseable_judgments"] = scores.Count(score => score.Value is null && judgments.ContainsKey(score.Key)),
            ["skipped_records"] = _skipped,
        };
        return ValueTask.FromResult(new EvaluationScore(Metrics(scores), samples, counts));
    }

    private static LevelScore? ScoreOf(
        FollowBenchRecord record,
        IReadOnlyDictionary<string, Answer> answers,
        IReadOnlyDictionary<string, Answer> judgments
    )
    {
        if (!answers.ContainsKey(record.Id))
        {
            return null;
        }

        if (record.ScoredBy == ScoredBy.Rule)
        {
            int satisfied = RuleChecks.IsSatisfied(record, answers[record.Id].Text) ? 1 : 0;
            return new LevelScore(satisfied, satisfied);
        }

        return judgments.GetValueOrDefault(record.Id) is { } judgment
            && ConstraintJudge.Parse(judgment.Text, record.Level) is { } verdict
            ? new LevelScore(verdict.Hard, verdict.Soft)
            : null;
    }

    /// <summary>
    /// Overall figures (means over the types) first, then each type's. Intervals resample groups within their type.
    /// </summary>
    private List<Metric> Metrics(Dictionary<string, LevelScore?> scores)
    {
        (string Type, LevelScore?[][] Groups)[] types =
        [
            .. _groups
                .GroupBy(group => group.Type)
                .Select(type =>
                    (
                        type.Key,
                        type.Select(group => group.Levels.Select(record => scores[record.Id]).ToArray()).ToArray()
                    )
                ),
        ];
        LevelScore?[][] all = [.. types.SelectMany(type => type.Groups)];
        int[] typeOf = [.. types.SelectMany((type, index) => Enumerable.Repeat(index, type.Groups.Length))];
        var metrics = new List<Metric>();
        metrics.AddRange(
            Metric.Of(
                Name,
                s_names,
                all.Length,
                picks =>
                {
                    double[][] byType =
                    [
                        .. picks
                            .GroupBy(pick => typeOf[pick])
                            .Select(type => Figures([.. type.Select(pick => all[pick])])),
                    ];
                    return
                    [
                        .. s_names.Select(
                            (_, at) =>
                                byType
                                    .Select(type => type[at])
                                    .Where(double.IsFinite)
                                    .DefaultIfEmpty(double.NaN)
                                    .Average()
                        ),
                    ];
                }
            )
        );
        foreach ((string type, LevelScore?[][] members) in types)
        {
            metrics.AddRange(
                Metric.Of(
                    $"{Name}_{type}",
                    s_names,
                    members.Length,
                    picks => Figures([.. picks.Select(pick => members[pick])])
                )
            );
        }

        return [.. metrics.Where(metric => double.IsFinite(metric.Value))];
    }

    /// <summary>The figures of a set of groups in the order of <see cref="s_names"/>; rates as shares.</summary>
    private static double[] Figures(LevelScore?[][] members)
    {
        var figures = FollowBenchFigures.Of(members);
        return
        [
            figures.SoftAverage / 100,
            figures.HardAverage / 100,
            figures.Consistency,
            .. figures.SoftRates.Select(rate => rate / 100),
            .. figures.HardRates.Select(rate => rate / 100),
        ];
    }
}
