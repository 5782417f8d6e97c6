using System.Text.RegularExpressions;
using Spar.Evaluation.Sentences;

namespace Spar.Evaluation.Mending;

/// <summary>A response in pieces that can be moved.</summary>
internal static partial class Passages
{
    /// <summary>The paragraphs: what blank lines or lines of asterisks divide.</summary>
    public static List<string> Paragraphs(string text) =>
        [.. ParagraphBreak().Split(text).Select(one => one.Trim()).Where(one => one.Length > 0)];

    /// <summary>Sentences, and lines of lists, without the marks of lists.</summary>
    public static List<string> Statements(string text) =>
        [.. text.Split('\n').Select(Bare).Where(line => line.Length > 0).SelectMany(PunktSentenceSplitter.Split)
            .Select(one => one.Trim()).Where(one => one.Any(char.IsLetterOrDigit))];

    /// <summary>A text with its line breaks made into spaces.</summary>
    public static string OneLine(string text) => string.Join(' ', text.Split('\n').Select(line => line.Trim()));

    /// <summary>A line without the marks of a list, a heading or emphasis.</summary>
    public static string Bare(string line) => ListMark().Replace(line.Trim(), "").Replace("*", "").Trim();

    /// <summary>
    /// The sentences that some test leaves, each where it stood; lines that lose all theirs go, too.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="stays">Whether a sentence, with its place among all of them, stays.</param>
    public static string Keep(string text, Func<string, int, bool> stays)
    {
        int place = 0;
        List<string> lines = [];
        foreach (string line in text.Split('\n'))
        {
            List<string> sentences = PunktSentenceSplitter.Split(line);
            string[] kept = [.. sentences.Where(one => one.Trim().Length == 0 || stays(one, place++))];
            if (kept.Length > 0 || sentences.TrueForAll(one => one.Trim().Length == 0))
            {
                lines.Add(kept.Length == sentences.Count ? line : string.Join(' ', kept));
            }
        }

        return Gaps().Replace(string.Join('\n', lines), "\n\n").Trim();
    }

    /// <summary>Pieces shared out over groups, in order, each group with one at least.</summary>
    /// <param name="pieces">At least as many pieces as groups.</param>
    /// <param name="groups">How many groups.</param>
    /// <param name="between">What stands between the pieces of a group.</param>
    public static List<string> Share(List<string> pieces, int groups, string between) =>
        [.. Enumerable.Range(0, groups).Select(i => string.Join(
            between, pieces[(i * pieces.Count / groups)..((i + 1) * pieces.Count / groups)]))];

    /// <summary>
    /// A text in so many pieces: its paragraphs, or else its sentences, with a sentence or two more where it has too
    /// few; null where that is not enough.
    /// </summary>
    public static List<string>? Pieces(string text, int groups)
    {
        List<string> paragraphs = Paragraphs(text);
        if (paragraphs.Count >= groups)
        {
            return Share(paragraphs, groups, "\n");
        }

        List<string> statements = Statements(text);
        statements.AddRange(WordEdits.Endings.Take(Math.Clamp(groups - statements.Count, 0, 2)));
        return statements.Count >= groups ? Share(statements, groups, " ") : null;
    }

    /// <summary>A sentence of a list of them that has not been used, added to a text.</summary>
    public static string Append(string text, string sentence)
    {
        int last = text.LastIndexOf('\n');
        bool list = ListMark().IsMatch(text[(last + 1)..]);
        return list ? $"{text}\n\n{sentence}" : $"{text} {sentence}";
    }

    [GeneratedRegex(@"\n\s*\n|\n\s*\*{3,}\s*\n")]
    private static partial Regex ParagraphBreak();

    [GeneratedRegex(@"^(#+\s+|[-*•]\s+|\d+[.)]\s+)")]
    private static partial Regex ListMark();

    [GeneratedRegex(@"\n\s*\n(\s*\n)*")]
    private static partial Regex Gaps();
}
