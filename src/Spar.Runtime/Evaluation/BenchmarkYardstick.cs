using System.Globalization;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;
using Spar.Ground;
using Spar.SelfPlay;

namespace Spar.Runtime.Evaluation;

/// <summary>
/// A benchmark of <c>spar eval</c> as a yardstick of a run: the same prompts, sampling, seeds and scoring. Its answers
/// go to the run's store like all others; samples.jsonl and results.json go to a folder in the run directory, which
/// <c>spar eval compare</c> takes.
/// </summary>
/// <param name="benchmark">What is asked, and how it is scored.</param>
/// <param name="judge">The judge's model; null where the benchmark needs none.</param>
/// <param name="judgeIdentity">What the judge is known by wherever it lies; null where there is none.</param>
/// <param name="directory">The run directory.</param>
/// <param name="time">Gives the results their date.</param>
public sealed class BenchmarkYardstick(
    IBenchmark benchmark,
    string? judge,
    string? judgeIdentity,
    string directory,
    TimeProvider time
) : IYardstick
{
    /// <summary>The folder in the run directory that holds a folder a row, and in it one a yardstick.</summary>
    public const string Folder = "evaluation";

    /// <inheritdoc/>
    public string Name => benchmark.Facts.Name;

    /// <inheritdoc/>
    public string Signature { get; } =
        $"{benchmark.Facts.Version.ToString(CultureInfo.InvariantCulture)} {judgeIdentity} "
        + $"{StableHash.Of(string.Join('\n', benchmark.Requests.Select(request => request.Call)) + benchmark.Facts.Config.ToJsonString()):x16}";

    /// <inheritdoc/>
    public int Items => benchmark.Requests.Count;

    /// <inheritdoc/>
    public async Task<YardstickResult> MeasureAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        EvaluationScore score = await EvaluationRun
            .MeasureAsync(
                benchmark,
                requests => AskAsync("answers", requests, context.Actor, context, cancellationToken),
                async requests =>
                    await AskAsync(
                            "judgments",
                            requests,
                            await context.OpenAsync(judge!, cancellationToken).ConfigureAwait(false),
                            context,
                            cancellationToken
                        )
                        .ConfigureAwait(false),
                Path.Combine(directory, Folder, context.Row.ToString(), Name),
                new RunDescription(context.Row.ToString(), judge, Seed(context), time.GetUtcNow()),
                cancellationToken
            )
            .ConfigureAwait(false);
        return new YardstickResult(Name, benchmark.Facts.EffectiveCount, Figures(score), score.Counts);
    }

    // Figures of the whole benchmark; those of its parts are in the folder.
    private YardstickFigure[] Figures(EvaluationScore score)
    {
        Metric[] whole = [.. score.Metrics.Where(metric => metric.Task == Name)];
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

    private async Task<IReadOnlyDictionary<string, Answer>> AskAsync(
        string what,
        IReadOnlyList<EvaluationRequest> requests,
        ModelCaller model,
        EvaluationContext context,
        CancellationToken cancellationToken
    )
    {
        long seed = Seed(context);
        (Answer? Result, string? Failure)[] outcomes = await Crowd
            .EachAsync(
                requests,
                model.Session.Concurrency,
                (_, request, token) =>
                {
                    ChatOptions options = request.ToOptions(seed);
                    CallIdentity call = new($"eval/{context.Row}/{Name}/{what}/{request.Id}", request.Call.Fingerprint);
                    return model.AskAsync(request.Messages, options.WithCall(call), token);
                },
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
                $"{missing} of {requests.Count} {what} of {Name} in row {context.Row} are missing, the first because: "
                    + $"{outcomes.First(outcome => outcome.Failure is not null).Failure!.TrimEnd('.')}. "
                    + "Mend that and run the same command again, which asks only for the rest; or take the yardstick "
                    + "out of the recipe's evaluation."
            );
    }

    private static long Seed(EvaluationContext context) => unchecked((long)context.Recipe.Seed);
}
