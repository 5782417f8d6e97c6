using System.Collections.Concurrent;
using Spar.Runtime.Endpoints;
using Spar.Store;

namespace Spar.Runtime.Fleet;

/// <summary>How a server fares now.</summary>
/// <param name="Figures">What it did so far.</param>
/// <param name="InFlight">Calls that it has in hand.</param>
/// <param name="Limit">Most calls that it is given at once; 0 where no pool is open.</param>
/// <param name="Away">For how long it has not answered; null while it is there.</param>
/// <param name="Expelled">Why it is given no calls any more; null where it is.</param>
public sealed record EndpointState(
    EndpointFigures Figures, int InFlight, int Limit, TimeSpan? Away, string? Expelled);

/// <summary>
/// Watches all servers that a process asks, over all pools that it opens and closes: what each did so far, and how it
/// fares now. Has no say in anything. Used from many threads.
/// </summary>
public sealed class FleetWatch
{
    private readonly ConcurrentDictionary<(Uri Address, string Model), EndpointCounts> _counts = [];
    private readonly ConcurrentDictionary<EndpointPool, bool> _pools = [];

    /// <summary>Calls that no server has room for now.</summary>
    public int Waiting => _pools.Keys.Sum(pool => pool.Waiting);

    /// <summary>The servers that were asked, in the order of their addresses.</summary>
    public IReadOnlyList<EndpointState> Look()
    {
        ILookup<EndpointCounts, PooledState> now = _pools.Keys.SelectMany(pool => pool.Look())
            .ToLookup(one => one.Counts);
        return
        [
            .. _counts.Values
                .OrderBy(one => one.Endpoint.Address.ToString(), StringComparer.Ordinal)
                .ThenBy(one => one.Endpoint.Model, StringComparer.Ordinal)
                .Select(one => new EndpointState(
                    one.Figures(now[one].Max(state => state.Away) ?? TimeSpan.Zero),
                    now[one].Sum(state => state.InFlight),
                    now[one].Sum(state => state.Limit),
                    now[one].Max(state => state.Away),
                    now[one].Select(state => state.Expelled).FirstOrDefault(why => why is not null))),
        ];
    }

    /// <summary>What the servers did so far, in the order of their addresses.</summary>
    public IReadOnlyList<EndpointFigures> Figures() => [.. Look().Select(one => one.Figures)];

    internal EndpointCounts Of(ServedEndpoint endpoint) =>
        _counts.GetOrAdd((endpoint.Address, endpoint.Model), _ => new EndpointCounts(endpoint));

    internal void Opened(EndpointPool pool) => _pools[pool] = true;

    internal void Closed(EndpointPool pool) => _pools.TryRemove(pool, out _);
}

/// <summary>How an endpoint of a pool fares now.</summary>
/// <param name="Counts">Its counts.</param>
/// <param name="InFlight">Calls in flight.</param>
/// <param name="Limit">Most of them.</param>
/// <param name="Away">For how long it is away; null while it is there.</param>
/// <param name="Expelled">Why it is given no calls any more; null where it is.</param>
internal sealed record PooledState(EndpointCounts Counts, int InFlight, int Limit, TimeSpan? Away, string? Expelled);
