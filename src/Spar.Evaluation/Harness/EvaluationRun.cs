using Spar.Calls;
using Spar.Evaluation.Results;

namespace Spar.Evaluation.Harness;

/// <summary>How a benchmark is run.</summary>
public sealed record EvaluationRunOptions
{
    /// <summary>Most calls in flight, at least 1.</summary>
    public int Concurrency { get; init; } = 8;

    /// <summary>Seed of sampling and of confidence intervals.</summary>
    public long Seed { get; init; }

    /// <summary>
    /// Share of the calls that may have failed for good, 0..1; what they were for is left out of the score and counted.
    /// </summary>
    public double AllowFailed { get; init; }

    /// <summary>Gives the results their date.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>
/// Runs a benchmark into a folder: <c>answers.jsonl</c> (raw answers), <c>judgments.jsonl</c> (a judge's raw answers),
/// <c>samples.jsonl</c> (every sample with its score) and <c>results.json</c>.
/// </summary>
public static class EvaluationRun
{
    /// <summary>The file with the model's raw answers.</summary>
    public const string AnswersFile = "answers.jsonl";

    /// <summary>The file with the judge's raw answers.</summary>
    public const string JudgmentsFile = "judgments.jsonl";

    /// <summary>
    /// Asks the model (and the judge) whatever the folder does not yet hold, scores, and writes the results.
    /// </summary>
    /// <param name="benchmark">What to ask and how to score.</param>
    /// <param name="model">The model under test.</param>
    /// <param name="judge">The judge; null where the benchmark needs none.</param>
    /// <param name="folder">Where everything goes; made if it is not there.</param>
    /// <param name="options">Concurrency, seed, clock.</param>
    /// <param name="progress">Told after every call; may be null.</param>
    /// <param name="cancellationToken">Stops; answers so far are kept.</param>
    /// <exception cref="EvaluationException">
    /// A judge is lacking, calls failed, or the folder holds another run's answers.
    /// </exception>
    public static async Task<EvaluationScore> RunAsync(
        IBenchmark benchmark,
        EvaluationModel model,
        EvaluationModel? judge,
        string folder,
        EvaluationRunOptions options,
        IProgress<EvaluationProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        if (benchmark.NeedsJudge && judge is null)
        {
            throw new EvaluationException(
                $"{benchmark.Facts.Name} is scored with the help of a judge model: name one with --judge."
            );
        }

        Directory.CreateDirectory(folder);
        return await MeasureAsync(
                benchmark,
                requests => CollectAsync("answers", requests, model, AnswersFile),
                requests => CollectAsync("judgments", requests, judge!, JudgmentsFile),
                folder,
                Describe(model.Name, judge?.Name, options),
                cancellationToken
            )
            .ConfigureAwait(false);

        Task<IReadOnlyDictionary<string, Answer>> CollectAsync(
            string stage, IReadOnlyList<EvaluationRequest> requests, EvaluationModel asked, string file) =>
            AnswerCollector.CollectAsync(
                stage,
                requests,
                asked,
                Path.Combine(folder, file),
                options.Concurrency,
                options.Seed,
                progress,
                cancellationToken,
                options.AllowFailed
            );
    }

