using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Spar.Store;

/// <summary>
/// Everything that decides what a run's results are, as flat keys and values: two runs with equal identities may share
/// a directory, others not. Entries of a list have their places for keys. A value that names something which has
/// content (a model, a file) ends in the content's fingerprint; then the fingerprint counts, and not the name.
/// </summary>
/// <param name="values">Dotted key to value, as recipes write both, such as "search.branch" to "3".</param>
public sealed partial class RunIdentity(IReadOnlyDictionary<string, string> values)
{
    /// <summary>Dotted key to value, in the order of the keys.</summary>
    public IReadOnlyDictionary<string, string> Values { get; } =
        new SortedDictionary<string, string>(values.ToDictionary(), StringComparer.Ordinal);

    /// <summary>The value of a key that names files.</summary>
    /// <param name="path">What people call them.</param>
    /// <param name="digest">SHA-256 of what is in them, in hexadecimal digits.</param>
    public static string OfFiles(string path, string digest) => $"{path} sha256:{digest}";

    /// <summary>The value of a key that names a text.</summary>
    /// <param name="name">What people call it.</param>
    /// <param name="digest">A hash of the text, in hexadecimal digits.</param>
    public static string OfText(string name, string digest) => $"{name} text:{digest}";

    /// <summary>The value of a key that names a served model: it is the same model wherever the server is.</summary>
    /// <param name="address">What people call it.</param>
    /// <param name="model">The name by which the server knows it.</param>
    public static string OfServed(string address, string model) => $"{address} served:{Uri.EscapeDataString(model)}";

    /// <summary>What people call the thing that a value of this form names; other values as they are.</summary>
    /// <param name="value">A value of an identity.</param>
    public static string NameOf(string value) => Fingerprint().Replace(value, "");

    /// <summary>
    /// <see cref="NameOf"/> as others may read it: of a path that begins at the root only its last two names, for the rest
    /// says where things lie on this machine.
    /// </summary>
    /// <param name="value">A value of an identity.</param>
    public static string PublicNameOf(string value)
    {
        string name = NameOf(value);
        string[] parts = name.Split('/', '\\');
        return Path.IsPathRooted(name) && parts.Length > 3 ? string.Join('/', parts[^2..]) : name;
    }

    /// <summary>The keys on which the two differ, in the order of the keys.</summary>
    /// <param name="recipe">The other identity: what is wanted now.</param>
    public IReadOnlyList<IdentityDifference> DifferencesFrom(RunIdentity recipe) =>
    [
        .. Values.Keys.Union(recipe.Values.Keys).Order(StringComparer.Ordinal)
            .Select(
                key => new IdentityDifference(key, Values.GetValueOrDefault(key), recipe.Values.GetValueOrDefault(key)))
            .Where(pair => !Same(pair.There, pair.Wanted)),
    ];

    /// <summary>
    /// Whether a recipe asks for more iterations of this very run, which then goes on where it ended: what was made
    /// before does not depend on how many iterations follow, unless training waits for the last of them.
    /// </summary>
    /// <param name="recipe">The other identity: what is wanted now.</param>
    public bool IsExtendedBy(RunIdentity recipe) =>
        DifferencesFrom(recipe) is [{ Key: "iterations", There: { } there, Wanted: { } wanted }]
        && int.TryParse(there, NumberStyles.None, CultureInfo.InvariantCulture, out int before)
        && int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out int now)
        && now > before
        && Values.GetValueOrDefault("iterative_training") != "false";

    internal string ToJson() => JsonSerializer.Serialize(Values);

    internal static RunIdentity FromJson(string json) =>
        new(EarlierIdentity.Read(JsonSerializer.Deserialize<Dictionary<string, string>>(json)!));

    private static bool Same(string? there, string? wanted)
    {
        if (there is null || wanted is null || there == wanted)
        {
            return there == wanted;
        }

        // What an earlier version kept of a thing is its name alone: nothing speaks against it.
        return Fingerprint().Match(wanted) is { Success: true, Value: var asked }
            ? Fingerprint().Match(there) is not { Success: true, Value: var known } || known == asked
            : SameNumber(there, wanted);
    }

    // 2E-07 is 2.0e-07. Whole numbers are compared as they are written, for a seed has more digits than a double.
    private static bool SameNumber(string there, string wanted) =>
        (there.Contains('.') || there.Contains('e', StringComparison.OrdinalIgnoreCase))
        && double.TryParse(there, NumberStyles.Float, CultureInfo.InvariantCulture, out double known)
        && double.TryParse(wanted, NumberStyles.Float, CultureInfo.InvariantCulture, out double asked)
        && known == asked;

    [GeneratedRegex(@" (?:sha256|text|served):\S+$")]
    private static partial Regex Fingerprint();
}

/// <summary>A key on which two identities differ.</summary>
/// <param name="Key">The key.</param>
/// <param name="There">Its value in the run directory; null where it has none.</param>
/// <param name="Wanted">Its value in the recipe; null where it has none.</param>
public sealed record IdentityDifference(string Key, string? There, string? Wanted)
{
    private const int MostShown = 20;

    /// <summary>The difference in words.</summary>
    public override string ToString()
    {
        string there = There is null ? "not set" : RunIdentity.NameOf(There);
        string wanted = Wanted is null ? "not set" : RunIdentity.NameOf(Wanted);
        return there == wanted
            ? $"{Key} is still {there}, but its content is not what the run began with"
            : $"{Key} was {there}, is {wanted}";
    }

    /// <summary>What is said of a run directory that belongs to another recipe: each key, what it was, what it is.</summary>
    /// <param name="directory">The run directory.</param>
    /// <param name="differences">At least one.</param>
    internal static SparException Refusal(string directory, IReadOnlyList<IdentityDifference> differences)
    {
        string[] lines = [.. differences.Take(MostShown).Select(one => $"\n  {one}")];
        string more = differences.Count > MostShown ? $"\n  and {differences.Count - MostShown} more" : "";
        return new SparException(
            $"The run directory {directory} belongs to another recipe:{string.Concat(lines)}{more}\n"
            + "Set the recipe back to go on with this run, or name another run directory; spar run --fork DIR begins one "
            + "that takes over what these changes do not concern.");
    }
}
