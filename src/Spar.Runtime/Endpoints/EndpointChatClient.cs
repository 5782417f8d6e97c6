using System.ClientModel;
using System.ClientModel.Primitives;
using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using Spar.Calls;
using Spar.Ground;
using AiMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Spar.Runtime.Endpoints;

/// <summary>
/// A model behind an OpenAI-compatible endpoint (vLLM, SGLang, llama.cpp, Ollama, a gateway, the public one). The OpenAI
/// library carries the calls; what is sent and what comes back is written and read here, since servers differ in both
/// (<see cref="ChatRequest"/>, <see cref="ChatReply"/>). Faults name the endpoint, the model and the server's own words,
/// and say whether waiting may help. It asks once; see <see cref="RetryChatClient"/>.
/// </summary>
public sealed class EndpointChatClient : IChatClient, IAlternativesClient
{
    // A server of this project's own takes the whole seed, of which the body has what every server takes.
    private const string SeedHeader = "Spar-Seed";

    private readonly ChatClient _client;
    private readonly string _model;
    private readonly string _name;
    private readonly TimeProvider _time;
    private readonly TokenLimitName _limitName;

    /// <summary>A client of one served model.</summary>
    /// <param name="endpoint">Base address, such as http://localhost:8000/v1.</param>
    /// <param name="model">The served model's name.</param>
    /// <param name="apiKey">The key; servers that need none ignore it.</param>
    /// <param name="time">The clock by which a date in Retry-After is read; the system's when null.</param>
    public EndpointChatClient(Uri endpoint, string model, string apiKey, TimeProvider? time = null)
    {
        _client = new ChatClient(
            model,
            new ApiKeyCredential(apiKey),
            new OpenAIClientOptions
            {
                Endpoint = endpoint,
                NetworkTimeout = TimeSpan.FromMinutes(10),
                RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            });
        _model = model;
        _name = $"{endpoint} (model {model})";
        _time = time ?? TimeProvider.System;
        _limitName = new TokenLimitName(endpoint);
    }

    /// <summary>A client of one served model that asks again, ever later, when waiting may help.</summary>
    /// <param name="endpoint">Base address, such as http://localhost:8000/v1.</param>
    /// <param name="model">The served model's name.</param>
    /// <param name="apiKey">The key; servers that need none ignore it.</param>
    /// <param name="retry">How often and how soon; null for the usual.</param>
    /// <param name="time">The clock; the system's when null.</param>
    public static IChatClient WithRetries(
        Uri endpoint,
        string model,
        string apiKey,
        RetryOptions? retry = null,
        TimeProvider? time = null
    ) => new EndpointChatClient(endpoint, model, apiKey, time).AsBuilder().UseRetry(retry, time).Build();