    /// <summary>
    /// Scores the answers to what a benchmark asks, wherever they come from and are kept, and writes samples and results.
    /// </summary>
    /// <param name="benchmark">What to ask and how to score.</param>
    /// <param name="ask">Has the model under test answer requests; answers by the request's id.</param>
    /// <param name="askJudge">Has the judge answer requests; not called where the benchmark needs no judge.</param>
    /// <param name="folder">Where samples and results go; made if it is not there.</param>
    /// <param name="description">Who answers and how.</param>
    /// <param name="cancellationToken">Stops scoring that runs programs.</param>
    public static async Task<EvaluationScore> MeasureAsync(
        IBenchmark benchmark,
        Func<IReadOnlyList<EvaluationRequest>, Task<IReadOnlyDictionary<string, Answer>>> ask,
        Func<IReadOnlyList<EvaluationRequest>, Task<IReadOnlyDictionary<string, Answer>>> askJudge,
        string folder,
        RunDescription description,
        CancellationToken cancellationToken
    )
    {
        ReadAnswers answers = Read(await ask(benchmark.Requests).ConfigureAwait(false), benchmark.Requests);
        ReadAnswers judgments = Read(new Dictionary<string, Answer>(), []);
        if (benchmark.NeedsJudge)
        {
            IReadOnlyList<EvaluationRequest> requests = benchmark.JudgeRequests(answers.ToScore);
            judgments = Read(await askJudge(requests).ConfigureAwait(false), requests);
        }

        return await ScoreAsync(benchmark, answers, judgments, folder, description, cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>
    /// Scores the answers that a folder holds, without asking any model, and writes the results anew.
    /// </summary>
    /// <param name="benchmark">How to score; its prompts must be those that were answered.</param>
    /// <param name="folder">A folder that <see cref="RunAsync"/> wrote.</param>
    /// <param name="options">Seed of the intervals, clock.</param>
    /// <param name="cancellationToken">Stops scoring.</param>
    /// <exception cref="EvaluationException">Answers are missing or belong to other prompts.</exception>
    public static async Task<EvaluationScore> RescoreAsync(
        IBenchmark benchmark,
        string folder,
        EvaluationRunOptions options,
        CancellationToken cancellationToken = default
    )
    {
        (IReadOnlyDictionary<string, Answer> stored, string model) = AnswerCollector.Stored(
            benchmark.Requests,
            Path.Combine(folder, AnswersFile),
            options.AllowFailed
        );
        ReadAnswers answers = Read(stored, benchmark.Requests);
        ReadAnswers judgments = Read(new Dictionary<string, Answer>(), []);
        string? judge = null;
        if (benchmark.NeedsJudge)
        {
            IReadOnlyList<EvaluationRequest> requests = benchmark.JudgeRequests(answers.ToScore);
            (stored, judge) = AnswerCollector.Stored(
                requests,
                Path.Combine(folder, JudgmentsFile),
                options.AllowFailed
            );
            judgments = Read(stored, requests);
        }

        return await ScoreAsync(
                benchmark,
                answers,
                judgments,
                folder,
                Describe(model, judge, options),
                cancellationToken
            )
            .ConfigureAwait(false);
    }

    /// <summary>Scores responses that were made elsewhere, without a model, and writes the results.</summary>
    /// <param name="benchmark">How to score; must need no judge.</param>
    /// <param name="responses">A response to every request, by id.</param>
    /// <param name="model">Name of the model that made them.</param>
    /// <param name="folder">Where samples and results go; null to write nothing.</param>
    /// <param name="options">Seed of the intervals, clock.</param>
    /// <param name="cancellationToken">Stops scoring.</param>
    /// <exception cref="EvaluationException">A request has no response, or the benchmark needs a judge.</exception>
    public static async Task<EvaluationScore> ScoreResponsesAsync(
        IBenchmark benchmark,
        IReadOnlyDictionary<string, string> responses,
        string model,
        string? folder,
        EvaluationRunOptions options,
        CancellationToken cancellationToken = default
    )
    {
        if (benchmark.NeedsJudge)
        {
            throw new EvaluationException(
                $"{benchmark.Facts.Name} is scored with the help of a judge model, so ready responses are not enough."
            );
        }

        string[] missing =
        [
            .. benchmark.Requests.Select(request => request.Id).Where(id => !responses.ContainsKey(id)),
        ];
        if (missing.Length > 0)
        {
            throw new EvaluationException(
                $"{missing.Length} of {benchmark.Requests.Count} requests have no response, such as \"{missing[0]}\"."
            );
        }

        ReadAnswers answers = Read(
            benchmark.Requests.ToDictionary(request => request.Id, request => new Answer(responses[request.Id])),
            benchmark.Requests);
        EvaluationScore score = await ScoreAsync(benchmark, answers, Read(new Dictionary<string, Answer>(), []), cancellationToken)
            .ConfigureAwait(false);
        if (folder is not null)
        {
            ResultsWriter.Write(folder, benchmark.Facts, score, Describe(model, null, options));
        }

        return score;
    }

    private static RunDescription Describe(string model, string? judge, EvaluationRunOptions options) =>
        new(model, judge, options.Seed, options.Time.GetUtcNow());

    private static ReadAnswers Read(
        IReadOnlyDictionary<string, Answer> answers, IReadOnlyList<EvaluationRequest> requests) =>
        new(answers, requests.Count);

    private static async Task<EvaluationScore> ScoreAsync(
        IBenchmark benchmark,
        ReadAnswers answers,
        ReadAnswers judgments,
        string folder,
        RunDescription description,
        CancellationToken cancellationToken
    )
    {
        EvaluationScore score = await ScoreAsync(benchmark, answers, judgments, cancellationToken)
            .ConfigureAwait(false);
        BenchmarkFacts facts = benchmark.Facts;
        if (score.Counts.ContainsKey("answers_missing"))
        {
            facts = facts with { EffectiveCount = score.Samples.Select(sample => sample.Id).Distinct().Count() };
        }

        ResultsWriter.Write(folder, facts, score, description);
        return score;
    }

    private static async Task<EvaluationScore> ScoreAsync(
        IBenchmark benchmark, ReadAnswers answers, ReadAnswers judgments, CancellationToken cancellationToken)
    {
        EvaluationScore score = await benchmark
            .ScoreAsync(answers.ToScore, judgments.ToBelieve, cancellationToken)
            .ConfigureAwait(false);
        return score with
        {
            Samples = answers.Mark(score.Samples),
            Counts = new OrderedDictionary<string, int>(
                [.. score.Counts, .. answers.Counts("answers"), .. judgments.Counts("judgments")]),
        };
    }
}
