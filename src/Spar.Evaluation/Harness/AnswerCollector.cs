using Microsoft.Extensions.AI;
using Spar.Calls;

namespace Spar.Evaluation.Harness;

/// <summary>How far a collection of answers has come.</summary>
/// <param name="Stage">What is being collected: "answers", or "judgments".</param>
/// <param name="Done">Requests with an answer, earlier runs' included.</param>
/// <param name="Total">Requests in all.</param>
/// <param name="Resumed">Answers that an earlier run had left.</param>
/// <param name="Failed">Calls that failed.</param>
public readonly record struct EvaluationProgress(string Stage, int Done, int Total, int Resumed, int Failed);

/// <summary>
/// Asks a model all that a benchmark asks, through the same stack as the method's calls, and keeps every answer in a
/// file.
/// </summary>
public static class AnswerCollector
{
    /// <summary>Collects a model's answer to every request; those that the file has are not asked again.</summary>
    /// <param name="stage">Name of the stage in progress reports and messages.</param>
    /// <param name="requests">What to ask.</param>
    /// <param name="model">Whom to ask.</param>
    /// <param name="file">The file with raw answers.</param>
    /// <param name="concurrency">Most calls in flight, at least 1.</param>
    /// <param name="seed">The run's seed; each request's seed is derived from it and the request's id.</param>
    /// <param name="progress">Told after every call; may be null.</param>
    /// <param name="cancellationToken">Stops; answers so far stay in the file.</param>
    /// <param name="allowFailed">Share of the requests that may be without an answer, 0..1.</param>
    /// <returns>The answers by request id; those of requests whose calls failed are not there.</returns>
    /// <exception cref="EvaluationException">
    /// More calls failed than may (the answers that came are kept), or the file does not fit the requests.
    /// </exception>
    public static async Task<IReadOnlyDictionary<string, Answer>> CollectAsync(
        string stage,
        IReadOnlyList<EvaluationRequest> requests,
        EvaluationModel model,
        string file,
        int concurrency,
        long seed,
        IProgress<EvaluationProgress>? progress,
        CancellationToken cancellationToken,
        double allowFailed = 0
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(concurrency, 1);
        using AnswerFile kept = AnswerFile.Open(file, model.Name, seed);
        IReadOnlyDictionary<string, Answer> before = Matching(kept, requests, file);
        EvaluationRequest[] open = [.. requests.Where(request => !before.ContainsKey(request.Id))];
        IChatClient client = model
            .Client.AsBuilder()
            .UseMemo(kept)
            .UseGiveUp(FailureStreak.For(concurrency))
            .UseChoiceScoring(model.ChoiceScorer)
            .Build();
        Lock gate = new();
        int done = before.Count;
        List<(string Id, string Message)> failures = [];
        progress?.Report(new EvaluationProgress(stage, done, requests.Count, before.Count, 0));
        GivenUpException? ended = null;
        try
        {
            await Crowd
                .EachAsync(
                    open,
                    concurrency,
                    (_, request, token) => client.GetResponseAsync(request.Messages, request.ToOptions(seed), token),
                    (i, failure) =>
                    {
                        lock (gate)
                        {
                            if (failure is not null)
                            {
                                failures.Add((open[i].Id, failure));
                            }
                            else
                            {
                                done++;
                            }

                            progress?.Report(
                                new EvaluationProgress(stage, done, requests.Count, before.Count, failures.Count)
                            );
                        }
                    },
                    cancellationToken
                )
                .ConfigureAwait(false);
        }
        catch (GivenUpException fault)
        {
            ended = fault;
        }

        IReadOnlyDictionary<string, Answer> answers = Matching(kept, requests, file);
        int missing = requests.Count - answers.Count;
        if (missing > 0 && (ended is not null || !AllowedFailures.Accept(missing, requests.Count, allowFailed)))
        {
            throw new EvaluationException(
                $"{missing} of {requests.Count} {stage} are missing, so nothing is scored: "
                    + (
                        failures.Count > 0
                            ? $"{failures.Count} calls to {model.Name} failed; the first, \"{failures[0].Id}\": "
                                + $"{failures[0].Message.TrimEnd('.')}. "
                            : ""
                    )
                    + (ended is null ? "" : ended.Message + " ")
                    + $"Those that came are kept in {file}; the same command asks only for the rest"
                    + (ended is null ? $", and --allow-failed {AllowedFailures.Least(missing, requests.Count)} goes on without them." : "."),
                ended
            );
        }

        if (open.Length > 0)
        {
            kept.Sort([.. requests.Select(request => request.Id)]);
        }

        return answers;
    }

    /// <summary>The answers that a file has, whoever gave them.</summary>
    /// <param name="requests">What was asked.</param>
    /// <param name="file">The file with raw answers.</param>
    /// <param name="allowFailed">Share of the requests that may be without an answer, 0..1.</param>
    /// <returns>The answers by request id, and the model that gave them.</returns>
    /// <exception cref="EvaluationException">More answers are missing than may, or belong to other prompts.</exception>
    public static (IReadOnlyDictionary<string, Answer> Answers, string Model) Stored(
        IReadOnlyList<EvaluationRequest> requests,
        string file,
        double allowFailed = 0
    )
    {
        if (!File.Exists(file))
        {
            throw new EvaluationException($"{file} was not found: there are no stored answers to score again.");
        }

        using AnswerFile kept = AnswerFile.Open(file, "", 0);
        IReadOnlyDictionary<string, Answer> answers = Matching(kept, requests, file, anyone: true);
        int missing = requests.Count - answers.Count;
        return missing == 0 || AllowedFailures.Accept(missing, requests.Count, allowFailed)
            ? (answers, kept.StoredModel)
            : throw new EvaluationException(
                $"{file} has answers to {answers.Count} of {requests.Count} requests; "
                    + $"\"{requests.First(request => !answers.ContainsKey(request.Id)).Id}\" "
                    + "has none. Run with the model again to ask for the rest, or score without them with "
                    + $"--allow-failed {AllowedFailures.Least(missing, requests.Count)}."
            );
    }

    private static Dictionary<string, Answer> Matching(
        AnswerFile kept,
        IReadOnlyList<EvaluationRequest> requests,
        string file,
        bool anyone = false
    )
    {
        Dictionary<string, Answer> found = [];
        foreach (EvaluationRequest request in requests)
        {
            CallIdentity call = request.Call;
            if (kept.Mismatch(call, sampled: request.Sampling.Temperature > 0, anyone) is { } mismatch)
            {
                throw new EvaluationException(
                    $"{file}: the stored answer to \"{request.Id}\" {mismatch}. Use another output folder, or "
                        + "delete this file to ask again."
                );
            }

            if (kept.Find(call.Key, call.Fingerprint) is { } answer)
            {
                found[request.Id] = answer;
            }
        }

        return found;
    }
}
