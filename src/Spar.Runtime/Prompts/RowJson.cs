using System.Buffers;
using System.Collections;
using System.Text.Json;
using Spar.Ground;

namespace Spar.Runtime.Prompts;

/// <summary>A text that is taken as it is, even where it looks like JSON.</summary>
/// <param name="Text">The text.</param>
internal sealed record PlainText(string Text);

/// <summary>Makes JSON objects of rows from files of columns.</summary>
internal static class RowJson
{
    /// <summary>
    /// The row as a JSON object. A text that is itself a JSON list or object is taken as that, as files of columns
    /// write lists; an empty text is a missing value, and so is one of bytes (an image, a sound).
    /// </summary>
    /// <param name="columns">Values by name: texts, numbers, lists, and dictionaries of the same.</param>
    public static JsonElement Of(IEnumerable<KeyValuePair<string, object?>> columns)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer, JsonSettings.CompactWriter))
        {
            WriteObject(writer, columns);
        }

        return JsonSerializer.Deserialize<JsonElement>(buffer.WrittenSpan);
    }

    private static void WriteObject(Utf8JsonWriter writer, IEnumerable<KeyValuePair<string, object?>> columns)
    {
        writer.WriteStartObject();
        foreach ((string name, object? value) in columns)
        {
            if (value is not (null or "" or byte[]))
            {
                writer.WritePropertyName(name);
                Write(writer, value);
            }
        }

        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case PlainText plain:
                writer.WriteStringValue(plain.Text);
                break;
            case string text when text.AsSpan().TrimStart() is ['[' or '{', ..] && IsJson(text):
                writer.WriteRawValue(text);
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            case IEnumerable<KeyValuePair<string, object?>> columns:
                WriteObject(writer, columns);
                break;
            case IEnumerable list and not byte[]:
                writer.WriteStartArray();
                foreach (object? item in list)
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                JsonSerializer.Serialize(writer, value);
                break;
        }
    }

    private static bool IsJson(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
