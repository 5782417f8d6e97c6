using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Spar.Calls;

/// <summary>
/// Something that answers without being a model behind a server: a program's checks, a teacher, a search that asks
/// models itself. As a chat client it
/// has memo, bound and give-up rule like any other.
/// </summary>
/// <param name="answer">Gives the answer to messages and options; called from many threads.</param>
public sealed class FunctionChatClient(
    Func<IReadOnlyList<ChatMessage>, ChatOptions, CancellationToken, Task<Answer>> answer
) : IChatClient
{
    /// <inheritdoc/>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        CancellationToken cancellationToken = default
    ) =>
        (
            await answer([.. messages], options ?? new ChatOptions(), cancellationToken).ConfigureAwait(false)
        ).ToResponse();

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        ChatResponse response = await GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        foreach (ChatResponseUpdate update in response.ToChatResponseUpdates())
        {
            yield return update;
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        // A function holds nothing that has to be freed.
    }
}
