using Spar.Calls;

namespace Spar.Runtime.Fleet;

/// <summary>How the endpoints of a served model are asked, and for how long they are waited for.</summary>
public sealed record PoolOptions
{
    /// <summary>
    /// How often and how soon a failed call is tried again, and for how long one waits for servers that are busy or
    /// down once they have answered.
    /// </summary>
    public RetryOptions Retry { get; init; } = new() { Patience = TimeSpan.FromMinutes(30) };

    /// <summary>For how long servers are waited for that have never answered: the address may be wrong.</summary>
    public TimeSpan FirstPatience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a server may take for the first token of an answer.</summary>
    public TimeSpan FirstToken { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long it may take, in addition, for each token that the answer may have.</summary>
    public TimeSpan Token { get; init; } = TimeSpan.FromSeconds(0.1);

    /// <summary>Most calls that will ever be in flight, at least 1.</summary>
    public int MostInFlight { get; init; } = 256;

    /// <summary>
    /// Whether calls that ask the same are made with one request for several answers (<c>n</c>), as long as the servers
    /// give them.
    /// </summary>
    public bool Groups { get; init; }

    /// <summary>
    /// A request that takes longer than this share of those of its kind is asked at a second server too; null never is.
    /// </summary>
    public double? Hedge { get; init; }

    /// <summary>Counts what servers do; null counts for nobody.</summary>
    public FleetWatch? Watch { get; init; }

    /// <summary>Is told what the user should know, a sentence each; called from many threads. Null for nobody.</summary>
    public Action<string>? Notice { get; init; }
}
