using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Spar.Evaluation.Mending;

/// <summary>Responses in JSON, whole or broken: what they say, and the JSON that says it.</summary>
internal static partial class JsonText
{
    private static readonly JsonSerializerOptions s_options =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether a text begins as JSON does.</summary>
    /// <param name="text">The text.</param>
    public static bool Looks(string text) => Beginning().IsMatch(text);

    /// <summary>An object whose answer is a text: its paragraphs, or what it says where it is JSON that is broken.</summary>
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
            s_options);
    }

    /// <summary>What a text in JSON says: its strings but the names of members, also those of JSON in a string.</summary>
    /// <param name="text">The text; may be broken anywhere.</param>
    /// <returns>The strings that end, and the last one where it does not.</returns>
    public static (List<string> Whole, string? Open) Said(string text)
    {
        List<string> whole = [];
        foreach (Match match in Strings().Matches(text))
        {
            string value = Escape().Replace(
                match.Groups["value"].Value, one => one.Value[1] is 'n' or 't' or 'r' ? " " : one.Value[1..]).Trim();
            if (match.Groups["name"].Success || !value.Any(char.IsLetterOrDigit))
            {
                continue;
            }

            if (Looks(value))
            {
                whole.AddRange(Said(value).Whole);
            }
            else if (value.Contains("\":", StringComparison.Ordinal))
            {
                continue; // marks that are not where they belong
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
