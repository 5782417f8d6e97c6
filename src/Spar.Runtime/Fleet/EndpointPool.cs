using System.Globalization;
using Spar.Calls;
using Spar.Ground;
using Spar.Runtime.Endpoints;

namespace Spar.Runtime.Fleet;

/// <summary>
/// Gives calls to the endpoints of one served model: each to the endpoint with the fewest calls in flight for its weight,
/// but calls with the same prompt to the same one, whose cache then holds the prompt already. An endpoint is given as
/// many calls as its limit lets it have, and none while it does not answer; what finds no room waits in order. Used from
/// many threads.
/// </summary>
internal sealed class EndpointPool : IDisposable
{
    // Calls in a row that find nobody at an endpoint before it gets none any more.
    private const int MostMissed = 5;

    private static readonly double[] s_lookAgainSeconds = [1, 2, 4, 8, 15];

    private readonly CancellationTokenSource _closed = new();
    private readonly Lock _gate = new();
    private readonly PooledEndpoint[] _endpoints;
    private readonly LinkedList<Waiter> _waiting = new();
    private readonly RecentRoutes _routes = new();
    private readonly PoolOptions _options;
    private readonly TimeProvider _time;
    private readonly FleetWatch _watch;
    private long? _awaySince;
    private bool _everAnswered;

    /// <summary>A pool; nothing is sent yet.</summary>
    /// <param name="endpoints">At least one.</param>
    /// <param name="options">For how long servers are waited for.</param>
    /// <param name="time">The clock.</param>
    public EndpointPool(IReadOnlyList<ServedEndpoint> endpoints, PoolOptions options, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfZero(endpoints.Count);
        (_options, _time) = (options, time);
        FleetWatch watch = options.Watch ?? new FleetWatch();
        _endpoints = [.. endpoints.Select(one => new PooledEndpoint(one, options.MostInFlight, watch.Of(one), time))];
        watch.Opened(this);
        _watch = watch;
    }

    /// <summary>The endpoints, in the order in which they were given.</summary>
    public IReadOnlyList<PooledEndpoint> Endpoints => _endpoints;

