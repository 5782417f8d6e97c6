using System.Globalization;
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
/// <param name="name">The yardstick's name.</param>
/// <param name="open">
/// Gives what is asked, and how it is scored; called once, when the run's prompts are there.
/// </param>
/// <param name="judge">The judge's model; null where the benchmark needs none.</param>
/// <param name="judgeIdentity">What the judge is known by wherever it lies; null where there is none.</param>
/// <param name="directory">The run directory.</param>
/// <param name="time">Gives the results their date.</param>
public sealed class BenchmarkYardstick(
    string name,
    Func<IBenchmark> open,
    string? judge,
    string? judgeIdentity,
    string directory,
    TimeProvider time
) : IYardstick
{
    /// <summary>The folder in the run directory that holds a folder a row, and in it one a yardstick.</summary>
    public const string Folder = "evaluation";

    private readonly Lazy<IBenchmark> _benchmark = new(open);

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public string Signature => SignatureOf(_benchmark.Value, judgeIdentity);

    /// <summary>Documents that it is going to have, as far as is known before it is opened; 0 opens it to see.</summary>
    public int Expected { get; init; }

    /// <inheritdoc/>
    public int Items => Expected > 0 && !_benchmark.IsValueCreated ? Expected : _benchmark.Value.Requests.Count;

    /// <inheritdoc/>
    public void Open() => _ = _benchmark.Value;

    /// <inheritdoc/>
    public async Task<YardstickResult> MeasureAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        IBenchmark benchmark = _benchmark.Value;
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
                new RunDescription(context.Row.ToString(), judge, YardstickCalls.Seed(context), time.GetUtcNow()),
                cancellationToken
            )
            .ConfigureAwait(false);
        return new YardstickResult(
            Name,
            benchmark.Facts.EffectiveCount,
            YardstickCalls.Figures(benchmark.Facts.Name, score),
            score.Counts
        );
    }

    /// <summary>The name of a call for an answer to a request.</summary>
    /// <param name="row">Which models answer.</param>
    /// <param name="yardstick">The yardstick's name.</param>
    /// <param name="what">"answers" or "judgments".</param>
    /// <param name="request">What is asked.</param>
    internal static string CallOf(RowName row, string yardstick, string what, EvaluationRequest request) =>
        $"eval/{row}/{yardstick}/{what}/{request.Id}";

    /// <summary>What the figures of a benchmark depend on beside the models.</summary>
    /// <param name="benchmark">The benchmark.</param>
    /// <param name="judge">The judge's identity; null where there is none.</param>
    internal static string SignatureOf(IBenchmark benchmark, string? judge) =>
        $"{benchmark.Facts.Version.ToString(CultureInfo.InvariantCulture)} {judge} "
        + $"{StableHash.Of(string.Join('\n', benchmark.Requests.Select(request => request.Call)) + benchmark.Facts.Config.ToJsonString()):x16}";

    private Task<IReadOnlyDictionary<string, Answer>> AskAsync(
        string what,
        IReadOnlyList<EvaluationRequest> requests,
        ModelCaller model,
        EvaluationContext context,
        CancellationToken cancellationToken
    ) =>
        YardstickCalls.EachAsync(
            Name,
            what,
            requests,
            (request, token) =>
                YardstickCalls.AskAsync(CallOf(context.Row, Name, what, request), request, model, context, token),
            context,
            cancellationToken
        );
}
