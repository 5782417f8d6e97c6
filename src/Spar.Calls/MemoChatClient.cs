using Microsoft.Extensions.AI;

namespace Spar.Calls;

/// <summary>
/// Takes the answer to a named call from a memo, or asks and keeps the answer. What fails is never kept.
/// </summary>
/// <param name="inner">Is asked.</param>
/// <param name="memo">Keeps answers.</param>
public sealed class MemoChatClient(IChatClient inner, ICallMemo memo) : DelegatingChatClient(inner)
{
    /// <inheritdoc/>
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (options.Call() is not { } call)
        {
            return await base.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        }

        if (memo.Find(call.Key, call.Fingerprint) is { } kept)
        {
            return kept.ToResponse(kept: true);
        }

        ChatResponse response = await base.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        memo.Keep(call.Key, call.Fingerprint, response.ToAnswer());
        return response;
    }
}

/// <summary>Adds <see cref="MemoChatClient"/> to a stack.</summary>
public static class MemoChatClientBuilderExtensions
{
    /// <summary>Answers that a memo has are taken from it, others are kept in it.</summary>
    /// <param name="builder">The stack.</param>
    /// <param name="memo">The memo; stays the caller's. Null keeps nothing.</param>
    public static ChatClientBuilder UseMemo(this ChatClientBuilder builder, ICallMemo? memo) =>
        memo is null ? builder : builder.Use(inner => new MemoChatClient(inner, memo));
}
