using Microsoft.Extensions.AI;
using Spar.Ground;

namespace Spar.Calls;

/// <summary>The method's way to a model: turns in, text out, through the stack of a session.</summary>
/// <param name="client">The model.</param>
/// <param name="session">What all calls of the run share.</param>
public sealed class ModelCaller(IChatClient client, CallSession session)
{
    private readonly IChatClient _client = session.Around(client);

    /// <summary>What all calls of the run share.</summary>
    public CallSession Session { get; } = session;

    /// <summary>Asks once, or takes the kept answer.</summary>
    /// <param name="key">The call's name, unique in the run.</param>
    /// <param name="prompt">The user turn.</param>
    /// <param name="sampling">How to sample the answer.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CallFailedException">The call failed.</exception>
    /// <exception cref="RunFaultException">Going on is pointless, or the answer cannot be kept.</exception>
    public Task<Answer> AskAsync(string key, string prompt, Sampling sampling, CancellationToken cancellationToken) =>
        AskAsync(One(prompt), Options(key, $"{sampling}\n{prompt}", sampling), cancellationToken);

    /// <summary>Asks once with a conversation, or takes the kept answer.</summary>
    /// <param name="key">The call's name, unique in the run.</param>
    /// <param name="turns">The conversation, the user's turn last.</param>
    /// <param name="sampling">How to sample the answer.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CallFailedException">The call failed.</exception>
    /// <exception cref="RunFaultException">Going on is pointless, or the answer cannot be kept.</exception>
    public Task<Answer> AskAsync(
        string key,
        IReadOnlyList<ChatMessage> turns,
        Sampling sampling,
        CancellationToken cancellationToken
    ) => AskAsync(turns, Options(key, $"{sampling}, turns\n{TextOf(turns)}", sampling), cancellationToken);

    /// <summary>
    /// Asks the same several times, each a call with a name and so a seed of its own; side by side, and with one request
    /// where the model's server gives several answers to one (<see cref="CallGroup"/>).
    /// </summary>
    /// <param name="keys">The calls' names, each unique in the run.</param>
    /// <param name="prompt">The user turn.</param>
    /// <param name="sampling">How to sample the answers.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The answers as they come, in the order of the keys; each fails by itself.</returns>
    /// <exception cref="CallFailedException">A call failed.</exception>
    /// <exception cref="RunFaultException">Going on is pointless, or an answer cannot be kept.</exception>
    public IReadOnlyList<Task<Answer>> AskEach(
        IReadOnlyList<string> keys, string prompt, Sampling sampling, CancellationToken cancellationToken) =>
        AskEach(keys, One(prompt), $"{sampling}\n{prompt}", sampling, cancellationToken);

    /// <summary>Asks the same several times with a conversation, as the first form does.</summary>
    /// <param name="keys">The calls' names, each unique in the run.</param>
    /// <param name="turns">The conversation, the user's turn last.</param>
    /// <param name="sampling">How to sample the answers.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The answers as they come, in the order of the keys; each fails by itself.</returns>
    /// <exception cref="CallFailedException">A call failed.</exception>
    /// <exception cref="RunFaultException">Going on is pointless, or an answer cannot be kept.</exception>
    public IReadOnlyList<Task<Answer>> AskEach(
        IReadOnlyList<string> keys,
        IReadOnlyList<ChatMessage> turns,
        Sampling sampling,
        CancellationToken cancellationToken) =>
        AskEach(keys, turns, $"{sampling}, turns\n{TextOf(turns)}", sampling, cancellationToken);

    /// <summary>
    /// Asks once as the first form does, and weighs the words at one place of the answer
    /// (<see cref="Answer.Probability"/>).
    /// </summary>
    /// <param name="key">The call's name, unique in the run.</param>
    /// <param name="prompt">The user turn.</param>
    /// <param name="sampling">How to sample the answer.</param>
    /// <param name="find">Finds the place in the answer; always the same for one prompt.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CallFailedException">The call failed.</exception>
    /// <exception cref="RunFaultException">
    /// The model's backend gives no log-probabilities, or as for the first form.
    /// </exception>
    public Task<Answer> AskWeighedAsync(
        string key,
        string prompt,
        Sampling sampling,
        Func<string, Alternatives?> find,
        CancellationToken cancellationToken
    ) =>
        AskAsync(
            One(prompt),
            Options(key, $"{sampling}, weighed\n{prompt}", sampling).WithWeighed(find),
            cancellationToken
        );

    /// <summary>Asks with options of the caller's, or takes the kept answer.</summary>
    /// <param name="messages">The conversation.</param>
    /// <param name="options">Sampling and seed; they name the call (<see cref="CallProperties.WithCall"/>).</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CallFailedException">The call failed.</exception>
    /// <exception cref="RunFaultException">Going on is pointless, or the answer cannot be kept.</exception>
    public async Task<Answer> AskAsync(
        IReadOnlyList<ChatMessage> messages,
        ChatOptions options,
        CancellationToken cancellationToken
    ) => (await _client.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false)).ToAnswer();

    private Task<Answer>[] AskEach(
        IReadOnlyList<string> keys,
        IReadOnlyList<ChatMessage> turns,
        string asked,
        Sampling sampling,
        CancellationToken cancellationToken)
    {
        ChatOptions[] options = [.. keys.Select(key => Options(key, asked, sampling))];
        if (options.Length > 1)
        {
            CallGroup group = new([.. options.Select(one => one.Seed!.Value)]);
            foreach ((int place, ChatOptions one) in options.Index())
            {
                one.WithPlace(new GroupPlace(group, place));
            }
        }

        return [.. options.Select(one => AskAsync(turns, one, cancellationToken))];
    }

    private static string TextOf(IReadOnlyList<ChatMessage> turns) =>
        string.Concat(turns.Select(turn => $"{turn.Role}\0{turn.Text}\0"));

    // Servers differ in what they take; a seed that is not negative suits all of them.
    private ChatOptions Options(string key, string asked, Sampling sampling) =>
        new ChatOptions
        {
            Seed = (long)(Session.SeedOf(key) >> 1),
            Temperature = (float)sampling.Temperature,
            TopP = (float)sampling.TopP,
            MaxOutputTokens = sampling.MaxTokens,
        }.WithCall(new CallIdentity(key, StableHash.Of(asked)));

    private static ChatMessage[] One(string prompt) => [new ChatMessage(ChatRole.User, prompt)];
}
