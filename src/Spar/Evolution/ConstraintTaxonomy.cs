using System.Reflection;
using System.Text.Json;
using Spar.Ground;

namespace Spar.Evolution;

/// <summary>A family of constraints.</summary>
/// <param name="Name">Its name, unique in the taxonomy.</param>
/// <param name="About">What constraints of this family are about.</param>
/// <param name="Examples">Constraints of this family, at least one.</param>
public sealed record ConstraintFamily(string Name, string About, IReadOnlyList<string> Examples)
{
    /// <summary>The family as the evolution prompt states it.</summary>
    public override string ToString() => $"- {Name}: {About} (such as: {string.Join("; ", Examples)})";
}

/// <summary>
/// The families along which prompts are evolved. The built-in one has the 14 families of the method; any JSON file of
/// the same layout (<c>{"families": [{"name", "about", "examples"}]}</c>) takes its place.
/// </summary>
public sealed class ConstraintTaxonomy
{
    private ConstraintTaxonomy(IReadOnlyList<ConstraintFamily> families, string text)
    {
        Families = families;
        Digest = $"{StableHash.Of(text):x16}";
    }

    /// <summary>The taxonomy that comes with the program.</summary>
    public static ConstraintTaxonomy BuiltIn { get; } = Parse("the built-in taxonomy", BuiltInText());

    /// <summary>The families, at least two.</summary>
    public IReadOnlyList<ConstraintFamily> Families { get; }

    /// <summary>Changes with the text; 16 hexadecimal digits.</summary>
    public string Digest { get; }

    /// <summary>The built-in taxonomy as a file's text, to begin one's own from.</summary>
    public static string BuiltInText()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("Evolution/taxonomy.json")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }

    /// <summary>Reads a taxonomy file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SparException">
    /// The file cannot be read or is no taxonomy; the message names the place.
    /// </exception>
    public static ConstraintTaxonomy Load(string path)
    {
        try
        {
            return Parse(path, File.ReadAllText(path));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SparException($"The taxonomy {path} cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>Reads a taxonomy's text.</summary>
    /// <param name="name">What to call it in messages.</param>
    /// <param name="text">JSON.</param>
    /// <exception cref="SparException">It is no taxonomy; the message names the place.</exception>
    public static ConstraintTaxonomy Parse(string name, string text)
    {
        IReadOnlyList<ConstraintFamily> families;
        try
        {
            families = JsonSerializer.Deserialize<TaxonomyFile>(text, JsonSettings.Strict)?.Families
                ?? throw new JsonException("it is null");
        }
        catch (JsonException fault)
        {
            throw new SparException(
                $"{name} is no taxonomy: {JsonFaults.Describe(fault)}. It must be " +
                $"{{\"families\": [{{\"name\": ..., \"about\": ..., \"examples\": [...]}}, ...]}}.", fault);
        }

        string? problem =
            families.Count < 2 ? "it needs at least two families"
            : families.FirstOrDefault(
                family => family.Name.Trim().Length == 0 || family.Name.Contains(':')) is { } unnamed
                ? $"the family name \"{unnamed.Name}\" is empty or has a colon"
            : families.FirstOrDefault(family => family.Examples.Count == 0) is { } bare
                ? $"the family \"{bare.Name}\" has no examples"
            : families.GroupBy(family => family.Name, StringComparer.OrdinalIgnoreCase)
                .FirstOrDefault(group => group.Count() > 1) is { } twice ? $"the family \"{twice.Key}\" is there twice"
            : null;
        return problem is null ? new ConstraintTaxonomy(families, text) : throw new SparException(
            $"{name} cannot be used: {problem}.");
    }

    private sealed record TaxonomyFile(IReadOnlyList<ConstraintFamily> Families);
}
