using System.Text.Json;
using System.Text.RegularExpressions;

namespace Spar.Methods.Checks;

/// <summary>A response, taken apart for checks. Any text can be taken apart.</summary>
/// <param name="text">The response.</param>
public sealed partial class CheckText(string text)
{
    /// <summary>The response without white space at its ends.</summary>
    public string Text { get; } = text.Trim();

    /// <summary>Its words in order: runs of letters and digits, with hyphens and apostrophes inside.</summary>
    public IReadOnlyList<string> Words { get; } = [.. Word().Matches(text).Select(match => match.Value)];

    /// <summary>Stretches with at least one word that end in . ! or ?, or at the end of the text.</summary>
    public int Sentences => SentenceEnd().Split(Text).Count(part => Word().IsMatch(part));

    /// <summary>Lines that are not empty.</summary>
    public int Lines => Text.Split('\n').Count(line => !string.IsNullOrWhiteSpace(line));

    /// <summary>Stretches between empty lines.</summary>
    public int Paragraphs => BlankLine().Split(Text).Count(part => !string.IsNullOrWhiteSpace(part));

    /// <summary>Lines that begin with a star, a dash or a bullet, and a space.</summary>
    public int Bullets => Text.Split('\n').Count(line => Bullet().IsMatch(line));

    /// <summary>Words of at least two letters without a lower-case letter.</summary>
    public int CapitalWords => Words.Count(word => word.Count(char.IsLetter) > 1 && !word.Any(char.IsLower));

    /// <summary>Marks like [name].</summary>
    public int Placeholders => Placeholder().Count(Text);

    /// <summary>True when the response is JSON, bare or in a code fence.</summary>
    public bool IsJson
    {
        get
        {
            Match fence = Fence().Match(Text);
            try
            {
                using JsonDocument document = JsonDocument.Parse(fence.Success ? fence.Groups[1].Value : Text);
                return true;
            }
            catch (JsonException)
            {
                return false;
            }
        }
    }

    /// <summary>How often a word, or a few words in a row, occur; case is overlooked.</summary>
    /// <param name="phrase">The words.</param>
    public int CountOf(string phrase)
    {
        string[] wanted = [.. Word().Matches(phrase).Select(match => match.Value)];
        return wanted.Length == 0
            ? 0
            : Enumerable.Range(0, Math.Max(0, Words.Count - wanted.Length + 1))
                .Count(
                    at => wanted.Index().All(
                        word => Words[at + word.Index].Equals(word.Item, StringComparison.OrdinalIgnoreCase)));
    }

    [GeneratedRegex(@"[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*")]
    private static partial Regex Word();

    [GeneratedRegex("[.!?]+")]
    private static partial Regex SentenceEnd();

    [GeneratedRegex(@"\n\s*\n")]
    private static partial Regex BlankLine();

    [GeneratedRegex(@"^\s*[*\-•]\s")]
    private static partial Regex Bullet();

    [GeneratedRegex(@"\[[^\[\]\n]+\]")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"^```(?:json)?\s*\n(.*?)\n?```$", RegexOptions.Singleline | RegexOptions.IgnoreCase)]
    private static partial Regex Fence();
}
