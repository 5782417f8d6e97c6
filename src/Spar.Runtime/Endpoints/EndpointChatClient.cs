using System.ClientModel;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using Spar.Seams;
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
public sealed class EndpointChatClient(Uri endpoint, string model, string apiKey) : IChatClient, IAlternativesClient
{
    // The most that the interface lets a client ask for.
    private const int TopLogProbabilities = 20;

    private readonly ChatClient _client = new(model, new ApiKeyCredential(apiKey), new OpenAIClientOptions { Endpoint = endpoint, NetworkTimeout = TimeSpan.FromMinutes(10) });

    /// <inheritdoc/>
    /// <exception cref="HttpRequestException">The endpoint cannot be reached, or answers with an error; the message names both.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<AiMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        ToResponse(await CompleteAsync(messages, ToOptions(options), cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    /// <exception cref="HttpRequestException">As for <see cref="GetResponseAsync"/>.</exception>
    public async Task<WeighedResponse> GetWeighedResponseAsync(
        IReadOnlyList<AiMessage> messages, ChatOptions options, Func<string, Alternatives?> find, CancellationToken cancellationToken)
    {
        ChatCompletionOptions request = ToOptions(options);
        request.IncludeLogProbabilities = true;
        request.TopLogProbabilityCount = TopLogProbabilities;
        ChatCompletion completion = await CompleteAsync(messages, request, cancellationToken).ConfigureAwait(false);
        ChatResponse response = ToResponse(completion);
        if (completion.ContentTokenLogProbabilities is not { Count: > 0 } tokens)
        {
            throw new SparException(
                $"{endpoint} (model {model}) gives no log-probabilities. Set judging.valuation to votes or adaptive, or switch log-probabilities on in the server.");
        }

        return new WeighedResponse(response, find(response.Text) is { } place
            ? AnswerTokens.Weigh([.. tokens.Select(token => new AnswerToken(token.Token, [.. token.TopLogProbabilities.Select(top => (top.Token, (double)top.LogProbability))]))], place)
            : null);
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

    private static ChatResponse ToResponse(ChatCompletion completion) => new(new AiMessage(
        ChatRole.Assistant, string.Concat(completion.Content.Where(part => part.Kind == ChatMessageContentPartKind.Text).Select(part => part.Text))))
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

    private async Task<ChatCompletion> CompleteAsync(IEnumerable<AiMessage> messages, ChatCompletionOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await _client.CompleteChatAsync([.. messages.Select(ToMessage)], options, cancellationToken).ConfigureAwait(false);
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
