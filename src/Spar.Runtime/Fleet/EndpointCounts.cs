using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Runtime.Endpoints;
using Spar.Store;

namespace Spar.Runtime.Fleet;

/// <summary>Counts what came of the requests to one server, whichever pools ask it. Used from many threads.</summary>
/// <param name="endpoint">The server.</param>
internal sealed class EndpointCounts(ServedEndpoint endpoint)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _faults = new(StringComparer.Ordinal);
    private long _calls;
    private long _requests;
    private long _input;
    private long _output;
    private long _hedged;
    private TimeSpan _away;

    /// <summary>The server.</summary>
    public ServedEndpoint Endpoint => endpoint;

    /// <summary>A request was answered.</summary>
    /// <param name="response">The response; it may bring the answers to several calls.</param>
    public void Answered(ChatResponse response)
    {
        lock (_gate)
        {
            _requests++;
            _calls += response.Answers()?.Count(answer => answer is not null) ?? 1;
            _input += response.Usage?.InputTokenCount ?? 0;
            _output += response.Usage?.OutputTokenCount ?? 0;
        }
    }

    /// <summary>A request came to nothing.</summary>
    /// <param name="fault">Why.</param>
    public void Failed(Exception fault)
    {
        string? kind = KindOf(fault);
        if (kind is not null)
        {
            lock (_gate)
            {
                _faults[kind] = _faults.GetValueOrDefault(kind) + 1;
            }
        }
    }

    /// <summary>What a fault is called; null for one that is not the server's, such as a call that was given up.</summary>
    /// <param name="fault">The fault.</param>
    public static string? KindOf(Exception fault) => fault switch
    {
        TransientFaultException { Kind: TransientKind.Busy } => "busy",
        TransientFaultException { Kind: TransientKind.Down } => "down",
        TransientFaultException { Kind: TransientKind.TimedOut } => "timedOut",
        TransientFaultException => "faulty",
        RefusedCallException => "refused",
        _ => null,
    };

    /// <summary>It is asked what another server has had for long.</summary>
    public void Hedged()
    {
        lock (_gate)
        {
            _hedged++;
        }
    }

    /// <summary>It was away.</summary>
    /// <param name="time">For how long.</param>
    public void WasAway(TimeSpan time)
    {
        lock (_gate)
        {
            _away += time;
        }
    }

    /// <summary>The counts so far.</summary>
    /// <param name="away">For how long it is away now.</param>
    public EndpointFigures Figures(TimeSpan away)
    {
        lock (_gate)
        {
            return new EndpointFigures(endpoint.Address.ToString(), endpoint.Model)
            {
                Calls = _calls,
                Requests = _requests,
                Hedged = _hedged,
                InputTokens = _input,
                OutputTokens = _output,
                Faults = new Dictionary<string, long>(_faults, StringComparer.Ordinal),
                AwaySeconds = (_away + away).TotalSeconds,
                Cost = endpoint.Prices is var (read, generated)
                    ? Math.Round(((read * _input) + (generated * _output)) / 1e6, 6) : null,
            };
        }
    }
}
