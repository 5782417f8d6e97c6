using System.Diagnostics.Metrics;

namespace Spar.Runtime.Fleet;

/// <summary>Tells whoever listens to the meter <see cref="Name"/> how the servers of a process fare.</summary>
public sealed class FleetMeter : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string Name = "Spar.Fleet";

    private readonly Meter _meter = new(Name);

    /// <summary>Begins to tell.</summary>
    /// <param name="watch">Counts.</param>
    public FleetMeter(FleetWatch watch)
    {
        _meter.CreateObservableGauge(
            "spar.endpoint.in_flight", () => All(watch, state => state.InFlight), "{call}", "Calls that a server has in hand.");
        _meter.CreateObservableGauge(
            "spar.endpoint.limit", () => All(watch, state => state.Limit), "{call}", "Most calls that it is given at once.");
        _meter.CreateObservableGauge(
            "spar.endpoint.up", () => All(watch, state => state is { Away: null, Expelled: null, Limit: > 0 } ? 1 : 0),
            null, "1 while it is given calls, else 0.");
        _meter.CreateObservableCounter(
            "spar.endpoint.calls", () => All(watch, state => state.Figures.Calls), "{call}", "Calls that it answered.");
        _meter.CreateObservableCounter(
            "spar.endpoint.requests", () => All(watch, state => state.Figures.Requests), "{request}",
            "Requests in which it did.");
        _meter.CreateObservableCounter(
            "spar.endpoint.faults",
            () => watch.Look().SelectMany(state => state.Figures.Faults.Select(fault => new Measurement<long>(
                fault.Value, [.. Tags(state), new KeyValuePair<string, object?>("error.type", fault.Key)]))),
            "{request}", "Requests that came to nothing, by kind.");
        _meter.CreateObservableGauge(
            "spar.calls.waiting", () => (long)watch.Waiting, "{call}", "Calls that no server has room for.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<long>> All(FleetWatch watch, Func<EndpointState, long> value) =>
        watch.Look().Select(state => new Measurement<long>(value(state), Tags(state)));

    private static KeyValuePair<string, object?>[] Tags(EndpointState state)
    {
        Uri address = new(state.Figures.Endpoint);
        return
        [
            new("server.address", address.Host), new("server.port", address.Port),
            new("gen_ai.request.model", state.Figures.Model),
        ];
    }
}
