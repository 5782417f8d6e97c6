using System.Text.Json;
using Spar.Ground;

namespace Spar.Evaluation.Data;

/// <summary>
/// One record of a data file, which knows where it stands, so that every complaint names file, line and field.
/// </summary>
/// <param name="File">Path of the file.</param>
/// <param name="Line">1-based line.</param>
/// <param name="Element">The record, a JSON object.</param>
public sealed record DataRow(string File, int Line, JsonElement Element)
{
    /// <summary>A complaint about one field.</summary>
    /// <param name="field">The field.</param>
    /// <param name="problem">What is wrong, as in "is missing".</param>
    public EvaluationException Error(string field, string problem) =>
        new($"{File}, line {Line}: field \"{field}\" {problem}");

    /// <summary>A text field.</summary>
    /// <param name="field">The field.</param>
    /// <exception cref="EvaluationException">It is missing or no text.</exception>
    public string Text(string field) => OptionalText(field) ?? throw Error(field, "is missing");

    /// <summary>A text field, or null where it is missing or null.</summary>
    /// <param name="field">The field.</param>
    /// <exception cref="EvaluationException">It is there and no text.</exception>
    public string? OptionalText(string field) =>
        Find(field) switch
        {
            null => null,
            { ValueKind: JsonValueKind.String } value => JsonText.Of(value),
            { } other => throw Error(field, $"must be a text, not {Kind(other)}"),
        };

    /// <summary>A whole number.</summary>
    /// <param name="field">The field.</param>
    /// <exception cref="EvaluationException">It is missing or no whole number.</exception>
    public int Number(string field) =>
        Find(field) switch
        {
            null => throw Error(field, "is missing"),
            { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out int number) => number,
            { } other => throw Error(field, $"must be a whole number, not {Kind(other)}"),
        };

    /// <summary>A list of texts.</summary>
    /// <param name="field">The field.</param>
    /// <param name="count">How many there must be; null for any number from 1.</param>
    /// <exception cref="EvaluationException">
    /// It is missing, no list, of another length, or holds something else.
    /// </exception>
    public IReadOnlyList<string> Texts(string field, int? count = null)
    {
        JsonElement value = Find(field) ?? throw Error(field, "is missing");
        if (
            value.ValueKind != JsonValueKind.Array
            || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String)
        )
        {
            throw Error(field, "must be a list of texts");
        }

        string[] texts = [.. value.EnumerateArray().Select(JsonText.Of)];
        bool wrong = count is null ? texts.Length == 0 : texts.Length != count;
        return wrong
            ? throw Error(field, $"must hold {count?.ToString() ?? "at least 1"} texts, not {texts.Length}")
            : texts;
    }

    private JsonElement? Find(string field) =>
        Element.TryGetProperty(field, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string Kind(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => "a text",
            JsonValueKind.Number => "a number",
            JsonValueKind.Array => "a list",
            JsonValueKind.Object => "an object",
            _ => "true or false",
        };
}
