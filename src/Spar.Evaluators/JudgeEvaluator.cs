using Microsoft.Extensions.AI;
using Microsoft.Extensions.AI.Evaluation;
using Spar.Calls;
using Spar.Ground;
using Spar.Judging;

namespace Spar.Evaluators;

/// <summary>
/// A model judges whether a response satisfies the user's last turn: by sampled votes, or by the probability of yes.
/// The reason is a critique that argues for the verdict. The judge is the chat client of the configuration.
/// </summary>
/// <param name="options">How it judges; null for five votes.</param>
/// <exception cref="SparException">The templates cannot be had.</exception>
public sealed class JudgeEvaluator(JudgeOptions? options = null) : IEvaluator
{
    /// <summary>Boolean: whether the value is above the gate.</summary>
    public const string SatisfiedMetric = "Instruction satisfied";

    /// <summary>Number from 0 to 1: share of yes among the votes that could be read, or probability of yes.</summary>
    public const string ValueMetric = "Judged value";

    private readonly JudgeCall _judge = new(options ?? new JudgeOptions());

    /// <inheritdoc/>
    public IReadOnlyCollection<string> EvaluationMetricNames { get; } = [SatisfiedMetric, ValueMetric];

    /// <summary>Has a response judged.</summary>
    /// <param name="messages">The conversation; its last user turn is the instruction.</param>
    /// <param name="modelResponse">The response.</param>
    /// <param name="chatConfiguration">The judge.</param>
    /// <param name="additionalContext">Not used.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>
    /// The metrics. They have no value but a diagnostic where there is no judge, no instruction or no whole response,
    /// where calls failed, no vote could be read, or votes were tied.
    /// </returns>
    public async ValueTask<EvaluationResult> EvaluateAsync(
        IEnumerable<ChatMessage> messages,
        ChatResponse modelResponse,
        ChatConfiguration? chatConfiguration = null,
        IEnumerable<EvaluationContext>? additionalContext = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(modelResponse);
        EvaluationMetric[] empty = [new BooleanMetric(SatisfiedMetric), new NumericMetric(ValueMetric)];
        string? instruction = Responses.Instruction(messages);
        string? fault = Responses.Fault(modelResponse)
            ?? (chatConfiguration is null ? JudgeCall.NoModel : null)
            ?? (instruction is null ? "The conversation has no turn of a user, so there is no instruction." : null);
        if (fault is not null)
        {
            return Metrics.Inconclusive(fault, empty);
        }

        try
        {
            (Valuation valuation, bool? passed) = await _judge
                .JudgeAsync(chatConfiguration!, instruction!, modelResponse.Text, cancellationToken)
                .ConfigureAwait(false);
            string reason = JudgeCall.Reason(valuation);
            return passed is bool verdict
                ? new EvaluationResult(
                    Metrics.Of(SatisfiedMetric, verdict, reason),
                    Metrics.Of(ValueMetric, valuation.Value!.Value, reason, !verdict))
                : Metrics.Inconclusive($"The judge came to no verdict: {reason}", empty);
        }
        catch (Exception failed) when (failed is CallFailedException or UserFaultException)
        {
            return Metrics.Inconclusive($"The judge could not be asked: {failed.Message}", empty);
        }
    }
}
