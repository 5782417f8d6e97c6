using System.Globalization;
using System.Text;
using System.Text.Json;
using Spar.Ground;

namespace Spar.Runtime.Endpoints;

/// <summary>Reads JSON as servers write it: Python's NaN and Infinity, numbers as text, members that are null.</summary>
internal static class ReplyJson
{
    private static readonly JsonDocumentOptions s_options = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
        MaxDepth = 256,
    };

    /// <summary>Parses a text; null where it is no JSON.</summary>
    public static JsonElement? Parse(string text)
    {
        return Read(text) ?? (text.Contains("NaN", StringComparison.Ordinal)
            || text.Contains("Infinity", StringComparison.Ordinal) ? Read(WithoutNonNumbers(text)) : null);

        static JsonElement? Read(string json)
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(json, s_options);
                return document.RootElement.Clone();
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }

    /// <summary>A member that is there and not null.</summary>
    public static JsonElement? Get(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value)
        && value.ValueKind != JsonValueKind.Null
            ? value
            : null;

    /// <summary>A text, or null where it is none.</summary>
    public static string? Text(this JsonElement? element) =>
        element is { ValueKind: JsonValueKind.String } text ? JsonText.Of(text) : null;

    /// <summary>A number, also one that is written as text; null where it is none.</summary>
    public static double? Number(this JsonElement? element) => element switch
    {
        { ValueKind: JsonValueKind.Number } number when number.TryGetDouble(out double value) => value,
        { ValueKind: JsonValueKind.String } text when double.TryParse(
            text.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) => value,
        _ => null,
    };

    /// <summary>A count, also one that is written as text or with a point; null where it is none.</summary>
    public static long? Count(this JsonElement? element) =>
        element.Number() is { } value && value is >= 0 and < 1e15 ? (long)value : null;

    /// <summary>The elements of a list; none where it is no list.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement? element) =>
        element is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];

    // The words that Python writes for what JSON has no number for become null, outside of texts.
    private static string WithoutNonNumbers(string json)
    {
        StringBuilder text = new(json.Length);
        bool quoted = false;
        for (int i = 0; i < json.Length; i++)
        {
            char c = json[i];
            if (quoted)
            {
                text.Append(c);
                if (c == '\\' && i + 1 < json.Length)
                {
                    text.Append(json[++i]);
                }
                else
                {
                    quoted = c != '"';
                }

                continue;
            }

            string? word = Array.Find(["-Infinity", "Infinity", "NaN"], w =>
                string.CompareOrdinal(json, i, w, 0, w.Length) == 0);
            quoted = c == '"';
            text.Append(word is null ? c.ToString() : "null");
            i += word is null ? 0 : word.Length - 1;
        }

        return text.ToString();
    }
}
