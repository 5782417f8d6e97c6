using Microsoft.Extensions.AI;
using Microsoft.Extensions.AI.Evaluation;
using Spar.Calls;
using Spar.Ground;
using Spar.Judging;

namespace Spar.Evaluators;

/// <summary>
/// A model judges a response point by point: each point of a checklist is a question of its own, so that the verdict
/// says what is missing. One metric a point; two sum up.
/// </summary>
/// <param name="points">
/// What the response has to meet, one statement each ("names a price", "is addressed to a child"); at least one, all
/// different.
/// </param>
/// <param name="options">How each point is judged; null for five votes.</param>
/// <exception cref="SparException">The templates cannot be had.</exception>
public sealed class ChecklistEvaluator(IReadOnlyList<string> points, JudgeOptions? options = null) : IEvaluator
{
    /// <summary>Boolean: whether every point is met.</summary>
    public const string AllMetMetric = "Checklist met";

    /// <summary>Number from 0 to 1: the share of the points that are met.</summary>
    public const string ShareMetric = "Share of checklist met";

    private readonly JudgeCall _judge = new(options ?? new JudgeOptions());

    private readonly IReadOnlyList<string> _points =
        points.Count > 0 && points.Distinct(StringComparer.Ordinal).Count() == points.Count
            ? points
            : throw new ArgumentException("A checklist has at least one point, and all differ.", nameof(points));

    /// <summary>The metrics that sum up, and one a point, named by its text.</summary>
    public IReadOnlyCollection<string> EvaluationMetricNames => [AllMetMetric, ShareMetric, .. _points];

    /// <summary>Has a response judged.</summary>
    /// <param name="messages">The conversation; its last user turn is the instruction.</param>
    /// <param name="modelResponse">The response.</param>
    /// <param name="chatConfiguration">The judge.</param>
    /// <param name="additionalContext">Not used.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>
    /// The metrics. A point on which there is no verdict has no value but a diagnostic; then those that sum up have
    /// none either.
    /// </returns>
    public async ValueTask<EvaluationResult> EvaluateAsync(
        IEnumerable<ChatMessage> messages,
        ChatResponse modelResponse,
        ChatConfiguration? chatConfiguration = null,
        IEnumerable<EvaluationContext>? additionalContext = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(modelResponse);
        EvaluationMetric[] summary = [new BooleanMetric(AllMetMetric), new NumericMetric(ShareMetric)];
        string? fault = Responses.Fault(modelResponse) ?? (chatConfiguration is null ? JudgeCall.NoModel : null);
        if (fault is not null)
        {
            return Metrics.Inconclusive(fault, [.. summary, .. _points.Select(point => new BooleanMetric(point))]);
        }

        string? instruction = Responses.Instruction(messages);
        List<BooleanMetric> each = [];
        foreach (string point in _points)
        {
            each.Add(await JudgeAsync(point, instruction, modelResponse.Text, chatConfiguration!, cancellationToken)
                .ConfigureAwait(false));
        }

        int unknown = each.Count(metric => metric.Value is null);
        int met = each.Count(metric => metric.Value == true);
        string count = $"{met} of {each.Count} points are met.";
        EvaluationResult summed = unknown > 0
            ? Metrics.Inconclusive($"There is no verdict on {unknown} of {each.Count} points.", summary)
            : new EvaluationResult(
                Metrics.Of(AllMetMetric, met == each.Count, count),
                Metrics.Of(ShareMetric, (double)met / each.Count, count, met < each.Count));
        return new EvaluationResult([.. summed.Metrics.Values, .. each]);
    }

    private async Task<BooleanMetric> JudgeAsync(
        string point, string? instruction, string response, ChatConfiguration chat,
        CancellationToken cancellationToken)
    {
        BooleanMetric empty = new(point);
        string asked = (instruction is null ? "" : $"{instruction}\n\n")
            + $"Of all that is asked, only one requirement is to be judged here: {point}";
        try
        {
            (Valuation valuation, bool? passed) = await _judge
                .JudgeAsync(chat, asked, response, cancellationToken).ConfigureAwait(false);
            string reason = JudgeCall.Reason(valuation);
            return passed is bool verdict
                ? Metrics.Of(point, verdict, reason)
                : (BooleanMetric)Metrics.Inconclusive($"The judge came to no verdict: {reason}", empty)
                    .Metrics[point];
        }
        catch (Exception failed) when (failed is CallFailedException or UserFaultException)
        {
            Metrics.Inconclusive($"The judge could not be asked: {failed.Message}", empty);
            return empty;
        }
    }
}
