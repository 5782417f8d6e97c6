using System.Text.RegularExpressions;

namespace Spar.Templates;

/// <summary>
/// A text with placeholders in braces. Filling it is one pass: braces inside the filled-in texts are left as they are.
/// Braces around anything but a single word (JSON, code) are plain text. The placeholder <c>{mark}</c> may stand in lines
/// that frame a text (<see cref="FrameMark"/>).
/// </summary>
public sealed partial class PromptTemplate
{
    private readonly string _text;
    private readonly string[] _names;
    private readonly FrameMark _frame;

    private PromptTemplate(string text, string[] names) => (_text, _names, _frame) = (text, names, new FrameMark(text));

    /// <summary>Checks and takes a template.</summary>
    /// <param name="file">What to call it in messages: the file it came from.</param>
    /// <param name="text">The template; line ends become \n and line ends at its end are dropped.</param>
    /// <param name="placeholders">The names that must occur, each at least once; no other may but mark.</param>
    /// <exception cref="SparException">A placeholder is missing or unknown, or the text is empty.</exception>
    public static PromptTemplate Parse(string file, string text, params ReadOnlySpan<string> placeholders)
    {
        text = text.ReplaceLineEndings("\n").TrimEnd('\n');
        HashSet<string> found = [.. Placeholder().Matches(text).Select(match => match.Groups[1].Value)];
        foreach (string needed in placeholders)
        {
            if (!found.Remove(needed))
            {
                throw new SparException(
                    $"The prompt template {file} lacks the placeholder {{{needed}}}. Put it where that text belongs.");
            }
        }

        found.Remove(FrameMark.Name);
        if (found.Count > 0)
        {
            string known = string.Join(
                ", ", placeholders.ToArray().Append(FrameMark.Name).Select(name => $"{{{name}}}"));
            throw new SparException(
                $"The prompt template {file} has the unknown placeholder " +
                $"{{{found.Order(StringComparer.Ordinal).First()}}}. It may use {known} only.");
        }

        return new PromptTemplate(text, placeholders.ToArray());
    }

    /// <summary>The text with every placeholder replaced.</summary>
    /// <param name="value">Gives the text for a placeholder's name.</param>
    public string Fill(Func<string, string> value)
    {
        Dictionary<string, string> values = _names.ToDictionary(name => name, value, StringComparer.Ordinal);
        values[FrameMark.Name] = _frame.For([.. values.Values]);
        return Placeholder().Replace(_text, match => values[match.Groups[1].Value]);
    }

    /// <summary>The template as it was read.</summary>
    public override string ToString() => _text;

    [GeneratedRegex(@"\{([A-Za-z_]+)\}")]
    private static partial Regex Placeholder();
}
