using Spar.Calls;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;
using Spar.SelfPlay;

namespace Spar.Runtime.Evaluation;

/// <summary>What the yardsticks of a run have in common: how they ask, and what of a score they report.</summary>
internal static class YardstickCalls
{
    /// <summary>Has requests answered, as many side by side as calls may be in flight.</summary>
    /// <param name="yardstick">The yardstick's name.</param>
    /// <param name="what">What the answers are, for messages.</param>
    /// <param name="requests">What is asked.</param>
    /// <param name="ask">Answers one request.</param>
    /// <param name="context">The models.</param>
    /// <param name="cancellationToken">Gives up; what was answered is kept.</param>
    /// <returns>The answer to every request, by its id.</returns>
    /// <exception cref="SparException">A call failed; a figure that lacks answers is not given.</exception>
    public static async Task<IReadOnlyDictionary<string, Answer>> EachAsync(
        string yardstick,
        string what,
        IReadOnlyList<EvaluationRequest> requests,
        Func<EvaluationRequest, CancellationToken, Task<Answer>> ask,
        EvaluationContext context,
        CancellationToken cancellationToken
    )
    {
        (Answer? Result, string? Failure)[] outcomes = await Crowd
            .EachAsync(
                requests,
                context.Actor.Session.Concurrency,
                (_, request, token) => ask(request, token),
                (_, failure) => context.ItemFinished(failure is not null),
                cancellationToken
            )
            .ConfigureAwait(false);
        int missing = outcomes.Count(outcome => outcome.Failure is not null);
        return missing == 0
            ? requests
                .Zip(outcomes)
                .ToDictionary(pair => pair.First.Id, pair => pair.Second.Result!, StringComparer.Ordinal)
            : throw new SparException(
                $"{missing} of {requests.Count} {what} of {yardstick} in row {context.Row} are missing, the first "
                    + $"because: {outcomes.First(outcome => outcome.Failure is not null).Failure!.TrimEnd('.')}. "
                    + "Mend that and run the same command again, which asks only for the rest; or take the yardstick "
                    + "out of the recipe's evaluation."
            );
    }

    /// <summary>Figures of the whole benchmark; those of its parts are in the folder.</summary>
    /// <param name="benchmark">The benchmark's name.</param>
    /// <param name="score">The score.</param>
    public static IReadOnlyList<YardstickFigure> Figures(string benchmark, EvaluationScore score)
    {
        Metric[] whole = [.. score.Metrics.Where(metric => metric.Task == benchmark)];
        return
        [
            .. (whole.Length > 0 ? whole : score.Metrics).Select(metric => new YardstickFigure(
                metric.Filter == Metric.NoFilter ? metric.Name : $"{metric.Name} ({metric.Filter})",
                metric.Value,
                metric.Interval?.Low,
                metric.Interval?.High,
                metric.IsShare
            )),
        ];
    }

    /// <summary>Asks a model once, or takes the kept answer.</summary>
    /// <param name="name">The call's name, unique in the run.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="model">The model.</param>
    /// <param name="context">Gives the seed.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static Task<Answer> AskAsync(
        string name,
        EvaluationRequest request,
        ModelCaller model,
        EvaluationContext context,
        CancellationToken cancellationToken
    ) =>
        model.AskAsync(
            request.Messages,
            request.ToOptions(Seed(context)).WithCall(new CallIdentity(name, request.Call.Fingerprint)),
            cancellationToken
        );

    /// <summary>The seed of a measurement: the run's.</summary>
    /// <param name="context">What is measured.</param>
    public static long Seed(EvaluationContext context) => unchecked((long)context.Recipe.Seed);
}
