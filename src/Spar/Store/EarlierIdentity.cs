using System.Text.RegularExpressions;
using Spar.Recipes;

namespace Spar.Store;

/// <summary>
/// Reads the identities of runs that earlier versions wrote: keys and names of values in camel case, paths without
/// fingerprints, and settings that supervised training never used.
/// </summary>
internal static partial class EarlierIdentity
{
    /// <summary>The same identity as this version writes it. What this version wrote stays as it is.</summary>
    /// <param name="values">Dotted key to value.</param>
    public static IReadOnlyDictionary<string, string> Read(IReadOnlyDictionary<string, string> values)
    {
        return Orders(values.Keys.Any(key => key.Any(char.IsUpper)) ? FromCamelCase(values) : values);
    }

    // How the orders of a search were once called.
    private static IReadOnlyDictionary<string, string> Orders(IReadOnlyDictionary<string, string> values)
    {
        string? order = values.GetValueOrDefault("search.order") switch
        {
            "breadth_first" => "bfs",
            "depth_first" => "dfs",
            _ => null,
        };
        return order is null ? values : new Dictionary<string, string>(values) { ["search.order"] = order };
    }

    private static Dictionary<string, string> FromCamelCase(IReadOnlyDictionary<string, string> values)
    {
        Dictionary<string, string> read = values.Where(pair => !PreferenceAlone().IsMatch(pair.Key)).ToDictionary(
            pair => RecipeKey.Spell(pair.Key),
            pair => Digest().Replace(Word(pair.Value), "text:$1"),
            StringComparer.Ordinal);
        if (read.TryGetValue("base_model", out string? model)
            && ChangedModel().Match(model) is { Success: true } changed)
        {
            read["base_model"] = changed.Groups[1].Value;
            read["base_model.change"] = changed.Groups[2].Value;
        }

        return read;
    }

    private static string Word(string value) =>
        CamelWord().IsMatch(value) ? RecipeKey.Spell(value)
        : Served().Match(value) is { Success: true } at ? RunIdentity.OfServed(at.Value.Trim(), at.Groups[1].Value)
        : CheckpointDigest().Replace(value, "");

    // beta and the weight of the SFT term of trainings that have no pairs.
    [GeneratedRegex(@"(?:[sS]ft|rft)\.(?:beta|sftWeight)$")]
    private static partial Regex PreferenceAlone();

    [GeneratedRegex("^[a-z]+(?:[A-Z][a-z]+)+$")]
    private static partial Regex CamelWord();

    // The digest of a text: a prompt set's, a constraint file's.
    [GeneratedRegex("(?<= )([0-9a-f]{16})$")]
    private static partial Regex Digest();

    // The digest of all files beside a model, which a description changes too.
    [GeneratedRegex(" [0-9a-f]{64}$")]
    private static partial Regex CheckpointDigest();

    [GeneratedRegex(@"^https?://[^#]*#(.*?) ?$")]
    private static partial Regex Served();

    [GeneratedRegex("^(.*) (with fresh letters)$")]
    private static partial Regex ChangedModel();
}
