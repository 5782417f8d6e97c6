using Microsoft.Extensions.AI;
using Spar.Evaluation.Statistics;
using Spar.Ground;

namespace Spar.Evaluation.Harness;

/// <summary>How far a collection of answers has come.</summary>
/// <param name="Stage">What is being collected: "answers", or "judgments".</param>
/// <param name="Done">Requests with an answer, earlier runs' included.</param>
/// <param name="Total">Requests in all.</param>
/// <param name="Resumed">Answers that an earlier run had left.</param>
/// <param name="Failed">Calls that failed.</param>
public readonly record struct EvaluationProgress(string Stage, int Done, int Total, int Resumed, int Failed);

/// <summary>Asks a model many requests at once and stores every answer as it arrives.</summary>
public static class AnswerCollector
{
    /// <summary>After so many failures without an answer between them, no further calls are made: the backend is not there.</summary>
    private const int FailuresInARow = 10;

    /// <summary>Collects a model's answer to every request; those that the file has are not asked again.</summary>
    /// <param name="stage">Name of the stage in progress reports and messages.</param>
    /// <param name="requests">What to ask.</param>
    /// <param name="model">Whom to ask.</param>
    /// <param name="file">The file with raw answers.</param>
    /// <param name="concurrency">Most calls in flight, at least 1.</param>
    /// <param name="seed">The run's seed; each request's seed is derived from it and the request's id.</param>
    /// <param name="progress">Told after every call; may be null.</param>
    /// <param name="cancellationToken">Stops; answers so far stay in the file.</param>
    /// <returns>The answers by request id.</returns>
    /// <exception cref="EvaluationException">Calls failed (the answers that came are kept), or the file does not fit the requests.</exception>
    public static Task<IReadOnlyDictionary<string, Answer>> CollectAsync(
        string stage,
        IReadOnlyList<EvaluationRequest> requests,
        EvaluationModel model,
        string file,
        int concurrency,
        long seed,
        IProgress<EvaluationProgress>? progress,
        CancellationToken cancellationToken) =>
        CollectAsync(
            stage, requests, model.Name, (request, token) => AskAsync(request, model, seed, token), file, concurrency, seed, progress, cancellationToken);

    /// <summary>Collects an answer to every request from anything that answers; those that the file has are not asked again.</summary>
    /// <param name="stage">Name of the stage in progress reports and messages.</param>
    /// <param name="requests">What to ask.</param>
    /// <param name="name">Who answers.</param>
    /// <param name="ask">Gives the answer to a request; called from many threads.</param>
    /// <param name="file">The file with raw answers.</param>
    /// <param name="concurrency">Most calls in flight, at least 1.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="progress">Told after every call; may be null.</param>
    /// <param name="cancellationToken">Stops; answers so far stay in the file.</param>
    /// <returns>The answers by request id.</returns>
    /// <exception cref="EvaluationException">Calls failed (the answers that came are kept), or the file does not fit the requests.</exception>
    public static async Task<IReadOnlyDictionary<string, Answer>> CollectAsync(
        string stage,
        IReadOnlyList<EvaluationRequest> requests,
        string name,
        Func<EvaluationRequest, CancellationToken, Task<Answer>> ask,
        string file,
        int concurrency,
        long seed,
        IProgress<EvaluationProgress>? progress,
        CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(concurrency, 1);
        using AnswerStore store = AnswerStore.Open(file);
        Dictionary<string, Answer> answers = store.Matching(requests, name, seed);
        int resumed = answers.Count;
        var failures = new List<(string Id, string Message)>();
        int inARow = 0;
        var gate = new Lock();
        progress?.Report(new EvaluationProgress(stage, answers.Count, requests.Count, resumed, 0));

        EvaluationRequest[] open = [.. requests.Where(request => !answers.ContainsKey(request.Id))];
        var options = new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(open, options, async (request, token) =>
        {
            if (Volatile.Read(ref inARow) >= FailuresInARow)
            {
                return;
            }

            Answer? answer = null;
            string failure = "";
            try
            {
                answer = await ask(request, token).ConfigureAwait(false);
                store.Append(request, name, seed, answer);
            }
            catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                failure = fault.Message;
            }

            lock (gate)
            {
                if (answer is not null)
                {
                    answers[request.Id] = answer;
                    inARow = 0;
                }
                else
                {
                    failures.Add((request.Id, failure));
                    inARow++;
                }

                progress?.Report(new EvaluationProgress(stage, answers.Count, requests.Count, resumed, failures.Count));
            }
        }).ConfigureAwait(false);

        if (answers.Count < requests.Count)
        {
            throw new EvaluationException(
                $"{requests.Count - answers.Count} of {requests.Count} {stage} are missing: {failures.Count} calls to {name} failed"
                + $"{(inARow >= FailuresInARow ? $", the last {inARow} in a row, so no more were made" : "")}; the first, \"{failures[0].Id}\": "
                + $"{failures[0].Message}. Those that came are kept in {file}; the same command asks only for the rest.");
        }

        if (open.Length > 0)
        {
            store.Sort(requests);
        }

        return answers;
    }

    private static async Task<Answer> AskAsync(EvaluationRequest request, EvaluationModel model, long seed, CancellationToken cancellationToken)
    {
        if (request.Choices is { } choices && model.ChoiceScorer is { } scorer)
        {
            IReadOnlyList<double> scores = await scorer.ScoreAsync(request.Prompt, choices, cancellationToken).ConfigureAwait(false);
            return scores.Count == choices.Count && scores.All(double.IsFinite)
                ? new Answer(request.Id, "", scores)
                : throw new InvalidOperationException($"the scorer gave {scores.Count} values for {choices.Count} choices, or one that is no number");
        }

        var options = new ChatOptions
        {
            Temperature = (float)request.Sampling.Temperature,
            TopP = (float)request.Sampling.TopP,
            MaxOutputTokens = request.Sampling.MaxTokens,
            StopSequences = request.Sampling.Stop is { Count: > 0 } stop ? [.. stop] : null,
            Seed = StableHash.Sha256Seed(seed, request.Id),
        };
        ChatResponse response = await model.Client.GetResponseAsync(request.Messages, options, cancellationToken).ConfigureAwait(false);
        return new Answer(
            request.Id,
            response.Text,
            FinishReason: response.FinishReason?.Value,
            InputTokens: response.Usage?.InputTokenCount,
            OutputTokens: response.Usage?.OutputTokenCount);
    }
}
