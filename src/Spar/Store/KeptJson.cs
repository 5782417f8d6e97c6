using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spar.Ground;

namespace Spar.Store;

/// <summary>
/// Reads the JSON of the store. What was written has every member that cannot be null, so a text that lacks one is
/// damaged.
/// </summary>
internal static class KeptJson
{
    private static readonly JsonSerializerOptions s_whole = new(JsonSettings.Compact)
    {
        RespectNullableAnnotations = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { RequireWhatIsAlwaysWritten } },
    };

    /// <summary>Reads a product or an item.</summary>
    /// <param name="directory">The run directory, for faults.</param>
    /// <param name="json">The text.</param>
    /// <exception cref="SparException">The text is damaged.</exception>
    public static T Read<T>(string directory, string json) =>
        StoreFaults.Guard(
            directory,
            () => JsonSerializer.Deserialize<T>(json, s_whole) ?? throw new JsonException("a row holds null")
        );

    /// <summary>Reads a product or an item of a type that is known at run time only.</summary>
    /// <param name="directory">The run directory, for faults.</param>
    /// <param name="json">The text.</param>
    /// <param name="type">The type.</param>
    /// <exception cref="SparException">The text is damaged.</exception>
    public static object Read(string directory, string json, Type type) =>
        StoreFaults.Guard(
            directory,
            () => JsonSerializer.Deserialize(json, type, s_whole) ?? throw new JsonException("a row holds null")
        );

    private static void RequireWhatIsAlwaysWritten(JsonTypeInfo type)
    {
        foreach (JsonPropertyInfo property in type.Properties)
        {
            bool nullable =
                Nullable.GetUnderlyingType(property.PropertyType) is not null
                || property.AssociatedParameter is { IsNullable: true } && !property.PropertyType.IsValueType;
            if (property.AssociatedParameter is { HasDefaultValue: false } && !nullable)
            {
                property.IsRequired = true;
            }
        }
    }
}
