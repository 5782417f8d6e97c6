using Microsoft.Extensions.AI;
using Microsoft.Extensions.AI.Evaluation;

namespace Spar.Evaluators;

/// <summary>The failed response that the one to be evaluated is to repair.</summary>
/// <param name="failed">Its text.</param>
public sealed class FailedResponseContext(string failed) : EvaluationContext(ContextName, failed)
{
    /// <summary>The context's name in reports.</summary>
    public const string ContextName = "Failed response";

    /// <summary>The failed response.</summary>
    public string Failed { get; } = failed;
}

/// <summary>
/// Whether a response repairs an earlier one that failed: it must pass where the earlier one did not. Who decides is
/// another evaluator with a yes or no, such as <see cref="ConstraintEvaluator"/> or <see cref="JudgeEvaluator"/>.
/// </summary>
/// <param name="decider">Decides on both responses.</param>
/// <param name="metric">The name of its Boolean metric that decides.</param>
public sealed class RepairEvaluator(IEvaluator decider, string metric) : IEvaluator
{
    /// <summary>Boolean: whether the response passes and the failed one does not.</summary>
    public const string RepairedMetric = "Repaired";

    /// <inheritdoc/>
    public IReadOnlyCollection<string> EvaluationMetricNames { get; } = [RepairedMetric];

    /// <summary>Evaluates a repair.</summary>
    /// <param name="messages">The conversation that both responses answer.</param>
    /// <param name="modelResponse">The repaired response.</param>
    /// <param name="chatConfiguration">What the decider needs.</param>
    /// <param name="additionalContext">
    /// Holds a <see cref="FailedResponseContext"/>; the rest goes to the decider.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>
    /// The metric. It has no value but a diagnostic where there is no failed response, where that one passes, so that
    /// there is nothing to repair, or where the decider gives no verdict.
    /// </returns>
    public async ValueTask<EvaluationResult> EvaluateAsync(
        IEnumerable<ChatMessage> messages,
        ChatResponse modelResponse,
        ChatConfiguration? chatConfiguration = null,
        IEnumerable<EvaluationContext>? additionalContext = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(modelResponse);
        EvaluationContext[] contexts = [.. additionalContext ?? []];
        if (contexts.OfType<FailedResponseContext>().FirstOrDefault() is not { } failed)
        {
            return Nothing("There is no failed response: give a FailedResponseContext.");
        }

        ChatMessage[] turns = [.. messages];
        EvaluationContext[] others = [.. contexts.Where(context => context is not FailedResponseContext)];
        BooleanMetric? before = await DecideAsync(new ChatResponse(new ChatMessage(ChatRole.Assistant, failed.Failed)))
            .ConfigureAwait(false);
        if (before?.Value != false)
        {
            return Nothing(before?.Value == true
                ? $"There is nothing to repair: the earlier response passes. {before.Reason}"
                : $"There is no verdict on the failed response. {before?.Reason}");
        }

        BooleanMetric? after = await DecideAsync(modelResponse).ConfigureAwait(false);
        if (after?.Value is not bool repaired)
        {
            return Nothing($"There is no verdict on the repaired response. {after?.Reason}");
        }

        EvaluationResult result = new(Metrics.Of(
            RepairedMetric, repaired, repaired ? $"Before: {before.Reason} Now: {after.Reason}" : after.Reason ?? ""));
        result.AddOrUpdateContextInAllMetrics(failed);
        return result;

        async Task<BooleanMetric?> DecideAsync(ChatResponse response) =>
            (await decider.EvaluateAsync(turns, response, chatConfiguration, others, cancellationToken)
                .ConfigureAwait(false)).TryGet(metric, out BooleanMetric? found) ? found : null;
    }

    private static EvaluationResult Nothing(string reason) =>
        Metrics.Inconclusive(reason, new BooleanMetric(RepairedMetric));
}
