using Spar.Calls;
using Spar.Seams;

namespace Spar.Templates;

/// <summary>One sampled judgement, as far as it could be read.</summary>
/// <param name="Critique">The output without thoughts, verdict included, trimmed.</param>
/// <param name="Verdict">True: every requirement is met. Null when the output could not be read.</param>
/// <param name="Unparsed">Why it could not be read; null when it could.</param>
public sealed record Judgement(string Critique, bool? Verdict, string? Unparsed)
{
    private const int MostTail = 240;

    /// <summary>The end of the output on one line, for people: where a verdict should stand.</summary>
    internal string Tail
    {
        get
        {
            string line = string.Join(' ', Critique.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            return line.Length <= MostTail ? line : "... " + line[^MostTail..];
        }
    }
}

/// <summary>
/// Reads the verdict from a judgement: that of its last verdict line, which is the verdict mark and then yes or no, in
/// any of the spellings that models use (<see cref="VerdictLineReader"/>). The mark may stand alone, with the verdict
/// on the next line, and on the output's last line behind a whole sentence. No verdict is read from a thought, a
/// quotation (block quotes, a line in quotes, a fence), the two lines that the template offers, a line that names both
/// verdicts or hedges, and an output that was cut off.
/// </summary>
public sealed class JudgementParser
{
    /// <summary>Reason: the output is empty.</summary>
    public const string Empty = "empty output";

    /// <summary>
    /// Reason: the output ended at the token limit, so what it would have said in the end is not known.
    /// </summary>
    public const string CutOff = AnswerReading.CutOff;

    /// <summary>Reason: a thought was begun and not ended.</summary>
    public const string UnfinishedThought = AnswerReading.UnfinishedThought;

    /// <summary>Reason: there is no verdict line.</summary>
    public const string NoMark = "no verdict mark";

    /// <summary>Reason: neither yes nor no follows the last verdict mark.</summary>
    public const string NoVerdict = "no yes or no after the verdict mark";

    /// <summary>Reason: the last verdict line has both ("yes or no").</summary>
    public const string BothVerdicts = "both yes and no after the verdict mark";

    /// <summary>
    /// Reason: the last verdict line takes the verdict back in part, or does not commit itself ("yes, mostly",
    /// "probably no").
    /// </summary>
    public const string Hedged = "a hedged verdict";

    /// <summary>Reason: the verdict mark stands only in a quotation.</summary>
    public const string Quoted = "a verdict only in a quotation";

    /// <summary>Reason: the only verdict lines are the two that the template offers.</summary>
    public const string Echo = "only the template's own verdict lines";

    private readonly VerdictLineReader _reader;
    private readonly OutputFormat _format;

    /// <summary>A parser for one output format.</summary>
    /// <param name="format">Gives the verdict mark and the words for yes and no.</param>
    public JudgementParser(OutputFormat format)
    {
        _format = format;
        _reader = new VerdictLineReader(format);
    }

    /// <summary>Reads one answer.</summary>
    /// <param name="answer">What the judge answered.</param>
    public Judgement Parse(Answer answer)
    {
        AnswerReading reading = answer.Read();
        return reading.Status == AnswerStatus.Refused
            ? new Judgement(reading.Text.Trim(), null, AnswerReading.Refused)
            : Parse(answer.Text, reading.Finish is FinishReason.Length or FinishReason.Aborted);
    }


    /// <summary>Reads one output.</summary>
    /// <param name="output">What the judge wrote, thoughts included.</param>
    /// <param name="cutOff">True when the output ended because the token limit was reached.</param>
    public Judgement Parse(string output, bool cutOff = false)
    {
        ThoughtSplit split = Thoughts.Split(output);
        string critique = split.Text.Trim();
        if (cutOff || split.Unfinished || critique.Length == 0)
        {
            return new Judgement(critique, null, cutOff ? CutOff : split.Unfinished ? UnfinishedThought : Empty);
        }

        VerdictLine found = FindVerdict(critique);
        return found.Kind == VerdictLineKind.Verdict
            ? new Judgement(critique, found.Verdict, null)
            : new Judgement(critique, null, found.Unparsed);
    }

