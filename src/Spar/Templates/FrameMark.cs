using System.Globalization;
using System.Text;

namespace Spar.Templates;

/// <summary>
/// Keeps data within its frame. A template's lines that frame data have the placeholder <c>{mark}</c> in them; it is
/// filled with nothing, unless a text that is framed holds such a line itself: then with the first of -2, -3, ... with
/// which none does. So a text cannot end its own frame or begin another one, and the same texts give the same prompt.
/// Case, blanks, invisible characters and the width of signs make no difference: what a reader takes for a frame's line
/// is one.
/// </summary>
internal sealed class FrameMark
{
    /// <summary>The name of the placeholder.</summary>
    public const string Name = "mark";

    private const string Placeholder = "{" + Name + "}";
    private const string Decoration = "#*_>-+~`\"'";

    private readonly (string Text, bool Label)[] _lines;

    /// <summary>The frames of a template.</summary>
    /// <param name="template">Its text.</param>
    public FrameMark(string template) =>
        _lines =
        [
            .. template.Split('\n')
                .Where(line => line.Contains(Placeholder, StringComparison.Ordinal))
                .Select(LineOf)
                .Distinct(),
        ];

    /// <summary>The mark with which no text holds a line of the frames.</summary>
    /// <param name="texts">What is framed.</param>
    public string For(IReadOnlyList<string> texts)
    {
        if (_lines.Length == 0)
        {
            return "";
        }

        string whole = string.Concat(texts.Select(text => Plain(text) + "\n"));
        string[] lines =
        [
            .. texts.SelectMany(text => text.Split('\n', '\r', '\v', '\f', '\u0085', '\u2028', '\u2029'))
                .Select(line => Plain(line).TrimStart([.. Decoration])),
        ];
        for (int n = 1; ; n++)
        {
            string mark = n == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"-{n}");
            if (!_lines.Any(line =>
                Holds(Plain(line.Text.Replace(Placeholder, mark, StringComparison.Ordinal)), line.Label)))
            {
                return mark;
            }
        }

        // A label counts where a line begins, any other line wherever it stands.
        bool Holds(string frame, bool label) =>
            label
                ? lines.Any(line => line.StartsWith(frame.TrimStart([.. Decoration]), StringComparison.Ordinal))
                : whole.Contains(frame, StringComparison.Ordinal);
    }

    // A line that goes on with a text is a label: what stands before the text.
    private static (string Text, bool Label) LineOf(string line)
    {
        for (int at = line.IndexOf('{', StringComparison.Ordinal); at >= 0; at = line.IndexOf('{', at + 1))
        {
            int end = line.IndexOf('}', at);
            if (end > at + 1 && line[at..(end + 1)] != Placeholder
                && line[(at + 1)..end].All(c => char.IsAsciiLetter(c) || c == '_'))
            {
                return (line[..at], true);
            }
        }

        return (line, false);
    }

    // Lower case, signs of one width, without blanks and what cannot be seen.
    private static string Plain(string text)
    {
        StringBuilder plain = new(text.Length);
        foreach (char c in text)
        {
            char one = c is >= '\uFF01' and <= '\uFF5E' ? (char)(c - 0xFEE0) : c;
            if (!char.IsWhiteSpace(one)
                && char.GetUnicodeCategory(one) is not (UnicodeCategory.Format or UnicodeCategory.Control))
            {
                plain.Append(char.ToLowerInvariant(one));
            }
        }

        return plain.ToString();
    }
}