    /// <inheritdoc/>
    /// <exception cref="TransientFaultException">
    /// The endpoint cannot be reached, is busy or at fault (408, 409, 425, 429, 5xx), or gave no readable answer.
    /// </exception>
    /// <exception cref="RefusedCallException">
    /// The endpoint refuses the call; the message names it and says why.
    /// </exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<AiMessage> messages,
        ChatOptions? options = null,
        CancellationToken cancellationToken = default
    ) =>
        (
            await AskAsync([.. messages], options ?? new ChatOptions(), weighs: false, cancellationToken)
                .ConfigureAwait(false)
        ).Response;

    /// <inheritdoc/>
    /// <remarks>The answer comes as a whole, as one update.</remarks>
    /// <exception cref="TransientFaultException">As for <see cref="GetResponseAsync"/>.</exception>
    /// <exception cref="RefusedCallException">As for <see cref="GetResponseAsync"/>.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<AiMessage> messages,
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
    /// <exception cref="RunFaultException">The endpoint gives no log-probabilities.</exception>
    public async Task<WeighedResponse> GetWeighedResponseAsync(
        IReadOnlyList<AiMessage> messages,
        ChatOptions options,
        Func<string, Alternatives?> find,
        CancellationToken cancellationToken
    )
    {
        ChatReply reply = await AskAsync(messages, options, weighs: true, cancellationToken).ConfigureAwait(false);
        string text = reply.Response.Text;
        if (reply.Tokens.Count == 0 && text.Length > 0)
        {
            throw new RunFaultException(
                $"{_name} gives no log-probabilities. Set judging.valuation to votes or adaptive, or switch "
                    + "log-probabilities on "
                    + "in the server."
            );
        }

        return new WeighedResponse(
            reply.Response,
            find(text) is { } place ? AnswerTokens.Weigh(OfText(reply.Tokens, text), place, text) : null
        );
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        // The library's client holds nothing that has to be freed.
    }

    // Where thoughts come apart from the text, the tokens may be those of both.
    private static IReadOnlyList<AnswerToken> OfText(IReadOnlyList<AnswerToken> tokens, string text)
    {
        string behind = "";
        for (int i = tokens.Count - 1; i > 0 && behind.Length < text.Length; i--)
        {
            behind = tokens[i].Text + behind;
            if (behind.AsSpan().Trim().SequenceEqual(text.AsSpan().Trim()))
            {
                return [.. tokens.Skip(i)];
            }
        }

        return tokens;
    }

    private async Task<ChatReply> AskAsync(
        IReadOnlyList<AiMessage> messages, ChatOptions options, bool weighs, CancellationToken cancellationToken)
    {
        string limitName = _limitName.Current;
        Reply reply = await SendAsync(limitName).ConfigureAwait(false);
        if (reply.Status is 400 or 404 or 422 or 500 && options.MaxOutputTokens is not null
            && TokenLimitName.Other(limitName, reply.Body) is { } other)
        {
            Reply second = await SendAsync(other).ConfigureAwait(false);
            if (second.Status is >= 200 and < 300)
            {
                _limitName.Took(other);
                reply = second;
            }
        }

        return Read(reply);

        Task<Reply> SendAsync(string name) =>
            PostAsync(ChatRequest.Write(_model, messages, options, name, weighs), options.Seed, cancellationToken);
    }

    private async Task<Reply> PostAsync(
        ReadOnlyMemory<byte> body, long? seed, CancellationToken cancellationToken)
    {
        RequestOptions options = new()
        {
            CancellationToken = cancellationToken,
            ErrorOptions = ClientErrorBehaviors.NoThrow,
        };
        if (seed is { } whole)
        {
            options.SetHeader(SeedHeader, whole.ToString(CultureInfo.InvariantCulture));
        }

        try
        {
            using BinaryContent content = BinaryContent.Create(BinaryData.FromBytes(body));
            ClientResult result = await _client.CompleteChatAsync(content, options).ConfigureAwait(false);
            using PipelineResponse response = result.GetRawResponse();
            return new Reply(response.Status, response.Content.ToString().TrimStart('\uFEFF'), RetryAfter(response));
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested && fault is not UserFaultException)
        {
            Exception last = fault is AggregateException { InnerExceptions: [.., { } inner] } ? inner : fault;
            throw new TransientFaultException(
                $"{_name} cannot be reached: {ServerWords.OneLine(last.Message)}", null, fault);
        }
    }

    private ChatReply Read(Reply reply)
    {
        if (reply.Status is < 200 or >= 300)
        {
            throw Fault(
                reply.Status,
                string.Create(CultureInfo.InvariantCulture, $"answered with status {reply.Status}"),
                ServerWords.Of(reply.Body),
                reply);
        }

        if (ReplyJson.Parse(reply.Body) is not { } json)
        {
            throw new TransientFaultException(
                $"{_name} gave an answer that cannot be read: it is no JSON but {ServerWords.Of(reply.Body)}");
        }

        if (ServerWords.Error(json) is { } error)
        {
            throw Fault(error.Status ?? 500, "answered with an error", error.Words, reply);
        }

        try
        {
            return ChatReply.Read(json);
        }
        catch (ReplyFaultException fault)
        {
            throw new TransientFaultException(
                $"{_name} gave an answer that cannot be used: {fault.Message}. It said: {ServerWords.Of(reply.Body)}",
                null,
                fault);
        }
    }

    // Whether waiting may help. A quota that is used up is reported like a rate limit, but does not come back.
    private Exception Fault(int status, string what, string words, Reply reply)
    {
        string message = $"{_name} {what}: {words}";
        bool passes = status is 408 or 409 or 425 or 429 or (>= 500 and not (501 or 505))
            && !reply.Body.Contains("insufficient_quota", StringComparison.OrdinalIgnoreCase);
        return passes
            ? new TransientFaultException(message, reply.RetryAfter)
            : new RefusedCallException(message, status);
    }

    // Seconds or a date, by HTTP's rules.
    private TimeSpan? RetryAfter(PipelineResponse response)
    {
        if (!response.Headers.TryGetValue("Retry-After", out string? value))
        {
            return null;
        }

        TimeSpan? wait =
            double.TryParse(value, CultureInfo.InvariantCulture, out double seconds)
                ? TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 1e6))
            : DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, out DateTimeOffset date)
                ? date - _time.GetUtcNow()
            : null;
        return wait > TimeSpan.Zero ? wait : null;
    }

    private sealed record Reply(int Status, string Body, TimeSpan? RetryAfter);
}
