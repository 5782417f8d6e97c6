using Microsoft.Extensions.AI;

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

    private async Task<Answer> CallAsync(string prompt, Sampling sampling, ulong seed, CancellationToken cancellationToken)
    {
        ChatOptions options = new()
        {
            // Servers differ in what they take; a seed that is not negative suits all of them.
            Seed = (long)(seed >> 1),
            Temperature = (float)sampling.Temperature,
            TopP = (float)sampling.TopP,
            MaxOutputTokens = sampling.MaxTokens,
        };
        ChatResponse response = await client.GetResponseAsync([new ChatMessage(ChatRole.User, prompt)], options, cancellationToken)
            .ConfigureAwait(false);
        return new Answer(
            response.Text,
            (int)(response.Usage?.InputTokenCount ?? 0),
            (int)(response.Usage?.OutputTokenCount ?? 0),
            response.FinishReason?.Value);
    }
}
