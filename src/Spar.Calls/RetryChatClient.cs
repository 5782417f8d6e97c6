using Microsoft.Extensions.AI;
using Polly;
using Polly.Retry;
using Spar.Ground;

namespace Spar.Calls;

/// <summary>What kind of fault may pass, which says how long it is worth waiting for.</summary>
public enum TransientKind
{
    /// <summary>This call went wrong: an error of the server's, an answer that cannot be read, a cut connection.</summary>
    Faulty,

    /// <summary>No answer came in the time that one may take.</summary>
    TimedOut,

    /// <summary>The server takes no more calls for now. It is not the call's fault.</summary>
    Busy,

    /// <summary>Nobody can be reached, or a gateway says that nobody is behind it. It is not the call's fault.</summary>
    Down,
}

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

    /// <summary>What kind of fault it is.</summary>
    public TransientKind Kind { get; init; }
}

/// <summary>How often and how soon a call is tried again.</summary>
public sealed record RetryOptions
{
    /// <summary>Tries after the first, at least 1. A try that took all its time counts for two.</summary>
    public int Retries { get; init; } = 9;

    /// <summary>
    /// Wait before the first of them; it doubles with each, and is spread at random so that calls that failed together
    /// do not return together.
    /// </summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait, also where the server asks for more.</summary>
    public TimeSpan MostDelay { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// For how long a call waits, from its first fault on, for a server that is busy or down; such tries are not
    /// counted. Zero counts them like others.
    /// </summary>
    public TimeSpan Patience { get; init; }

    /// <summary>Decides how waits are spread.</summary>
    public ulong Seed { get; init; }

    /// <summary>Is told of a wait that a server asked for, and of the fault; called from many threads.</summary>
    public Action<TransientFaultException, TimeSpan>? Waiting { get; init; }
}

/// <summary>
/// Tries calls again that failed for a reason that may pass (<see cref="TransientFaultException"/>), ever later; also
/// those that weigh words.
/// </summary>
public sealed class RetryChatClient : DelegatingChatClient, IAlternativesClient
{
    // A call that takes all its time and is tried as often as others would take an hour.
    private const int WeightOfTimeOut = 2;

    private static readonly ResiliencePropertyKey<CallFaults> s_faults = new("spar.faults");

    private readonly ResiliencePipeline _pipeline;

    /// <summary>Puts retries around a client.</summary>
    /// <param name="inner">Is asked.</param>
    /// <param name="options">How often and how soon.</param>
    /// <param name="time">The clock.</param>
    public RetryChatClient(IChatClient inner, RetryOptions options, TimeProvider time)
        : base(inner)
    {
        SeededRandom random = SeededRandom.Scrambled(options.Seed);
        Lock drawing = new();
        _pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(
                new RetryStrategyOptions
                {
                    ShouldHandle = attempt => ValueTask.FromResult(
                        attempt.Outcome.Exception is TransientFaultException fault
                        && attempt.Context.Properties.GetValue(s_faults, null!).MayPass(fault, options, time)),
                    MaxRetryAttempts = int.MaxValue,
                    Delay = options.Delay,
                    MaxDelay = options.MostDelay,
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    Randomizer = Draw,
                    DelayGenerator = attempt => ValueTask.FromResult(Delay(attempt.Outcome.Exception)),
                }
            )
            .Build();

        double Draw()
        {
            lock (drawing)
            {
                return random.NextDouble();
            }
        }

        // Null leaves it to the strategy. Whoever is down is waited for by who knows when it is back, not here.
        TimeSpan? Delay(Exception? outcome)
        {
            if (outcome is not TransientFaultException fault)
            {
                return null;
            }

            if (fault.RetryAfter is { } asked)
            {
                TimeSpan wait = asked < options.MostDelay ? asked : options.MostDelay;
                options.Waiting?.Invoke(fault, wait);
                return wait;
            }

            return fault.Kind == TransientKind.Down && options.Patience > TimeSpan.Zero
                ? options.Delay * (0.5 + Draw())
                : null;
        }
    }

    /// <inheritdoc/>
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        CancellationToken cancellationToken = default
    ) =>
        await ExecuteAsync(token => base.GetResponseAsync(messages, options, token), cancellationToken)
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
        return await ExecuteAsync(
            token => weigher.GetWeighedResponseAsync(messages, options, find, token), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceType == typeof(IAlternativesClient) && InnerClient.GetService(serviceType, serviceKey) is null
            ? null
            : base.GetService(serviceType, serviceKey);

    private async Task<T> ExecuteAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        ResilienceContext context = ResilienceContextPool.Shared.Get(cancellationToken);
        try
        {
            context.Properties.Set(s_faults, new CallFaults());
            return await _pipeline
                .ExecuteAsync(
                    async (attempt, once) => await once(attempt.CancellationToken).ConfigureAwait(false), context, ask)
                .ConfigureAwait(false);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    // What went wrong with one call so far.
    private sealed class CallFaults
    {
        private long? _first;
        private int _counted;

        public bool MayPass(TransientFaultException fault, RetryOptions options, TimeProvider time)
        {
            long first = _first ??= time.GetTimestamp();
            if (fault.Kind is TransientKind.Busy or TransientKind.Down && options.Patience > TimeSpan.Zero)
            {
                return time.GetElapsedTime(first) < options.Patience;
            }

            _counted += fault.Kind == TransientKind.TimedOut ? WeightOfTimeOut : 1;
            return _counted <= options.Retries;
        }
    }
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
