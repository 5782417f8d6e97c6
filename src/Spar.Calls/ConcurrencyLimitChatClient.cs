using Microsoft.Extensions.AI;

namespace Spar.Calls;

/// <summary>Lets a bounded number of calls through at once; the others wait.</summary>
/// <param name="inner">Is asked.</param>
/// <param name="slots">
/// One for each call that may be in flight; stacks that share it share the bound. Stays the caller's.
/// </param>
public sealed class ConcurrencyLimitChatClient(IChatClient inner, SemaphoreSlim slots) : DelegatingChatClient(inner)
{
    /// <inheritdoc/>
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        await slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await base.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            slots.Release();
        }
    }
}

/// <summary>Adds <see cref="ConcurrencyLimitChatClient"/> to a stack.</summary>
public static class ConcurrencyLimitChatClientBuilderExtensions
{
    /// <summary>Bounds the calls in flight.</summary>
    /// <param name="builder">The stack.</param>
    /// <param name="slots">One for each call that may be in flight; several stacks may share it.</param>
    public static ChatClientBuilder UseConcurrencyLimit(this ChatClientBuilder builder, SemaphoreSlim slots) =>
        builder.Use(inner => new ConcurrencyLimitChatClient(inner, slots));
}