    /// <summary>Calls that wait for room.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Sum(waiter => waiter.Calls);
            }
        }
    }

    /// <summary>How the endpoints fare now.</summary>
    public IReadOnlyList<PooledState> Look()
    {
        lock (_gate)
        {
            return
            [
                .. _endpoints.Select(one => new PooledState(
                    one.Counts, one.InFlight, one.Limit.Now,
                    one.AwaySince is { } since ? _time.GetElapsedTime(since) : null, one.Expelled)),
            ];
        }
    }

    /// <summary>
    /// The endpoint for a request, when there is one with room. It is the caller's until it is returned.
    /// </summary>
    /// <param name="prompt">The same for calls with the same prompt; null where nothing is known of it.</param>
    /// <param name="calls">Calls that the request is to answer, at least 1.</param>
    /// <param name="failed">
    /// Where the request has failed just now: another endpoint's room is waited for, as long as another one is there.
    /// Null for none.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ServersAwayException">No endpoint has answered for too long.</exception>
    /// <exception cref="RunFaultException">Every endpoint refuses all calls.</exception>
    public async Task<PoolLease> TakeAsync(
        ulong? prompt, int calls, PooledEndpoint? failed, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Waiter waiter = new(prompt, calls, failed);
        lock (_gate)
        {
            ThrowIfPointless();
            _waiting.AddLast(waiter);
            Serve();
        }

        using (cancellationToken.UnsafeRegister(
            static (state, token) => ((Waiter)state!).Found.TrySetCanceled(token), waiter))
        {
            return await waiter.Found.Task.ConfigureAwait(false);
        }
    }

    /// <summary>
    /// A place at another endpoint for a request that takes long; null where none has room now, or calls wait for it.
    /// </summary>
    /// <param name="lease">The request's place.</param>
    public PoolLease? TryTakeElsewhere(PoolLease lease)
    {
        lock (_gate)
        {
            if (_waiting.Count > 0
                || Least(_endpoints.Where(one => one != lease.Endpoint && one.HasRoomFor(lease.Calls))) is not { } other)
            {
                return null;
            }

            other.InFlight += lease.Calls;
            return lease with
            {
                Endpoint = other,
                Round = other.Limit.Round,
                AnsweredBefore = other.Answered,
                Began = _time.GetTimestamp(),
            };
        }
    }

    /// <summary>An answer came.</summary>
    /// <param name="lease">What <see cref="TakeAsync"/> gave.</param>
    /// <param name="tokens">Tokens of all calls' answers; null where the server does not say.</param>
    public void Return(PoolLease lease, long? tokens)
    {
        lock (_gate)
        {
            PooledEndpoint endpoint = lease.Endpoint;
            _everAnswered = true;
            endpoint.Answered++;
            endpoint.Missed = 0;
            TimeSpan taken = _time.GetElapsedTime(lease.Began);
            for (int i = 0; i < lease.Calls; i++)
            {
                // As many as there was room for, where one request more would have been too much.
                int most = endpoint.Limit.Now;
                endpoint.Limit.Answered(
                    endpoint.InFlight + lease.Calls > most ? Math.Max(most, endpoint.InFlight) : endpoint.InFlight,
                    taken, tokens / lease.Calls);
            }

            endpoint.InFlight -= lease.Calls;
            Serve();
        }
    }

    /// <summary>The call failed.</summary>
    /// <param name="lease">What <see cref="TakeAsync"/> gave.</param>
    /// <param name="fault">Why.</param>
    /// <returns>
    /// The kind of fault as it looks from here: who answers others while one call finds nobody is not down.
    /// </returns>
    public TransientKind? Return(PoolLease lease, Exception fault)
    {
        lock (_gate)
        {
            PooledEndpoint endpoint = lease.Endpoint;
            endpoint.InFlight -= lease.Calls;
            TransientKind? kind = (fault as TransientFaultException)?.Kind;
            if (kind is TransientKind.Busy or TransientKind.Down or TransientKind.TimedOut)
            {
                endpoint.Limit.Refused(lease.Round, endpoint.InFlight);
            }

            // Who answered another call meanwhile is there.
            if (kind is TransientKind.Down or TransientKind.TimedOut && endpoint.IsThere
                && endpoint.Answered == lease.AnsweredBefore)
            {
                endpoint.LastFault = fault.Message;
                if (++endpoint.Missed >= MostMissed)
                {
                    Leave(endpoint);
                }
            }

            Serve();
            return kind == TransientKind.Down && endpoint.IsThere && endpoint.Answered > lease.AnsweredBefore
                ? TransientKind.Faulty
                : kind;
        }
    }

    /// <summary>Whether calls can be given to somebody else.</summary>
    /// <param name="endpoint">An endpoint.</param>
    public bool HasOther(PooledEndpoint endpoint)
    {
        lock (_gate)
        {
            return _endpoints.Any(one => one != endpoint && one.IsThere);
        }
    }

    /// <summary>An endpoint refuses all calls, whatever they say, and is given none any more.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="why">What it said.</param>
    /// <exception cref="RunFaultException">It was the last one.</exception>
    public void Expel(PooledEndpoint endpoint, string why)
    {
        lock (_gate)
        {
            bool first = endpoint.Expelled is null;
            endpoint.Expelled ??= why;
            if (first && _endpoints.Any(one => one.Expelled is null))
            {
                Tell($"{why}. It gets no more calls; the pool's other servers go on.");
            }

            Serve();
            ThrowIfPointless();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _closed.Cancel();
        foreach (PooledState state in Look().Where(one => one.Away is not null))
        {
            state.Counts.WasAway(state.Away!.Value);
        }

        _watch.Closed(this);
        foreach (PooledEndpoint endpoint in _endpoints)
        {
            endpoint.Dispose();
        }
    }

    // It does not answer, and gets no more calls until it is back; what is in flight may end. Under the guard.
    private void Leave(PooledEndpoint endpoint)
    {
        endpoint.AwaySince = _time.GetTimestamp();
        int others = _endpoints.Count(one => one.IsThere);
        if (others == 0)
        {
            _awaySince ??= _time.GetTimestamp();
        }

        Tell(others > 0
            ? $"{endpoint.LastFault}. The pool goes on with {Count(others, "other server")} until it is back."
            : $"{endpoint.LastFault}. Waiting for the server, up to {Length(Patience)}.");
        _ = LookAgainAsync(endpoint);
    }

    private async Task LookAgainAsync(PooledEndpoint endpoint)
    {
        try
        {
            for (int i = 0; ; i++)
            {
                TimeSpan wait = TimeSpan.FromSeconds(s_lookAgainSeconds[Math.Min(i, s_lookAgainSeconds.Length - 1)]);
                await Task.Delay(wait, _time, _closed.Token).ConfigureAwait(false);
                string? fault = await endpoint.ProbeAsync(_closed.Token).ConfigureAwait(false);
                lock (_gate)
                {
                    if (fault is null)
                    {
                        Tell($"{endpoint.Endpoint.Name} answers again, after "
                            + $"{Length(_time.GetElapsedTime(endpoint.AwaySince!.Value))}.");
                        endpoint.Counts.WasAway(_time.GetElapsedTime(endpoint.AwaySince!.Value));
                        _awaySince = null;
                        endpoint.AwaySince = null;
                        endpoint.Missed = 0;
                        endpoint.Limit.Restart();
                        Serve();
                        return;
                    }

                    endpoint.LastFault = fault;
                    Serve();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The pool was closed.
        }
        catch (ObjectDisposedException)
        {
            // So was the client, with a question under way.
        }
    }

    private TimeSpan Patience => _everAnswered ? _options.Retry.Patience : _options.FirstPatience;

    // Gives the endpoints with room to whoever waits, in order; under the guard.
    private void Serve()
    {
        if (Pointless() is { } fault)
        {
            foreach (Waiter waiter in _waiting)
            {
                waiter.Found.TrySetException(fault);
            }

            _waiting.Clear();
            return;
        }

        for (LinkedListNode<Waiter>? node = _waiting.First; node is not null;)
        {
            Waiter waiter = node.Value;
            if (Choose(waiter) is not { } endpoint)
            {
                if (waiter.Failed is null)
                {
                    return;
                }

                // It waits for somebody else than those behind it need.
                node = node.Next;
                continue;
            }

            LinkedListNode<Waiter>? next = node.Next;
            _waiting.Remove(node);
            node = next;
            endpoint.InFlight += waiter.Calls;
            PoolLease lease = new(
                endpoint, waiter.Calls, waiter.Prompt, endpoint.Limit.Round, endpoint.Answered, _time.GetTimestamp());
            if (!waiter.Found.TrySetResult(lease))
            {
                endpoint.InFlight -= lease.Calls;
                continue;
            }

            if (waiter.Prompt is { } prompt)
            {
                _routes.Set(prompt, endpoint);
            }
        }
    }

    private PooledEndpoint? Choose(Waiter waiter)
    {
        PooledEndpoint? failed = waiter.Failed is { } one && HasOther(one) ? one : null;
        return waiter.Prompt is { } known && _routes.Find(known) is { } same && same != failed
            && same.HasRoomFor(waiter.Calls)
                ? same
                : Least(_endpoints.Where(one => one != failed && one.HasRoomFor(waiter.Calls)));
    }

    private static PooledEndpoint? Least(IEnumerable<PooledEndpoint> endpoints) =>
        endpoints.MinBy(one => one.Load);

    private void ThrowIfPointless()
    {
        if (Pointless() is { } fault)
        {
            throw fault;
        }
    }

    private UserFaultException? Pointless()
    {
        if (_endpoints.All(one => one.Expelled is not null))
        {
            return new RunFaultException(
                $"{string.Join("; ", _endpoints.Select(one => one.Expelled!.TrimEnd('.')))}. Mend it and run the same "
                + "command again; what was answered so far is kept.");
        }

        if (_awaySince is not { } since || _time.GetElapsedTime(since) < Patience)
        {
            return null;
        }

        IEnumerable<string> faults = _endpoints.Where(one => one.Expelled is null).Select(one => one.LastFault);
        return new ServersAwayException(
            $"{string.Join("; ", faults)}. It was waited for, {Length(_time.GetElapsedTime(since))} long.");
    }

    private void Tell(string notice) => _options.Notice?.Invoke(notice);

    private static string Count(int count, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");

    private static string Length(TimeSpan time) =>
        time.TotalMinutes >= 2
            ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0.#} minutes")
            : string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} seconds");

    private sealed record Waiter(ulong? Prompt, int Calls, PooledEndpoint? Failed)
    {
        // Whoever waits goes on elsewhere, not under the guard.
        public TaskCompletionSource<PoolLease> Found { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
