using Spar.Calls;

namespace Spar.Templates;

/// <summary>One sampled refinement, as far as it could be read.</summary>
/// <param name="Output">The output without thoughts, reflection included, trimmed.</param>
/// <param name="Response">The refined response, trimmed; null when the output could not be read.</param>
/// <param name="Unparsed">Why it could not be read; null when it could.</param>
public sealed record Refinement(string Output, string? Response, string? Unparsed);

/// <summary>
/// Takes the refined response from between its marks. A mark begins a line (emphasis around it belongs to it), and the
/// end mark has the line for itself or ends the output; what looks like a mark elsewhere is text. The last block
/// counts, from its first start mark to its last end mark, so that a response that holds a line like a mark is not cut
/// there. Case of the marks is overlooked.
/// </summary>
/// <param name="format">Gives the marks.</param>
public sealed class RefinementParser(OutputFormat format)
{
    /// <summary>Reason: the start mark does not occur.</summary>
    public const string NoStart = "no start mark";

    /// <summary>Reason: no end mark follows the last start mark.</summary>
    public const string NoEnd = "no end mark";

    /// <summary>Reason: there is nothing between the marks.</summary>
    public const string EmptyResponse = "empty response";

    /// <summary>Reason: between the marks is what the template has there.</summary>
    public const string Placeholder = "the template's placeholder";

    /// <summary>Reason: a thought was begun and not ended.</summary>
    public const string UnfinishedThought = "unfinished thought";

    /// <summary>Reason: the output ended at the token limit before the response was known to be whole.</summary>
    public const string CutOff = "cut off at the token limit";

    /// <summary>Reads one output.</summary>
    /// <param name="output">What the refiner wrote, thoughts included.</param>
    /// <param name="cutOff">True when the output ended because the token limit was reached.</param>
    public Refinement Parse(string output, bool cutOff = false)
    {
        ThoughtSplit split = Thoughts.Split(output);
        string text = split.Text.Trim();
        if (split.Unfinished)
        {
            return new Refinement(text, null, UnfinishedThought);
        }

        (int Start, int End)? block = FindBlock(text, cutOff, out string? unparsed);
        if (block is not { } found)
        {
            return new Refinement(text, null, unparsed);
        }

        string response = text[found.Start..found.End].Trim();
        unparsed = response.Length == 0 ? EmptyResponse : response.Trim('.', '…', ' ', '[', ']', '<', '>').Length == 0 ? Placeholder : null;
        return new Refinement(text, unparsed is null ? response : null, unparsed);
    }

    private (int Start, int End)? FindBlock(string text, bool cutOff, out string? unparsed)
    {
        int start = -1;
        int end = -1;
        foreach ((bool begins, int from, int to) in Marks(text))
        {
            if (begins && (start < 0 || end >= 0))
            {
                (start, end) = (to, -1);
            }
            else if (!begins && start >= 0)
            {
                end = from;
            }
        }

        bool toTheEnd = format.ResponseEnd is null || format.ResponseEndOptional;
        unparsed = start < 0 ? NoStart : end >= 0 ? null : cutOff ? CutOff : toTheEnd ? null : NoEnd;
        return unparsed is not null ? null : (start, end >= 0 ? end : text.Length);
    }

    // The marks in order: whether it begins a response, where its line begins, and where the text behind it does.
    private IEnumerable<(bool Begins, int From, int To)> Marks(string text)
    {
        for (int line = 0; line < text.Length;)
        {
            int lineEnd = text.IndexOf('\n', line) is int found and >= 0 ? found : text.Length;
            if (MarkAt(text, line, lineEnd, format.ResponseStart) is { } start)
            {
                yield return (true, line, start);

                // A response of one line may stand between its marks.
                if (format.ResponseEnd is not null && EndMarkBehind(text, start, lineEnd) is { } behind)
                {
                    yield return (false, behind, lineEnd);
                }
            }
            else if (format.ResponseEnd is { } mark)
            {
                if (MarkAt(text, line, lineEnd, mark) is { } end && Undecorated(text[end..lineEnd]).Length == 0)
                {
                    yield return (false, line, lineEnd);
                }
                else if (lineEnd == text.Length && EndMarkBehind(text, line, lineEnd) is { } behind)
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
        int start = mark.Length > 0 && IsDecoration(mark[0]) ? line + (decoration.Length - decoration.TrimStart(" \t").Length) : at;
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
    private int? EndMarkBehind(string text, int from, int lineEnd)
    {
        ReadOnlySpan<char> rest = text.AsSpan(from, lineEnd - from).TrimEnd(" \t\r*_`");
        return rest.EndsWith(format.ResponseEnd, StringComparison.OrdinalIgnoreCase) ? from + rest.Length - format.ResponseEnd!.Length : null;
    }

    private static string Undecorated(string text) => text.Trim(' ', '\t', '\r', '*', '_', '`', '#');

    private static bool IsDecoration(char c) => c is '*' or '_' or '`' or '#';
}
