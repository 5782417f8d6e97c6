using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Spar.Ground;

/// <summary>
/// How the project writes and reads JSON. Lines end in "\n" on every system; text stays readable unless a member says
/// otherwise.
/// </summary>
public static class JsonSettings
{
    /// <summary>
    /// One line: camel case, enums by name, members that are null left out. The layout of the run store and of
    /// exports.
    /// </summary>
    public static JsonSerializerOptions Compact { get; } = Make(indented: false);

    /// <summary><see cref="Compact"/> for people to read.</summary>
    public static JsonSerializerOptions Readable { get; } = Make(indented: true);

    /// <summary>
    /// For people and scripts that expect every key: as <see cref="Readable"/>, but members that are null are written.
    /// </summary>
    public static JsonSerializerOptions ReadableWithNulls { get; } = Make(indented: true, nulls: true);

    /// <summary>
    /// As <see cref="ReadableWithNulls"/>, with all beyond ASCII and what HTML would take for its own escaped, for
    /// configuration files that other
    /// libraries read.
    /// </summary>
    public static JsonSerializerOptions ReadableEscaped { get; } =
        Make(indented: true, nulls: true, encoder: JavaScriptEncoder.Default);

    /// <summary>
    /// One line in snake case, members that are null left out. The layout of kept answers of benchmarks.
    /// </summary>
    public static JsonSerializerOptions SnakeCaseLines { get; } =
        Make(indented: false, naming: JsonNamingPolicy.SnakeCaseLower);

    /// <summary><see cref="SnakeCaseLines"/> with every member, for scripts that expect each key.</summary>
    public static JsonSerializerOptions SnakeCaseLinesWithNulls { get; } =
        Make(indented: false, nulls: true, naming: JsonNamingPolicy.SnakeCaseLower);

    /// <summary>
    /// Reads what people write: an unknown key, a missing one or a null where none may be is a
    /// <see cref="JsonException"/>; comments and trailing
    /// commas are taken.
    /// </summary>
    public static JsonSerializerOptions Strict { get; } = MakeStrict();

    /// <summary>One line, for a <see cref="Utf8JsonWriter"/>.</summary>
    public static JsonWriterOptions CompactWriter { get; } =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>For people to read, for a <see cref="Utf8JsonWriter"/>.</summary>
    public static JsonWriterOptions ReadableWriter { get; } =
        new()
        {
            Indented = true,
            NewLine = "\n",
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };

    private static JsonSerializerOptions Make(
        bool indented,
        bool nulls = false,
        JsonNamingPolicy? naming = null,
        JavaScriptEncoder? encoder = null
    ) =>
        Fixed(
            new(JsonSerializerDefaults.Web)
            {
                PropertyNamingPolicy = naming ?? JsonNamingPolicy.CamelCase,
                DefaultIgnoreCondition = nulls ? JsonIgnoreCondition.Never : JsonIgnoreCondition.WhenWritingNull,
                Encoder = encoder ?? JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
                WriteIndented = indented,
                NewLine = "\n",
                Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
            }
        );

    private static JsonSerializerOptions MakeStrict() =>
        Fixed(
            new(JsonSerializerDefaults.Web)
            {
                UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
                RespectRequiredConstructorParameters = true,
                RespectNullableAnnotations = true,
                ReadCommentHandling = JsonCommentHandling.Skip,
                AllowTrailingCommas = true,
            }
        );

    private static JsonSerializerOptions Fixed(JsonSerializerOptions options)
    {
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
