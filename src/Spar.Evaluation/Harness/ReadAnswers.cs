using System.Text.Json.Nodes;
using Spar.Calls;
using Spar.Evaluation.Results;

namespace Spar.Evaluation.Harness;

/// <summary>
/// The answers that are scored, read once for all benchmarks. An answer is scored for what it says, thoughts apart, as
/// lm-eval does: also one that was cut off, is empty or was refused; but such answers are counted and marked. A
/// judge's word counts only where its answer is complete.
/// </summary>
internal sealed class ReadAnswers
{
    private readonly IReadOnlyDictionary<string, Answer> _raw;
    private readonly Dictionary<string, AnswerReading> _readings;
    private readonly int _requests;

    /// <summary>Reads answers.</summary>
    /// <param name="raw">Raw answers by request id.</param>
    /// <param name="requests">How many were asked for.</param>
    public ReadAnswers(IReadOnlyDictionary<string, Answer> raw, int requests)
    {
        _raw = raw;
        _requests = requests;
        _readings = raw.ToDictionary(pair => pair.Key, pair => pair.Value.Read());
    }

    /// <summary>What a benchmark scores, by request id.</summary>
    public IReadOnlyDictionary<string, Answer> ToScore =>
        _raw.ToDictionary(pair => pair.Key, pair => pair.Value with { Text = _readings[pair.Key].Text });

    /// <summary>What a benchmark reads a judge's verdicts from: an answer that is not complete has no words.</summary>
    public IReadOnlyDictionary<string, Answer> ToBelieve =>
        _raw.ToDictionary(
            pair => pair.Key,
            pair => pair.Value with { Text = _readings[pair.Key] is { Complete: true, Text: { } text } ? text : "" });

    /// <summary>
    /// What is not as it should be, by name: of answers that are cut off, have no text, were refused, and of those that
    /// are missing; an answer may be both cut off and without text.
    /// </summary>
    /// <param name="what">"answers" or "judgments".</param>
    public IEnumerable<KeyValuePair<string, int>> Counts(string what) =>
        new Dictionary<string, int>
        {
            [$"{what}_missing"] = _requests - _raw.Count,
            [$"{what}_cut_off"] = _readings.Values.Count(reading => reading.Status == AnswerStatus.CutOff),
            [$"{what}_empty"] = _readings.Where(pair => _raw[pair.Key].LogLikelihoods is null)
                .Count(pair => pair.Value.Blank && pair.Value.Status != AnswerStatus.Refused),
            [$"{what}_refused"] = _readings.Values.Count(reading => reading.Status == AnswerStatus.Refused),
        }.Where(count => count.Value > 0);

    /// <summary>
    /// The samples with the raw answers, and with <c>answer_status</c> where the answer is not complete.
    /// </summary>
    /// <param name="samples">Samples; those named like a request have one answer.</param>
    public IReadOnlyList<ScoredSample> Mark(IReadOnlyList<ScoredSample> samples) => [.. samples.Select(Mark)];

    private ScoredSample Mark(ScoredSample sample)
    {
        if (!_readings.TryGetValue(sample.Id, out AnswerReading? reading) || sample.Responses.Count != 1
            || _raw[sample.Id].LogLikelihoods is not null)
        {
            return sample;
        }

        JsonObject? extra = sample.Extra;
        if (reading.Incomplete is { } why)
        {
            extra = extra?.DeepClone().AsObject() ?? [];
            extra["answer_status"] = why;
        }

        return sample with { Responses = [_raw[sample.Id].Text], Extra = extra };
    }
}
