namespace Spar.Templates;

/// <summary>
/// A text between two marks in a model's output. A mark begins a line (emphasis around it belongs to it), and the end
/// mark has the line for itself or ends the output; what looks like a mark elsewhere is text. A block goes from its
/// first start mark to its last end mark, so that a text that holds a line like an end mark is not cut there; where
/// there is no end mark, the last start mark counts. Case of the marks is overlooked.
/// </summary>
/// <param name="Text">
/// What stands between the marks, not trimmed; all that follows the start mark where there is no end mark.
/// </param>
/// <param name="Start">Where the start mark's line begins.</param>
/// <param name="Ended">Whether there is an end mark.</param>
internal sealed record MarkedBlock(string Text, int Start, bool Ended)
{
    /// <summary>The last block; null where no line begins with the start mark.</summary>
    /// <param name="text">The output.</param>
    /// <param name="startMark">Stands before the text.</param>
    /// <param name="endMark">Stands behind it; null where it goes on to the end.</param>
    public static MarkedBlock? FindLast(string text, string startMark, string? endMark)
    {
        int block = -1;
        int start = -1;
        int end = -1;
        foreach ((bool begins, int from, int to) in Marks(text, startMark, endMark))
        {
            if (begins && (start < 0 || end >= 0 || endMark is null))
            {
                (block, start, end) = (from, to, -1);
            }
            else if (!begins && start >= 0)
            {
                end = from;
            }
        }

        return start < 0 ? null : new MarkedBlock(text[start..(end >= 0 ? end : text.Length)], block, end >= 0);
    }

    /// <summary>Whether a line of the output is this mark and nothing else.</summary>
    /// <param name="text">The output.</param>
    /// <param name="mark">The mark.</param>
    public static bool StandsAlone(string text, string mark) =>
        Marks(text, mark, null).Any(found => IsBare(text, found.To));

    // The marks in order: whether it begins a response, where its line begins, and where the text behind it does.
    private static IEnumerable<(bool Begins, int From, int To)> Marks(string text, string startMark, string? endMark)
    {
        for (int line = 0; line < text.Length;)
        {
            int lineEnd = text.IndexOf('\n', line) is int found and >= 0 ? found : text.Length;
            if (MarkAt(text, line, lineEnd, startMark) is { } start)
            {
                yield return (true, line, start);

                // A response of one line may stand between its marks.
                if (endMark is not null && EndMarkBehind(text, start, lineEnd, endMark) is { } behind)
                {
                    yield return (false, behind, lineEnd);
                }
            }
            else if (endMark is not null)
            {
                if (MarkAt(text, line, lineEnd, endMark) is { } end && Undecorated(text[end..lineEnd]).Length == 0)
                {
                    yield return (false, line, lineEnd);
                }
                else if (lineEnd == text.Length && EndMarkBehind(text, line, lineEnd, endMark) is { } behind)
                {
                    yield return (false, behind, lineEnd);
                }
            }

            line = lineEnd + 1;
        }
    }

    // Where the text behind a mark at a line's beginning begins; emphasis around the mark belongs to it.
    private static int? MarkAt(string text, int line, int lineEnd, string mark)
    {
        int at = line;
        while (at < lineEnd && (IsDecoration(text[at]) || text[at] is ' ' or '\t' or '\r'))
        {
            at++;
        }

        ReadOnlySpan<char> decoration = text.AsSpan(line, at - line);
        int start = mark.Length > 0 && IsDecoration(mark[0])
            ? line + (decoration.Length - decoration.TrimStart(" \t").Length) : at;
        if (string.Compare(text, start, mark, 0, mark.Length, StringComparison.OrdinalIgnoreCase) != 0)
        {
            return null;
        }

        int end = start + mark.Length;
        if (start > line && text.AsSpan(line, start - line).Trim().Length > 0)
        {
            while (end < lineEnd && IsDecoration(text[end]))
            {
                end++;
            }
        }

        return end;
    }

    // Where an end mark that ends a line begins.
    private static int? EndMarkBehind(string text, int from, int lineEnd, string endMark)
    {
        ReadOnlySpan<char> rest = text.AsSpan(from, lineEnd - from).TrimEnd(" \t\r*_`");
        return rest.EndsWith(endMark, StringComparison.OrdinalIgnoreCase) ? from + rest.Length - endMark.Length : null;
    }

    private static string Undecorated(string text) => text.Trim(' ', '\t', '\r', '*', '_', '`', '#');

    private static bool IsDecoration(char c) => c is '*' or '_' or '`' or '#';

    private static bool IsBare(string text, int at)
    {
        int lineEnd = text.IndexOf('\n', at) is int found and >= 0 ? found : text.Length;
        return Undecorated(text[at..lineEnd]).Length == 0;
    }
}
