using Microsoft.Extensions.AI;

namespace Spar.Tests.Fakes;

/// <summary>A chat client that answers by a function of prompt and options.</summary>
internal sealed class ScriptedClient(
    Func<string, ChatOptions, Task<string>> answer, Action? disposed = null, string finish = "stop") : IChatClient
{
    public ScriptedClient(Func<string, string> answer)
        : this((prompt, _) => Task.FromResult(answer(prompt)))
    {
    }

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ChatMessage[] turns = [.. messages];
        Assert.Equal(ChatRole.User, turns[^1].Role);
        string prompt = string.Join('\n', turns.Select(turn => turn.Text));
        string text = await answer(prompt, options!);
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, text))
        {
            FinishReason = new ChatFinishReason(finish),
            Usage = new UsageDetails { InputTokenCount = prompt.Length, OutputTokenCount = text.Length },
        };
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose() => disposed?.Invoke();
}
