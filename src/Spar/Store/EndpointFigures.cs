using System.Text.Json.Serialization;

namespace Spar.Store;

/// <summary>What came of the requests to one server. For people; nothing is computed from it.</summary>
/// <param name="Endpoint">Its address.</param>
/// <param name="Model">The name by which it knows the model.</param>
public sealed record EndpointFigures(string Endpoint, string Model)
{
    /// <summary>Calls that it answered.</summary>
    public long Calls { get; init; }

    /// <summary>Requests in which it did; fewer than calls where one brought several answers (<c>n</c>).</summary>
    public long Requests { get; init; }

    /// <summary>Requests that were spared so.</summary>
    public long SparedRequests => Math.Max(0, Calls - Requests);

    /// <summary>Requests that it was asked because another server had them for long (<c>servers.hedge</c>).</summary>
    public long Hedged { get; init; }

    /// <summary>Tokens that it read, as far as it says.</summary>
    public long InputTokens { get; init; }

    /// <summary>Tokens that it generated, as far as it says.</summary>
    public long OutputTokens { get; init; }

    /// <summary>
    /// Requests that came to nothing, by kind: busy, down, timedOut, faulty (an error, a cut or unreadable answer),
    /// refused. A call that is asked again is counted each time.
    /// </summary>
    public IReadOnlyDictionary<string, long> Faults { get; init; } = new Dictionary<string, long>();

    /// <summary>Seconds in which it was given no calls because it did not answer.</summary>
    public double AwaySeconds { get; init; }

    /// <summary>What its tokens cost at the recipe's prices; null where it names none.</summary>
    public double? Cost { get; init; }

    /// <summary>The faults as people read them: "busy 3, down 1"; empty where there are none.</summary>
    [JsonIgnore]
    public string FaultsInWords => string.Join(", ", Faults
        .OrderBy(fault => fault.Key, StringComparer.Ordinal)
        .Select(fault => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{fault.Key} {fault.Value}")));

    /// <summary>Figures of the same server, added up.</summary>
    /// <param name="parts">At least one.</param>
    internal static EndpointFigures Sum(IReadOnlyList<EndpointFigures> parts) =>
        new(parts[0].Endpoint, parts[0].Model)
        {
            Calls = parts.Sum(one => one.Calls),
            Requests = parts.Sum(one => one.Requests),
            Hedged = parts.Sum(one => one.Hedged),
            InputTokens = parts.Sum(one => one.InputTokens),
            OutputTokens = parts.Sum(one => one.OutputTokens),
            Faults = parts.SelectMany(one => one.Faults).GroupBy(fault => fault.Key, StringComparer.Ordinal)
                .OrderBy(kind => kind.Key, StringComparer.Ordinal)
                .ToDictionary(kind => kind.Key, kind => kind.Sum(fault => fault.Value), StringComparer.Ordinal),
            AwaySeconds = Math.Round(parts.Sum(one => one.AwaySeconds), 1),
            Cost = parts.Any(one => one.Cost is not null) ? Math.Round(parts.Sum(one => one.Cost ?? 0), 6) : null,
        };
}
