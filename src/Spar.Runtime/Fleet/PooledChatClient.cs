using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Runtime.Endpoints;

namespace Spar.Runtime.Fleet;

/// <summary>
/// A model that one server serves or several do. A call goes to one of them, within a limit of time; where it is asked
/// again, see <see cref="RetryChatClient"/>, it may be another one. A call that fails at one server for a reason that may
/// pass is asked once at another one before it counts as failed. Which server answers has no say in the answer.
/// </summary>
public sealed class PooledChatClient : IManyAnswersClient, IAlternativesClient
{
    // What a call without a limit may take.
    private const int UsualTokens = 2048;

    private readonly EndpointPool _pool;
    private readonly PoolOptions _options;
    private readonly Hedging? _hedging;

    private PooledChatClient(EndpointPool pool, PoolOptions options, TimeProvider time)
    {
        (_pool, _options) = (pool, options);
        _hedging = options.Hedge is { } share && pool.Endpoints.Count > 1
            ? new Hedging(pool, new UsualTimes(share), time) : null;
    }

    /// <summary>Opens a served model; nothing is sent yet.</summary>
    /// <param name="endpoints">Who serves it; at least one.</param>
    /// <param name="options">How it is asked, and for how long it is waited for; null for the usual.</param>
    /// <param name="time">The clock; the system's when null.</param>
    /// <returns>
    /// A client that asks again when waiting may help. It throws <see cref="RefusedCallException"/> where it does not,
    /// <see cref="TransientFaultException"/> where a call failed too often, <see cref="ServersAwayException"/> where no
    /// server came back in time, and <see cref="RunFaultException"/> where none takes the key.
    /// </returns>
    public static IChatClient Open(
        IReadOnlyList<ServedEndpoint> endpoints, PoolOptions? options = null, TimeProvider? time = null)
    {
        options ??= new PoolOptions();
        time ??= TimeProvider.System;
        WaitNotices notices = new(options.Notice, time);
        EndpointPool pool = new(endpoints, options, time);
        return new PooledChatClient(pool, options, time).AsBuilder()
            .UseRetry(options.Retry with { Waiting = notices.Tell }, time).Build();
    }

    /// <inheritdoc/>
    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ChatMessage[] turns = [.. messages];
        return AskAsync(
            options,
            (client, token) => client.GetResponseAsync(turns, options, token),
            response => response,
            cancellationToken);
    }

    /// <inheritdoc/>
    /// <remarks>The answer comes as a whole, as one update.</remarks>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ChatResponse response = await GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        foreach (ChatResponseUpdate update in response.ToChatResponseUpdates())
        {
            yield return update;
        }
    }

    /// <inheritdoc/>
    public Task<WeighedResponse> GetWeighedResponseAsync(
        IReadOnlyList<ChatMessage> messages,
        ChatOptions options,
        Func<string, Alternatives?> find,
        CancellationToken cancellationToken) =>
        AskAsync(
            options,
            (client, token) => client.GetWeighedResponseAsync(messages, options, find, token),
            weighed => weighed.Response,
            cancellationToken);

    /// <inheritdoc/>
    /// <remarks>Its metadata tell the name by which the servers know the model.</remarks>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null || (serviceType == typeof(IManyAnswersClient) && !_options.Groups) ? null
        : serviceType == typeof(ChatClientMetadata)
            ? new ChatClientMetadata("openai", null, _pool.Endpoints[0].Endpoint.Model)
        : serviceType.IsInstanceOfType(this) ? this
        : null;

    /// <inheritdoc/>
    public void Dispose() => _pool.Dispose();

    private async Task<T> AskAsync<T>(
        ChatOptions? options,
        Func<TracedEndpoint, CancellationToken, Task<T>> ask,
        Func<T, ChatResponse> response,
        CancellationToken cancellationToken)
    {
        TimeSpan deadline = _options.FirstToken + ((options?.MaxOutputTokens ?? UsualTokens) * _options.Token);
        PooledEndpoint? failed = null;
        while (true)
        {
            PoolLease lease = await _pool
                .TakeAsync(options.Call()?.Fingerprint, options.Seeds()?.Count ?? 1, failed, cancellationToken)
                .ConfigureAwait(false);
            try
            {
                T answer;
                if (_hedging is null)
                {
                    answer = await lease.Endpoint.AskAsync(ask, deadline, cancellationToken).ConfigureAwait(false);
                }
                else
                {
                    (answer, lease) = await _hedging.AskAsync(
                        lease, (options?.MaxOutputTokens ?? UsualTokens) * (long)lease.Calls,
                        (endpoint, token) => endpoint.AskAsync(ask, deadline, token), cancellationToken)
                        .ConfigureAwait(false);
                }

                lease.Endpoint.Counts.Answered(response(answer));
                _pool.Return(lease, response(answer).Usage?.OutputTokenCount);
                return answer;
            }
            catch (TransientFaultException fault)
            {
                lease.Endpoint.Counts.Failed(fault);
                TransientKind? kind = _pool.Return(lease, fault);
                if (failed is null && _pool.HasOther(lease.Endpoint))
                {
                    failed = lease.Endpoint;
                    continue;
                }

                if (kind is not null && kind != fault.Kind)
                {
                    throw new TransientFaultException(fault.Message, fault.RetryAfter, fault) { Kind = kind.Value };
                }

                throw;
            }
            catch (RefusedCallException fault) when (fault.Status == 401)
            {
                // No other call would fare better there.
                lease.Endpoint.Counts.Failed(fault);
                _pool.Return(lease, fault);
                _pool.Expel(lease.Endpoint, fault.Message);
            }
            catch (Exception fault)
            {
                lease.Endpoint.Counts.Failed(fault);
                _pool.Return(lease, fault);
                throw;
            }
        }
    }
}
