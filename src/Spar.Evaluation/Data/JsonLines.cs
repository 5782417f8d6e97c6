using System.Globalization;
using System.Text.Json;
using Spar.Ground;

namespace Spar.Evaluation.Data;

/// <summary>What a data file gave.</summary>
/// <typeparam name="T">The kind of item.</typeparam>
/// <param name="Items">The items that could be read, in the order of the file.</param>
/// <param name="Skipped">
/// One message, with file, line and field, for each line that was left out; empty unless the reading was lenient.
/// </param>
public sealed record LoadedFile<T>(IReadOnlyList<T> Items, IReadOnlyList<string> Skipped);

/// <summary>
/// Reads files of one JSON object a line, plain or packed (<c>.gz</c>), with messages that name file, line and field.
/// </summary>
internal static class JsonLines
{
    /// <summary>
    /// Reads each line that is not blank; in lenient reading a faulty line is skipped and its message kept.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="lenient">Whether faulty lines are skipped.</param>
    /// <param name="parse">Turns a line into an item.</param>
    /// <param name="input">
    /// Gives the lines in the file's place, which then is only named in messages; null reads the file.
    /// </param>
    /// <exception cref="EvaluationException">The file cannot be read; or, unless lenient, a line is faulty.</exception>
    public static LoadedFile<T> Read<T>(string file, bool lenient, Func<JsonElement, T> parse, TextReader? input = null)
    {
        DataProblems problems = new(lenient);
        return new LoadedFile<T>(DataFile.Read(file, problems, ParseRow, input: input), problems.Skipped);

        T ParseRow(DataRow row)
        {
            try
            {
                return parse(row.Element);
            }
            catch (EvaluationException fault)
            {
                throw new EvaluationException($"{row.File}, line {row.Line}: {fault.Message}", fault);
            }
        }
    }

    /// <summary>A field that must be there.</summary>
    public static JsonElement Field(JsonElement line, string name) =>
        line.TryGetProperty(name, out JsonElement value)
            ? value
            : throw new EvaluationException($"field '{name}' is missing");

    /// <summary>A field that must be a text.</summary>
    public static string TextField(JsonElement line, string name)
    {
        JsonElement value = Field(line, name);
        return value.ValueKind == JsonValueKind.String
            ? JsonText.AsWritten(value)
            : throw new EvaluationException($"field '{name}' is no text");
    }

    /// <summary>The field <c>key</c>, a whole number or a text that is not empty, as text.</summary>
    public static string KeyField(JsonElement line)
    {
        JsonElement value = Field(line, "key");
        string key = value.ValueKind switch
        {
            JsonValueKind.String => JsonText.AsWritten(value),
            JsonValueKind.Number when value.TryGetInt64(out long number) =>
                number.ToString(CultureInfo.InvariantCulture),
            _ => "",
        };
        return key.Length > 0 ? key : throw new EvaluationException("field 'key' is neither a whole number nor a text");
    }
}
