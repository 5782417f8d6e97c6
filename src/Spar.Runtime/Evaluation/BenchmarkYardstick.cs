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
        IReadOnlyDictionary<string, Answer> answers = await AskAsync(
                "answers",
                benchmark.Requests,
                context.Actor,
                context,
                cancellationToken
            )
            .ConfigureAwait(false);
        IReadOnlyDictionary<string, Answer> judgments = new Dictionary<string, Answer>();
        if (benchmark.NeedsJudge)
        {
            judgments = await AskAsync(
                    "judgments",
                    benchmark.JudgeRequests(answers),
                    await context.OpenAsync(judge!, cancellationToken).ConfigureAwait(false),
                    context,
                    cancellationToken
                )
                .ConfigureAwait(false);
        }

        EvaluationScore score = await benchmark.ScoreAsync(answers, judgments, cancellationToken).ConfigureAwait(false);
        ResultsWriter.Write(
            Path.Combine(directory, Folder, context.Row.ToString(), Name),
            benchmark.Facts,
            score,
            new RunDescription(context.Row.ToString(), judge, Seed(context), time.GetUtcNow())
        );
        return new YardstickResult(Name, benchmark.Facts.EffectiveCount, Figures(score), Counts(score, answers.Values));
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

    private static SortedDictionary<string, int> Counts(EvaluationScore score, IEnumerable<Answer> answers)
    {
        SortedDictionary<string, int> counts = new(score.Counts.ToDictionary(), StringComparer.Ordinal);
        foreach (Answer answer in answers.Where(answer => answer.LogLikelihoods is null))
        {
            AnswerStatus status = answer.Read().Status;
            Add("cut_off", status == AnswerStatus.CutOff);
            Add("empty", status == AnswerStatus.Empty);
            Add("refused", status == AnswerStatus.Refused);
        }

        return counts;

        void Add(string name, bool holds) => counts[name] = counts.GetValueOrDefault(name) + (holds ? 1 : 0);
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
