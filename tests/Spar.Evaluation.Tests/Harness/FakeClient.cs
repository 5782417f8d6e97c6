using Microsoft.Extensions.AI;

namespace Spar.Evaluation.Tests.Harness;

/// <summary>A chat client whose answer is computed from the last message and the options; counts its calls.</summary>
internal sealed class FakeClient(Func<string, ChatOptions, string> answer) : IChatClient
{
    private int _calls;

    public int Calls => _calls;

    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options,
        CancellationToken cancellationToken
    )
    {
        Interlocked.Increment(ref _calls);
        string text = answer(messages.Last().Text, options!);
        return Task.FromResult(
            new ChatResponse(new ChatMessage(ChatRole.Assistant, text)) { FinishReason = ChatFinishReason.Stop }
        );
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException();

    public object? GetService(Type serviceType, object? serviceKey) => null;

    public void Dispose() { }
}
