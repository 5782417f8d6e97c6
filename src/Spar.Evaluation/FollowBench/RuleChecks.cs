using Spar.Evaluation.Text;

namespace Spar.Evaluation.FollowBench;

/// <summary>
/// The deterministic checks of FollowBench, chosen by a record's source (or type and example). They look at the whole
/// response, untrimmed, and follow the reference scorer's meaning, its oddities included.
/// </summary>
public static class RuleChecks
{
    private static readonly PythonRegex s_option = new(@"\([A-Z]\)");
    private static readonly PythonRegex s_date = new(@"\d{2}/\d{2}/\d{4}");
    private static readonly PythonRegex s_dollars = new(@"\$\d+");

    private static readonly Dictionary<string, Func<string, string, int, bool>> s_bySource = new()
    {
        ["E2E"] = (response, target, _) => response == target,
        ["text_editing"] = (response, target, _) => response == target,
        ["WIKIEVENTS"] = (response, target, _) => response.Split('\n').All(target.Split('\n').Contains),
        ["CONLL2003"] = (response, target, _) =>
            PythonList.Parse(target)?.Contains(response)
            ?? throw new EvaluationException($"FollowBench: the target {target} is no list of texts"),
        ["BBH_logical"] = (response, target, _) => Last(s_option, response) == target,
        ["BBH_time"] = (response, target, _) => Last(s_date, response) == target,
        ["gsm_8k"] = (response, target, _) => Last(s_dollars, response) == target,
        ["self_made_space"] = (response, target, _) => response.Contains(target, StringComparison.Ordinal),
        ["cnn_dailymail"] = (response, _, level) => SummaryChecks.CnnDailyMail(response, level),
        ["xsum"] = (response, _, level) => SummaryChecks.Xsum(response, level),
        ["samsum"] = (response, _, level) => SummaryChecks.Samsum(response, level),
        ["gigaword"] = (response, _, level) => SummaryChecks.Gigaword(response, level),
        ["arxiv"] = (response, _, level) => SummaryChecks.Arxiv(response, level),
    };

    /// <summary>Whether there is a check for a record.</summary>
    /// <param name="record">The record.</param>
    public static bool Has(FollowBenchRecord record) => Find(record) is not null;

    /// <summary>Checks a response.</summary>
    /// <param name="record">A record that is scored by rule.</param>
    /// <param name="response">The raw response.</param>
    /// <returns>Whether the response satisfies all constraints up to the record's level.</returns>
    /// <exception cref="ArgumentException">There is no check for the record.</exception>
    public static bool IsSatisfied(FollowBenchRecord record, string response) =>
        (Find(record) ?? throw new ArgumentException($"{record.Id} is not scored by rule"))(
            response,
            record.Target,
            record.Level
        );

    private static Func<string, string, int, bool>? Find(FollowBenchRecord record) =>
        (record.Type, record.ExampleId) switch
        {
            ("example", _) => (response, target, _) => ExampleTemplate.Matches(target, response),
            ("format", 22) => (response, _, level) => FormatChecks.ThreeSuggestions(response, level),
            ("format", 30) => (response, _, level) => FormatChecks.BoldPoints(response, level),
            _ => s_bySource.GetValueOrDefault(record.Source),
        };

    private static string? Last(PythonRegex pattern, string response)
    {
        List<(int Start, int End)> found = pattern.FindIn(response);
        return found.Count == 0
            ? null
            : PythonText.FromCodePoints(PythonText.CodePoints(response).AsSpan()[found[^1].Start..found[^1].End]);
    }
}
