using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Spar.Web.Tests.Serving;

/// <summary>A model whose stream a test writes.</summary>
internal sealed class ScriptedModel(
    Func<IReadOnlyList<ChatMessage>, ChatOptions, CancellationToken, IAsyncEnumerable<string>> answer) : IChatClient
{
    /// <summary>A model that says its prompt again, its seed before it.</summary>
    public static ScriptedModel Echo { get; } = new((messages, options, _) =>
        new[] { $"{options.Seed} ", messages[^1].Text }.ToAsyncEnumerable());

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        await GetStreamingResponseAsync(messages, options, cancellationToken)
            .ToChatResponseAsync(cancellationToken: cancellationToken);

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (string piece in answer([.. messages], options ?? new ChatOptions(), cancellationToken))
        {
            yield return new ChatResponseUpdate(ChatRole.Assistant, piece);
        }

        yield return new ChatResponseUpdate(ChatRole.Assistant, [new UsageContent(new UsageDetails
        {
            InputTokenCount = 3,
            OutputTokenCount = 2,
        })])
        { FinishReason = ChatFinishReason.Stop };
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }
}
