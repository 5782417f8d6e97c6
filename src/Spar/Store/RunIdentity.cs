using System.Text.Json;
using System.Text.Json.Nodes;

namespace Spar.Store;

/// <summary>
/// Everything that decides what a run's results are, as flat keys and values: two runs with equal identities may share a directory, others not.
/// </summary>
/// <param name="values">Dotted key to value, such as "search.branch" to "3".</param>
public sealed class RunIdentity(IReadOnlyDictionary<string, string> values)
{
    /// <summary>Dotted key to value, in the order of the keys.</summary>
    public IReadOnlyDictionary<string, string> Values { get; } = new SortedDictionary<string, string>(values.ToDictionary(), StringComparer.Ordinal);

    /// <summary>Flattens a JSON object: keys are joined by dots, list positions are keys too, nulls are left out.</summary>
    /// <param name="json">The object.</param>
    public static RunIdentity Of(JsonObject json)
    {
        Dictionary<string, string> values = new(StringComparer.Ordinal);
        Flatten("", json, values);
        return new RunIdentity(values);
    }

    /// <summary>This identity with more keys; a key that exists is replaced.</summary>
    /// <param name="more">Dotted key to value.</param>
    public RunIdentity With(IEnumerable<KeyValuePair<string, string>> more)
    {
        Dictionary<string, string> values = Values.ToDictionary(StringComparer.Ordinal);
        foreach ((string key, string value) in more)
        {
            values[key] = value;
        }

        return new RunIdentity(values);
    }

    /// <summary>The keys on which the two differ, each with both values in words.</summary>
    /// <param name="recipe">The other identity: what is wanted now.</param>
    public IReadOnlyList<string> DifferencesFrom(RunIdentity recipe) =>
    [
        .. Values.Keys.Union(recipe.Values.Keys).Order(StringComparer.Ordinal)
            .Where(key => Values.GetValueOrDefault(key) != recipe.Values.GetValueOrDefault(key))
            .Select(key => $"{key} ({Values.GetValueOrDefault(key, "not set")} there, {recipe.Values.GetValueOrDefault(key, "not set")} in the recipe)"),
    ];

    internal string ToJson() => JsonSerializer.Serialize(Values);

    internal static RunIdentity FromJson(string json) => new(JsonSerializer.Deserialize<Dictionary<string, string>>(json)!);

    private static void Flatten(string prefix, JsonNode? node, Dictionary<string, string> values)
    {
        switch (node)
        {
            case null:
                break;
            case JsonObject members:
                foreach ((string key, JsonNode? value) in members)
                {
                    Flatten(prefix.Length == 0 ? key : $"{prefix}.{key}", value, values);
                }

                break;
            case JsonArray items:
                for (int i = 0; i < items.Count; i++)
                {
                    Flatten($"{prefix}.{i}", items[i], values);
                }

                break;
            default:
                values[prefix] = node.ToString();
                break;
        }
    }
}
