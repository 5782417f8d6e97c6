using Microsoft.Extensions.AI;
using Spar.Seams;

namespace Spar.Calls;

/// <summary>The one way to a model: one user turn in, text out, under a session's seed, bound and memo.</summary>
/// <param name="client">The model.</param>
/// <param name="session">What all calls of the run share.</param>
public sealed class ModelCaller(IChatClient client, CallSession session)
{
    /// <summary>What all calls of the run share.</summary>
    public CallSession Session { get; } = session;

    /// <summary>Asks once, or takes the kept answer.</summary>
    /// <param name="key">The call's name, unique in the run.</param>
    /// <param name="prompt">The user turn.</param>
    /// <param name="sampling">How to sample the answer.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CallFailedException">The call failed.</exception>
    /// <exception cref="SparException">Going on is pointless; see <see cref="CallSession.AskAsync"/>.</exception>
    public Task<Answer> AskAsync(string key, string prompt, Sampling sampling, CancellationToken cancellationToken) =>
        Session.AskAsync(key, $"{sampling}\n{prompt}", (seed, token) => CallAsync(prompt, sampling, seed, token), cancellationToken);

    /// <summary>Asks once as <see cref="AskAsync"/> does, and weighs the words at one place of the answer (<see cref="Answer.Probability"/>).</summary>
    /// <param name="key">The call's name, unique in the run.</param>
    /// <param name="prompt">The user turn.</param>
    /// <param name="sampling">How to sample the answer.</param>
    /// <param name="find">Finds the place in the answer; always the same for one prompt.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CallFailedException">The call failed.</exception>
    /// <exception cref="SparException">The model's backend gives no log-probabilities, or as for <see cref="AskAsync"/>.</exception>
    public Task<Answer> AskWeighedAsync(
        string key, string prompt, Sampling sampling, Func<string, Alternatives?> find, CancellationToken cancellationToken) =>
        Session.AskAsync(key, $"{sampling}, weighed\n{prompt}", (seed, token) => CallWeighedAsync(prompt, sampling, seed, find, token), cancellationToken);

    private static ChatMessage[] Turn(string prompt) => [new ChatMessage(ChatRole.User, prompt)];

    // Servers differ in what they take; a seed that is not negative suits all of them.
    private static ChatOptions Options(Sampling sampling, ulong seed) => new()
    {
        Seed = (long)(seed >> 1),
        Temperature = (float)sampling.Temperature,
        TopP = (float)sampling.TopP,
        MaxOutputTokens = sampling.MaxTokens,
    };

    private static Answer ToAnswer(ChatResponse response, double? probability = null) => new(
        response.Text,
        (int)(response.Usage?.InputTokenCount ?? 0),
        (int)(response.Usage?.OutputTokenCount ?? 0),
        response.FinishReason?.Value,
        probability);

    /// <summary>Share of the first in the sum of the probabilities; null when all are 0.</summary>
    private static double? FirstShare(IReadOnlyList<double> logProbs)
    {
        double most = logProbs.Max();
        return double.IsNegativeInfinity(most) ? null : Math.Exp(logProbs[0] - most) / logProbs.Sum(logProb => Math.Exp(logProb - most));
    }

    private async Task<Answer> CallAsync(string prompt, Sampling sampling, ulong seed, CancellationToken cancellationToken) =>
        ToAnswer(await client.GetResponseAsync(Turn(prompt), Options(sampling, seed), cancellationToken).ConfigureAwait(false));

    private async Task<Answer> CallWeighedAsync(
        string prompt, Sampling sampling, ulong seed, Func<string, Alternatives?> find, CancellationToken cancellationToken)
    {
        IAlternativesClient weigher = client.GetService(typeof(IAlternativesClient)) as IAlternativesClient ?? throw new SparException(
            "The judge's model gives no log-probabilities, so its probability of yes cannot be told. Set judging.valuation to votes or adaptive, or " +
            "judge with a checkpoint or an endpoint that gives log-probabilities.");
        WeighedResponse weighed = await weigher.GetWeighedResponseAsync(Turn(prompt), Options(sampling, seed), find, cancellationToken).ConfigureAwait(false);
        return ToAnswer(weighed.Response, weighed.LogProbs is { } logProbs ? FirstShare(logProbs) : null);
    }
}
