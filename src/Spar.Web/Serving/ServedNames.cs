using System.Globalization;
using Microsoft.Extensions.AI;
using Spar.Decoding;

namespace Spar.Web.Serving;

/// <summary>
/// The names that a server answers to: each model's own, and <c>NAME:STRATEGY</c> for the model with a decoding
/// strategy, such as <c>nano:bfs</c>. Strategies that take several responses of the actor may say how many:
/// <c>nano:best-of-8</c>, <c>nano:restarts-3</c>.
/// </summary>
public sealed class ServedNames
{
    private const string BestOfN = "best-of-n";
    private const string UsualBestOf = "best-of-8";
    private const string Restarts = "restarts";
    private const int MostSamples = 64;

    private readonly Dictionary<string, (IChatClient Client, Action<DecodingChatClient> Configure)> _models =
        new(StringComparer.Ordinal);

    /// <summary>Serves a model under a name.</summary>
    /// <param name="name">The name; without a colon.</param>
    /// <param name="client">The model; stays the caller's.</param>
    /// <param name="configure">Sets up each of its searches: the refiner, the templates, votes and limits.</param>
    /// <exception cref="ArgumentException">The name is taken, or has a colon.</exception>
    public void Add(string name, IChatClient client, Action<DecodingChatClient> configure)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (name.Contains(':', StringComparison.Ordinal))
        {
            throw new ArgumentException("A model's name has no colon: it begins the strategy's.", nameof(name));
        }

        _models.Add(name, (client, configure));
    }

    /// <summary>All names, as a client may list them: each model's own, then those of its searches.</summary>
    public IEnumerable<string> Names => _models.Keys.SelectMany(name => DecodingStrategies.Names
        .Where(strategy => strategy != DecodingStrategies.Greedy)
        .Select(strategy => $"{name}:{(strategy == BestOfN ? UsualBestOf : strategy)}")
        .Prepend(name));

    /// <summary>Who answers to a name.</summary>
    /// <param name="name">As a client gives it.</param>
    /// <exception cref="ApiFaultException">Nobody does.</exception>
    internal Responder Find(string name)
    {
        if (_models.TryGetValue(name, out (IChatClient Client, Action<DecodingChatClient> Configure) model))
        {
            return new Responder(model.Client);
        }

        int colon = name.LastIndexOf(':');
        if (colon > 0 && _models.TryGetValue(name[..colon], out model)
            && Strategy(name[(colon + 1)..]) is { } search)
        {
            DecodingChatClient client = new(model.Client, search.Name);
            model.Configure(client);
            client.Samples = search.Samples ?? client.Samples;
            return new Responder(client);
        }

        throw new ApiFaultException(
            404, $"The model '{name}' is not served here. Served are: {string.Join(", ", Names)}.", "model",
            "model_not_found");
    }

    private static (string Name, int? Samples)? Strategy(string text)
    {
        if (text != DecodingStrategies.Greedy && text != BestOfN && DecodingStrategies.Names.Contains(text))
        {
            return (text, null);
        }

        int dash = text.LastIndexOf('-');
        string? name = dash < 0 ? null : text[..dash] switch
        {
            "best-of" => BestOfN,
            Restarts => Restarts,
            _ => null,
        };
        return name is not null
            && int.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            && count is >= 1 and <= MostSamples
            ? (name, count)
            : null;
    }
}
