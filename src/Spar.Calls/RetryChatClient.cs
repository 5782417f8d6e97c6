using Microsoft.Extensions.AI;
using Polly;
using Polly.Retry;
using Spar.Ground;

namespace Spar.Calls;

/// <summary>A call failed for a reason that may pass: the server is busy, restarting, or cannot be reached.</summary>
/// <param name="message">What failed, and where.</param>
/// <param name="retryAfter">For how long the server asks to be left alone; null where it does not say.</param>
/// <param name="innerException">The fault underneath, if any.</param>
public sealed class TransientFaultException(
    string message,
    TimeSpan? retryAfter = null,
    Exception? innerException = null
) : UserFaultException(message, innerException)
{
    /// <summary>For how long the server asks to be left alone; null where it does not say.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;
}

/// <summary>How often and how soon a call is tried again.</summary>
public sealed record RetryOptions
{
    /// <summary>Tries after the first, at least 1.</summary>
    public int Retries { get; init; } = 5;

    /// <summary>
    /// Wait before the first of them; it doubles with each, and is spread at random so that calls that failed together
    /// do not return together.
    /// </summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait, also where the server asks for more.</summary>
    public TimeSpan MostDelay { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>
/// Tries calls again that failed for a reason that may pass (<see cref="TransientFaultException"/>), ever later; also
/// those that weigh words.
/// </summary>
public sealed class RetryChatClient : DelegatingChatClient, IAlternativesClient
{
    private readonly ResiliencePipeline _pipeline;

    /// <summary>Puts retries around a client.</summary>
    /// <param name="inner">Is asked.</param>
    /// <param name="options">How often and how soon.</param>
    /// <param name="time">The clock.</param>
    public RetryChatClient(IChatClient inner, RetryOptions options, TimeProvider time)
        : base(inner)
    {
        _pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(
                new RetryStrategyOptions
                {
                    ShouldHandle = new PredicateBuilder().Handle<TransientFaultException>(),
                    MaxRetryAttempts = options.Retries,
                    Delay = options.Delay,
                    MaxDelay = options.MostDelay,
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    DelayGenerator = attempt =>
                        ValueTask.FromResult(
                            attempt.Outcome.Exception is TransientFaultException { RetryAfter: { } asked }
                                ? (asked < options.MostDelay ? asked : options.MostDelay)
                                : (TimeSpan?)null
                        ),
                }
            )
            .Build();
    }

    /// <inheritdoc/>
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        CancellationToken cancellationToken = default
    ) =>
        await _pipeline
            .ExecuteAsync(
                async token => await base.GetResponseAsync(messages, options, token).ConfigureAwait(false),
                cancellationToken
            )
            .ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<WeighedResponse> GetWeighedResponseAsync(
        IReadOnlyList<ChatMessage> messages,
        ChatOptions options,
        Func<string, Alternatives?> find,
        CancellationToken cancellationToken
    )
    {
        IAlternativesClient weigher = (IAlternativesClient)InnerClient.GetService(typeof(IAlternativesClient))!;
        return await _pipeline
            .ExecuteAsync(
                async token =>
                    await weigher.GetWeighedResponseAsync(messages, options, find, token).ConfigureAwait(false),
                cancellationToken
            )
            .ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceType == typeof(IAlternativesClient) && InnerClient.GetService(serviceType, serviceKey) is null
            ? null
            : base.GetService(serviceType, serviceKey);
}

/// <summary>Adds <see cref="RetryChatClient"/> to a stack.</summary>
public static class RetryChatClientBuilderExtensions
{
    /// <summary>Calls that failed for a reason that may pass are tried again.</summary>
    /// <param name="builder">The stack.</param>
    /// <param name="options">How often and how soon; null for the usual.</param>
    /// <param name="time">The clock; the system's when null.</param>
    public static ChatClientBuilder UseRetry(
        this ChatClientBuilder builder,
        RetryOptions? options = null,
        TimeProvider? time = null
    ) => builder.Use(inner => new RetryChatClient(inner, options ?? new RetryOptions(), time ?? TimeProvider.System));
}
