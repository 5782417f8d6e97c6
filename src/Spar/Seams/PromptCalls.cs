using Microsoft.Extensions.AI;
using Spar.Calls;

namespace Spar.Seams;

/// <summary>How a prompt is put to the model that is to answer it: turn by turn.</summary>
public static class PromptCalls
{
    /// <summary>Asks once, or takes the kept answer; as <see cref="ModelCaller"/> does.</summary>
    /// <param name="actor">The model.</param>
    /// <param name="key">The call's name, unique in the run.</param>
    /// <param name="prompt">The prompt; the turns before its text are sent as the turns that they are.</param>
    /// <param name="sampling">How to sample the answer.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CallFailedException">The call failed.</exception>
    public static Task<Answer> AskAsync(
        this ModelCaller actor,
        string key,
        Prompt prompt,
        Sampling sampling,
        CancellationToken cancellationToken
    ) =>
        prompt.Context is { Count: > 0 }
            ? actor.AskAsync(key, Turns(prompt), sampling, cancellationToken)
            : actor.AskAsync(key, prompt.Text, sampling, cancellationToken);

    /// <summary>Asks several times, as <see cref="ModelCaller"/> does.</summary>
    /// <param name="actor">The model.</param>
    /// <param name="keys">The calls' names, each unique in the run.</param>
    /// <param name="prompt">The prompt; the turns before its text are sent as the turns that they are.</param>
    /// <param name="sampling">How to sample the answers.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The answers as they come, in the order of the keys; each fails by itself.</returns>
    /// <exception cref="CallFailedException">A call failed.</exception>
    public static IReadOnlyList<Task<Answer>> AskEach(
        this ModelCaller actor,
        IReadOnlyList<string> keys,
        Prompt prompt,
        Sampling sampling,
        CancellationToken cancellationToken
    ) =>
        prompt.Context is { Count: > 0 }
            ? actor.AskEach(keys, Turns(prompt), sampling, cancellationToken)
            : actor.AskEach(keys, prompt.Text, sampling, cancellationToken);

    private static IReadOnlyList<ChatMessage> Turns(Prompt prompt) =>
    [
        .. prompt.Context!.Select(turn => new ChatMessage(new ChatRole(turn.Role), turn.Text)),
        new ChatMessage(ChatRole.User, prompt.Text),
    ];
}