    /// <summary>
    /// Where the verdict stands, and what could stand there: yes and no, in this order, in capitals where the verdict
    /// has them.
    /// </summary>
    /// <param name="output">What the judge wrote, not trimmed.</param>
    /// <returns>Null when the verdict cannot be read, or is no word.</returns>
    public Alternatives? VerdictWords(string output)
    {
        ThoughtSplit split = Thoughts.Split(output);
        int offset = output.LastIndexOf(split.Text, StringComparison.Ordinal);
        if (split.Unfinished || offset < 0
            || FindVerdict(split.Text) is not { Kind: VerdictLineKind.Verdict, Start: >= 0 } found)
        {
            return null;
        }

        string word = split.Text.Substring(found.Start, found.Length);
        string yes = found.Verdict ? word : InCaseOf(word, _format.Yes[0]);
        string no = found.Verdict ? InCaseOf(word, _format.No[0]) : word;
        return new Alternatives(offset + found.Start, [yes, no]);
    }

    // "YES" and "Yes" as they are; other words take their case from the one that was written.
    private static string InCaseOf(string written, string word) =>
        written.Length > 1 && written.All(char.IsUpper) ? word.ToUpperInvariant()
        : char.IsUpper(written[0]) ? char.ToUpperInvariant(word[0]) + word[1..]
        : word;

    private VerdictLine FindVerdict(string text)
    {
        List<(VerdictLine Line, bool Or)> lines = [];
        bool awaiting = false;
        bool fenced = false;
        bool quoted = false;
        int lastStart = text.AsSpan().TrimEnd().LastIndexOf('\n') + 1;
        int start = 0;
        foreach (ReadOnlySpan<char> span in text.AsSpan().EnumerateLines())
        {
            // EnumerateLines takes every kind of line end; the next line begins behind it.
            int at = start;
            string line = span.ToString();
            start += span.Length;
            start += start + 1 < text.Length && text[start] == '\r' && text[start + 1] == '\n' ? 2 : 1;
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            if (line.TrimStart() is ['`', '`', '`', ..] or ['~', '~', '~', ..])
            {
                fenced = !fenced;
                continue;
            }

            VerdictLine read = awaiting ? _reader.ReadAfterMark(line) : _reader.Read(line, at >= lastStart);
            if (fenced)
            {
                quoted |= read.Kind != VerdictLineKind.None;
                continue;
            }

            if (awaiting || read.Kind is VerdictLineKind.Verdict or VerdictLineKind.Unreadable)
            {
                lines.Add((read.Start < 0 ? read : read with { Start = at + read.Start }, false));
                awaiting = false;
            }
            else if (read.Kind == VerdictLineKind.MarkOnly)
            {
                awaiting = true;
            }
            else
            {
                quoted |= _reader.Read(
                    line.TrimStart(' ', '\t', '>', '"', '“', '„', '«', '「', '『'),
                    last: false).Kind != VerdictLineKind.None;
                if (VerdictLineReader.IsOr(line) && lines.Count > 0)
                {
                    lines.Add((VerdictLine.None, true));
                }
                else if (lines.Count > 0 && lines[^1].Or)
                {
                    lines[^1] = (VerdictLine.None, false);
                }
            }
        }

        if (awaiting)
        {
            lines.Add((VerdictLine.Unreadable(NoVerdict), false));
        }

        bool echoed = DropEcho(lines);
        VerdictLine last = lines.LastOrDefault(entry => entry.Line.Kind != VerdictLineKind.None).Line;
        return last.Kind != VerdictLineKind.None
            ? last : VerdictLine.Unreadable(echoed ? Echo : quoted ? Quoted : NoMark);
    }

    // The template's two offers with "or" between them are no verdicts.
    private static bool DropEcho(List<(VerdictLine Line, bool Or)> lines)
    {
        bool echoed = false;
        for (int i = 1; i + 1 < lines.Count; i++)
        {
            if (lines[i].Or && lines[i - 1].Line.Kind == VerdictLineKind.Verdict
                && lines[i + 1].Line.Kind == VerdictLineKind.Verdict)
            {
                lines[i - 1] = lines[i + 1] = (VerdictLine.None, false);
                echoed = true;
            }
        }

        return echoed;
    }
}
