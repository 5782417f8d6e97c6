using Microsoft.Extensions.AI;
using Microsoft.Extensions.AI.Evaluation;
using Spar.Evaluation.InstructionFollowing;

namespace Spar.Evaluators;

/// <summary>
/// Checks by rule, without any model, whether a response follows its constraints: any of the 112 of IFEval, IFBench and
/// IFTrain, with the verdicts of their references. One metric a constraint says what was found; the others sum up.
/// </summary>
/// <param name="constraints">
/// Constraints of every response; those of a single response come as <see cref="ConstraintsContext"/> beside them.
/// </param>
public sealed class ConstraintEvaluator(params Instruction[] constraints) : IEvaluator
{
    /// <summary>Boolean: whether all constraints are followed, the response taken as it is (strict).</summary>
    public const string AllFollowedMetric = "Constraints followed";

    /// <summary>
    /// Boolean: the same, where leaving out the first line, the last line or asterisks may help (loose).
    /// </summary>
    public const string LooselyFollowedMetric = "Constraints followed, loosely";

    /// <summary>Number from 0 to 1: the share of the constraints that are followed (strict).</summary>
    public const string ShareMetric = "Share of constraints followed";

    /// <summary>
    /// The metrics that sum up; one more a constraint is named by its id, and by its number if ids repeat.
    /// </summary>
    public IReadOnlyCollection<string> EvaluationMetricNames { get; } =
        [AllFollowedMetric, LooselyFollowedMetric, ShareMetric];

    /// <summary>Checks a response.</summary>
    /// <param name="messages">The conversation; not looked at.</param>
    /// <param name="modelResponse">The response.</param>
    /// <param name="chatConfiguration">Not used; may be null.</param>
    /// <param name="additionalContext">May hold a <see cref="ConstraintsContext"/>.</param>
    /// <param name="cancellationToken">Not used: the checks take milliseconds.</param>
    /// <returns>
    /// The metrics. Without constraints, and for a response that was cut off at its limit of tokens, they have no value
    /// but a diagnostic that says so.
    /// </returns>
    public ValueTask<EvaluationResult> EvaluateAsync(
        IEnumerable<ChatMessage> messages,
        ChatResponse modelResponse,
        ChatConfiguration? chatConfiguration = null,
        IEnumerable<EvaluationContext>? additionalContext = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(modelResponse);
        ConstraintsContext[] contexts = [.. (additionalContext ?? []).OfType<ConstraintsContext>()];
        Instruction[] all = [.. constraints, .. contexts.SelectMany(context => context.Constraints)];
        if (Responses.Fault(modelResponse) is string fault)
        {
            return ValueTask.FromResult(Metrics.Inconclusive(fault, Empty()));
        }

        if (all.Length == 0)
        {
            return ValueTask.FromResult(Metrics.Inconclusive(
                "There are no constraints to check: give them to the evaluator, or a ConstraintsContext with the "
                + "response.", Empty()));
        }

        InstructionSample sample = InstructionScorer.Score(new InstructionPrompt("", "", all), modelResponse.Text);
        EvaluationResult result = new([.. Summary(all, sample), .. all.Select((one, i) => Metrics.Of(
            Name(all, i), sample.Strict[i], $"The response {sample.Explanations[i]}."))]);
        result.AddOrUpdateContextInAllMetrics(contexts);
        return ValueTask.FromResult(result);
    }

    private static EvaluationMetric[] Empty() =>
    [
        new BooleanMetric(AllFollowedMetric), new BooleanMetric(LooselyFollowedMetric), new NumericMetric(ShareMetric),
    ];

    private static string Name(Instruction[] all, int index)
    {
        string id = all[index].Id;
        int earlier = all.Take(index).Count(one => one.Id == id);
        return earlier == 0 ? id : $"{id} ({earlier + 1})";
    }

    private static IEnumerable<EvaluationMetric> Summary(Instruction[] all, InstructionSample sample)
    {
        string[] missed =
        [
            .. all.Index().Where(one => !sample.Strict[one.Index])
                .Select(one => $"{one.Item.Id}: the response {sample.Explanations[one.Index]}"),
        ];
        string reason = missed.Length == 0 ? "All constraints are followed." : string.Join("; ", missed) + ".";
        yield return Metrics.Of(AllFollowedMetric, missed.Length == 0, reason);
        yield return Metrics.Of(LooselyFollowedMetric, sample.Loose.All(followed => followed), reason);
        yield return Metrics.Of(
            ShareMetric, (double)(all.Length - missed.Length) / all.Length,
            $"{all.Length - missed.Length} of {all.Length} constraints are followed.", missed.Length > 0);
    }
}
