using System.ClientModel;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using AiMessage = Microsoft.Extensions.AI.ChatMessage;
using AiReason = Microsoft.Extensions.AI.ChatFinishReason;

namespace Spar.Runtime.Endpoints;

/// <summary>
/// A model behind an OpenAI-compatible endpoint (vLLM, SGLang, llama.cpp, the public one). The bridge from the OpenAI library to
/// <see cref="IChatClient"/> is written here because the package that has it is not in the registry that builds reach.
/// </summary>
/// <param name="endpoint">Base address, such as http://localhost:8000/v1.</param>
/// <param name="model">The served model's name.</param>
/// <param name="apiKey">The key; servers that need none ignore it.</param>
public sealed class EndpointChatClient(Uri endpoint, string model, string apiKey) : IChatClient
{
    private readonly ChatClient _client = new(model, new ApiKeyCredential(apiKey), new OpenAIClientOptions { Endpoint = endpoint, NetworkTimeout = TimeSpan.FromMinutes(10) });

    /// <inheritdoc/>
    /// <exception cref="HttpRequestException">The endpoint cannot be reached, or answers with an error; the message names both.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<AiMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        try
        {
            ChatCompletion completion = await _client.CompleteChatAsync([.. messages.Select(ToMessage)], ToOptions(options), cancellationToken).ConfigureAwait(false);
            string text = string.Concat(completion.Content.Where(part => part.Kind == ChatMessageContentPartKind.Text).Select(part => part.Text));
            return new ChatResponse(new AiMessage(ChatRole.Assistant, text))
            {
                ModelId = completion.Model,
                FinishReason = completion.FinishReason switch
                {
                    OpenAI.Chat.ChatFinishReason.Length => AiReason.Length,
                    OpenAI.Chat.ChatFinishReason.ContentFilter => AiReason.ContentFilter,
                    _ => AiReason.Stop,
                },
                Usage = completion.Usage is ChatTokenUsage usage
                    ? new UsageDetails { InputTokenCount = usage.InputTokenCount, OutputTokenCount = usage.OutputTokenCount, TotalTokenCount = usage.TotalTokenCount }
                    : null,
            };
        }
        catch (ClientResultException e)
        {
            throw new HttpRequestException($"{endpoint} (model {model}): {e.Message.ReplaceLineEndings(" ")}", e);
        }
        catch (AggregateException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"{endpoint} cannot be reached: {e.InnerExceptions[^1].Message}", e);
        }
    }

    /// <inheritdoc/>
    /// <remarks>The whole answer comes as one update.</remarks>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<AiMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ChatResponse response = await GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        foreach (ChatResponseUpdate update in response.ToChatResponseUpdates())
        {
            yield return update;
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        // The library's client holds nothing that has to be freed.
    }

    private static OpenAI.Chat.ChatMessage ToMessage(AiMessage message) => message.Role.Value switch
    {
        "system" => new SystemChatMessage(message.Text),
        "assistant" => new AssistantChatMessage(message.Text),
        _ => new UserChatMessage(message.Text),
    };

    private static ChatCompletionOptions ToOptions(ChatOptions? options)
    {
        ChatCompletionOptions result = new()
        {
            Temperature = options?.Temperature,
            TopP = options?.TopP,
            MaxOutputTokenCount = options?.MaxOutputTokens,
        };
#pragma warning disable OPENAI001 // The seed is marked experimental by the library; servers have long had it.
        result.Seed = options?.Seed;
#pragma warning restore OPENAI001
        foreach (string stop in options?.StopSequences ?? [])
        {
            result.StopSequences.Add(stop);
        }

        return result;
    }
}
