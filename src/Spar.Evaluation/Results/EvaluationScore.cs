using System.Text.Json.Nodes;

namespace Spar.Evaluation.Results;

/// <summary>The score of a whole benchmark.</summary>
/// <param name="Metrics">Its figures; the first is the headline.</param>
/// <param name="Samples">Every sample, in the order of the data.</param>
/// <param name="Counts">What else was counted, by name: unparseable answers, ties, records skipped.</param>
public sealed record EvaluationScore(
    IReadOnlyList<Metric> Metrics, IReadOnlyList<ScoredSample> Samples, IReadOnlyDictionary<string, int> Counts);

/// <summary>One sample and how it was scored: a line of samples.jsonl.</summary>
/// <param name="Id">Unique in the data, the same in every run: results are compared by it.</param>
/// <param name="Prompt">What was asked.</param>
/// <param name="Target">What was expected, as text.</param>
/// <param name="Responses">The raw answers.</param>
/// <param name="Extracted">What was made of each answer before comparing; null where nothing could be.</param>
/// <param name="Values">The sample's value for each measure by name, such as "exact_match" -> 1.</param>
/// <param name="Filter">How answers were extracted; see <see cref="Metric.Filter"/>.</param>
/// <param name="Extra">Further fields of the line, such as a judge's raw answer; null for none.</param>
public sealed record ScoredSample(
    string Id,
    string Prompt,
    string Target,
    IReadOnlyList<string> Responses,
    IReadOnlyList<string?> Extracted,
    IReadOnlyDictionary<string, double> Values,
    string Filter = Metric.NoFilter,
    JsonObject? Extra = null);
