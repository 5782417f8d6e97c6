using System.Net;

namespace Spar.Web.Serving;

/// <summary>Where and for whom a server answers, and how much it takes on.</summary>
public sealed record ServerOptions
{
    /// <summary>The address to listen at; this machine alone unless a key is asked for.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port; 0 takes a free one.</summary>
    public int Port { get; init; } = 8000;

    /// <summary>The key that requests have to bring (<c>Authorization: Bearer KEY</c>); null asks for none.</summary>
    public string? Key { get; init; }

    /// <summary>Most requests that are answered at the same time, at least 1.</summary>
    public int MaxConcurrency { get; init; } = 512;

    /// <summary>Most requests that wait for their turn, 0 and up; those beyond get the status 429.</summary>
    public int MaxWaiting { get; init; } = 4096;

    /// <summary>Most bytes of a request's body.</summary>
    public int MaxBodyBytes { get; init; } = 4 << 20;
}
