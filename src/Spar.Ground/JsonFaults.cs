using System.Globalization;
using System.Text.Json;

namespace Spar.Ground;

/// <summary>Puts what is wrong with a JSON text into words for its author: what, and where.</summary>
public static class JsonFaults
{
    /// <summary>A clause such as "it ends too early (line 3, byte 17)"; no full stop.</summary>
    /// <param name="fault">What the JSON reader threw.</param>
    /// <param name="oneLine">Whether the text is one line of a file, whose number the message has already.</param>
    public static string Describe(JsonException fault, bool oneLine = false)
    {
        string message = fault.Message;
        foreach (string end in new[] { " Path: ", " LineNumber: ", "\n" })
        {
            int at = message.IndexOf(end, StringComparison.Ordinal);
            message = at < 0 ? message : message[..at];
        }

        int type = message.IndexOf(" could not be converted to ", StringComparison.Ordinal);
        message = type >= 0 ? "a value is of the wrong kind" : message.TrimEnd('.', ' ');
        string key = fault.Path is { Length: > 1 } path && type >= 0 ? $" at {path}" : "";
        return fault is { LineNumber: long line, BytePositionInLine: long position }
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{message}{key} ({(oneLine ? "" : $"line {line + 1}, ")}byte {position + 1})"
            )
            : $"{message}{key}";
    }
}
