using System.Text.Json;

namespace Spar.Runtime.Endpoints;

/// <summary>One server that serves a model, and how it is to be asked.</summary>
/// <param name="Address">Base address, such as http://localhost:8000/v1.</param>
/// <param name="Model">The name by which the server knows the model.</param>
public sealed record ServedEndpoint(Uri Address, string Model)
{
    /// <summary>The key; null where the server needs none. It is never shown.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Headers that every request has. Their values may be secret and are never shown.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>Members that every request's body has beside what the call itself says.</summary>
    public IReadOnlyList<(string Name, JsonElement Value)> Body { get; init; } = [];

    /// <summary>Share of the calls in comparison with the other endpoints of a pool, above 0.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Most calls in flight; null finds out how many the server takes.</summary>
    public int? Concurrency { get; init; }

    /// <summary>
    /// Prices of a million tokens that it reads and of a million that it generates, in whatever money; null where none are
    /// known.
    /// </summary>
    public (double Read, double Generated)? Prices { get; init; }

    /// <summary>Address and model, as messages name it.</summary>
    public string Name => $"{Address} (model {Model})";

    /// <summary>Whatever of this endpoint is secret.</summary>
    internal IEnumerable<string> Secrets =>
        Headers.Select(header => header.Value).Append(ApiKey ?? "").Where(secret => secret.Length >= 6);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
