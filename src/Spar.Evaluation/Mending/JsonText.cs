using System.Text.Json;
using System.Text.RegularExpressions;
using Spar.Ground;

namespace Spar.Evaluation.Mending;

/// <summary>Responses in JSON, whole or broken: what they say, and the JSON that says it.</summary>
internal static partial class JsonText
{
    /// <summary>Whether a text begins as JSON does.</summary>
    /// <param name="text">The text.</param>
    public static bool Looks(string text) => Beginning().IsMatch(text);

    /// <summary>An object whose answer is a text: its paragraphs, or what it says where it is broken JSON.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The object; null where broken JSON says nothing.</returns>
    public static string? Of(string text)
    {
        string[] said = Looks(text)
            ? [.. Said(text).Whole]
            : [.. Passages.Paragraphs(text).Select(Passages.OneLine)];

        // One string for one paragraph; also for a text that lost its commas, which an array cannot do without.
        return said.Length == 0 ? null : JsonSerializer.Serialize(
            new Dictionary<string, object>
            {
                ["answer"] = said.Length == 1 || !text.Contains(',', StringComparison.Ordinal)
                    ? string.Join(' ', said) : said,
            },
            JsonSettings.Readable);
    }

    /// <summary>
    /// What a text in JSON says: its strings but the names of members, also those of JSON in a string.
    /// </summary>
    /// <param name="text">The text; may be broken anywhere.</param>
    /// <returns>The strings that end, and the last one where it does not.</returns>
    public static (List<string> Whole, string? Open) Said(string text)
    {
        List<string> whole = [];
        foreach (Match match in Strings().Matches(text))
        {
            string value = Escape().Replace(
                match.Groups["value"].Value, one => one.Value[1] is 'n' or 't' or 'r' ? " " : one.Value[1..]).Trim();
            bool nested = Looks(value);
            bool misplaced = !nested && value.Contains("\":", StringComparison.Ordinal); // marks out of their place
            if (match.Groups["name"].Success || misplaced || !value.Any(char.IsLetterOrDigit))
            {
                continue;
            }

            if (nested)
            {
                whole.AddRange(Said(value).Whole);
            }
            else if (match.Groups["end"].Success)
            {
                whole.Add(value);
            }
            else
            {
                return (whole, value);
            }
        }

        return (whole, null);
    }

    [GeneratedRegex(@"^\s*(```\w*\s*)?(\{|\[\s*[""{\[])")]
    private static partial Regex Beginning();

    [GeneratedRegex(
        @"""(?<value>(?:[^""\\]|\\.)*)(?:(?<end>"")(?<name>\s*:)?|$)", RegexOptions.Singleline)]
    private static partial Regex Strings();

    [GeneratedRegex(@"\\.", RegexOptions.Singleline)]
    private static partial Regex Escape();
}
