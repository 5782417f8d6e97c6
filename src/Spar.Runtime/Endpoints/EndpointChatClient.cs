using System.ClientModel;
using System.ClientModel.Primitives;
using System.Globalization;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using Spar.Calls;
using Spar.Ground;
using AiMessage = Microsoft.Extensions.AI.ChatMessage;

namespace Spar.Runtime.Endpoints;

/// <summary>
/// A model behind an OpenAI-compatible endpoint (vLLM, SGLang, llama.cpp, the public one), over the OpenAI library and
/// its bridge to
/// <see cref="IChatClient"/>: faults name the endpoint and say whether waiting may help, and the weights of words come
/// from the tokens' log-probabilities.
/// It asks once; see <see cref="RetryChatClient"/>.
/// </summary>
public sealed class EndpointChatClient : DelegatingChatClient, IAlternativesClient
{
    // The most that the interface lets a client ask for.
    private const int TopLogProbabilities = 20;

    private readonly string _name;
    private readonly TimeProvider _time;

    /// <summary>A client of one served model.</summary>
    /// <param name="endpoint">Base address, such as http://localhost:8000/v1.</param>
    /// <param name="model">The served model's name.</param>
    /// <param name="apiKey">The key; servers that need none ignore it.</param>
    /// <param name="time">The clock by which a date in Retry-After is read; the system's when null.</param>
    public EndpointChatClient(Uri endpoint, string model, string apiKey, TimeProvider? time = null)
        : base(
            new ChatClient(
                model,
                new ApiKeyCredential(apiKey),
                new OpenAIClientOptions
                {
                    Endpoint = endpoint,
                    NetworkTimeout = TimeSpan.FromMinutes(10),
                    RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
                }
            ).AsIChatClient()
        )
    {
        _name = $"{endpoint} (model {model})";
        _time = time ?? TimeProvider.System;
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
    /// The endpoint cannot be reached, is busy or at fault (408, 409, 429, 5xx), or gave no readable answer.
    /// </exception>
    /// <exception cref="HttpRequestException">
    /// The endpoint refuses the call; the message names it and says why.
    /// </exception>
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<AiMessage> messages,
        ChatOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        try
        {
            return await base.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested && Explain(fault) is { } explained)
        {
            throw explained;
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
        ChatOptions asked = options.Clone();
        asked.RawRepresentationFactory = _ => new ChatCompletionOptions
        {
            IncludeLogProbabilities = true,
            TopLogProbabilityCount = TopLogProbabilities,
        };
        ChatResponse response = await GetResponseAsync(messages, asked, cancellationToken).ConfigureAwait(false);
        if (response.RawRepresentation is not ChatCompletion { ContentTokenLogProbabilities: { Count: > 0 } tokens })
        {
            throw new RunFaultException(
                $"{_name} gives no log-probabilities. Set judging.valuation to votes or adaptive, or switch "
                    + "log-probabilities on "
                    + "in the server."
            );
        }

        return new WeighedResponse(
            response,
            find(response.Text) is { } place
                ? AnswerTokens.Weigh([.. tokens.Select(ToToken)], place, response.Text)
                : null
        );
    }

    private static AnswerToken ToToken(ChatTokenLogProbabilityDetails token) =>
        new(token.Token, [.. token.TopLogProbabilities.Select(top => (top.Token, (double)top.LogProbability))])
        {
            Bytes = token.Utf8Bytes,
        };

    private Exception? Explain(Exception fault) =>
        fault switch
        {
            ClientResultException { Status: 408 or 409 or 429 or >= 500 } busy => new TransientFaultException(
                $"{_name}: {OneLine(busy)}",
                RetryAfter(busy.GetRawResponse()),
                busy
            ),
            ClientResultException { Status: > 0 } refused => new HttpRequestException(
                $"{_name}: {OneLine(refused)}",
                refused
            ),
            AggregateException { InnerExceptions: [.., Exception last] } => new TransientFaultException(
                $"{_name} cannot be reached: {OneLine(last)}",
                null,
                fault
            ),
            ClientResultException or HttpRequestException or IOException or OperationCanceledException =>
                new TransientFaultException($"{_name} cannot be reached: {OneLine(fault)}", null, fault),
            UserFaultException => null,
            _ => new TransientFaultException(
                $"{_name} gave an answer that cannot be read: {OneLine(fault)}",
                null,
                fault
            ),
        };

    // Seconds or a date, by HTTP's rules.
    private TimeSpan? RetryAfter(PipelineResponse? response)
    {
        if (response is null || !response.Headers.TryGetValue("Retry-After", out string? value))
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

    private static string OneLine(Exception fault) => fault.Message.ReplaceLineEndings(" ");
}
