using System.Text;
using System.Text.RegularExpressions;

namespace Spar.Calls;

/// <summary>A model's raw text, taken apart into what it thought and what it said.</summary>
/// <param name="Text">
/// The answer without thoughts; the raw text itself where it has none. Empty where the thoughts never ended.
/// </param>
/// <param name="Thinking">
/// The thoughts without their marks, blocks joined by blank lines; null where there are none.
/// </param>
/// <param name="Unfinished">True where a thought was begun and not ended, so that what follows it is missing.</param>
public sealed record ThoughtSplit(string Text, string? Thinking, bool Unfinished);

/// <summary>
/// Separates thoughts from answers: the blocks that reasoning models write before what they say, in the marks of the
/// families in use (<c>&lt;think&gt;</c> and its relatives, bracketed and piped marks, the channels of gpt-oss). A
/// block counts where its opening mark begins the text or a line; a closing mark without an opening one (chat templates
/// that open the thought themselves) ends a thought that began with the text. Marks within code (between backticks or
/// in a fence) or in quotes are text.
/// </summary>
public static partial class Thoughts
{
    // Opening and closing marks; the spellings of <think> differ by family, the rest are whole marks.
    // Sources: the chat templates of Qwen3, DeepSeek-R1, EXAONE Deep, Seed-OSS, Magistral, Command A Reasoning,
    // Kimi-VL, OpenThinker.
    private static readonly (string Open, string Close)[] s_marks =
    [
        ("<think>", "</think>"),
        ("<thinking>", "</thinking>"),
        ("<thought>", "</thought>"),
        ("<thoughts>", "</thoughts>"),
        ("<reasoning>", "</reasoning>"),
        ("<seed:think>", "</seed:think>"),
        ("[THINK]", "[/THINK]"),
        ("◁think▷", "◁/think▷"),
        ("<|START_THINKING|>", "<|END_THINKING|>"),
        ("<|begin_of_thought|>", "<|end_of_thought|>"),
        ("<|think|>", "<|/think|>"),
    ];

    // The channels of gpt-oss (OpenAI's harmony format): thoughts in "analysis", the answer in "final".
    private const string Channel = "<|channel|>";

    /// <summary>Takes a raw text apart.</summary>
    /// <param name="raw">What a model wrote.</param>
    public static ThoughtSplit Split(string raw)
    {
        if (raw.Contains(Channel, StringComparison.Ordinal) && SplitChannels(raw) is { } channels)
        {
            return channels;
        }

        // Only the marks that occur, so that many blocks do not each look through the whole text for the others.
        (string Open, string Close)[] marks =
        [
            .. s_marks.Where(mark =>
                raw.Contains(mark.Open, StringComparison.OrdinalIgnoreCase)
                || raw.Contains(mark.Close, StringComparison.OrdinalIgnoreCase)
            ),
        ];
        if (marks.Length == 0)
        {
            return new ThoughtSplit(raw, null, false);
        }

        StringBuilder said = new();
        List<string> thoughts = [];
        int at = 0;
        bool unfinished = false;
        while (NextBlock(raw, marks, at, thoughts.Count == 0 && said.Length == 0) is { } block)
        {
            said.Append(raw, at, block.Start - at);
            thoughts.Add(raw[block.TextStart..block.TextEnd].Trim());
            at = block.End;
            if (!block.Closed)
            {
                unfinished = true;
                break;
            }
        }

        if (thoughts.Count == 0)
        {
            return new ThoughtSplit(raw, null, false);
        }

        said.Append(raw, at, raw.Length - at);
        return new ThoughtSplit(
            unfinished ? "" : said.ToString().Trim(),
            string.Join("\n\n", thoughts.Where(thought => thought.Length > 0)),
            unfinished
        );
    }

    /// <summary>Puts marks around thoughts that came without; <see cref="Split"/> takes them apart again.</summary>
    /// <param name="thinking">The thoughts.</param>
    /// <param name="ended">False leaves them without an end.</param>
    public static string Mark(string thinking, bool ended)
    {
        (string open, string close) = s_marks.FirstOrDefault(
            mark => !thinking.Contains(mark.Close, StringComparison.OrdinalIgnoreCase), s_marks[0]);
        return ended ? $"{open}\n{thinking}\n{close}\n\n" : $"{open}\n{thinking}";
    }

    // The next block at or after a place. An opening mark must begin a line; a closing one without it ends a thought
    // from the text's start.
    private static Block? NextBlock(string raw, (string Open, string Close)[] marks, int from, bool first)
    {
        Block? best = null;
        foreach ((string open, string close) in marks)
        {
            int opened = FindMark(raw, open, from, beginsLine: true);
            if (opened >= 0 && (best is null || opened < best.Start))
            {
                int text = opened + open.Length;
                int closed = FindMark(raw, close, text, beginsLine: false, fences: false);
                best =
                    closed < 0
                        ? new Block(opened, text, raw.Length, raw.Length, false)
                        : new Block(opened, text, closed, closed + close.Length, true);
            }
        }

        if (!first)
        {
            return best;
        }

        foreach ((_, string close) in marks)
        {
            int closed = FindMark(raw, close, from, beginsLine: false);
            if (closed >= 0 && closed < (best?.Start ?? int.MaxValue) && AloneAtAnEnd(raw, closed, close.Length))
            {
                best = new Block(from, from, closed, closed + close.Length, true);
            }
        }

        return best;
    }

    // The first place of a mark that is neither quoted nor, unless it ends a thought that was opened, within a fence.
    private static int FindMark(string raw, string mark, int from, bool beginsLine, bool fences = true)
    {
        int counted = from;
        int fencesBefore = 0;
        for (int at = from; (at = raw.IndexOf(mark, at, StringComparison.OrdinalIgnoreCase)) >= 0; at += mark.Length)
        {
            if ((beginsLine && !BeginsLine(raw, at)) || Quoted(raw, at, mark.Length))
            {
                continue;
            }

            if (!fences)
            {
                return at;
            }

            fencesBefore += Fence().Count(raw[counted..at]);
            counted = at;
            if (fencesBefore % 2 == 0)
            {
                return at;
            }
        }

        return -1;
    }

    private static bool BeginsLine(string raw, int at)
    {
        int before = at - 1;
        while (before >= 0 && (raw[before] is ' ' or '\t' or '\uFEFF'))
        {
            before--;
        }

        return before < 0 || raw[before] is '\n' or '\r';
    }

    private static bool Quoted(string raw, int at, int length)
    {
        char before = at > 0 ? raw[at - 1] : ' ';
        char after = at + length < raw.Length ? raw[at + length] : ' ';
        return before is '`' or '"' or '\'' or '“' or '‘' && after is '`' or '"' or '\'' or '”' or '’' or '.' or ',';
    }

    // Only marks that end a line or stand at its beginning; within a sentence they are talked about.
    private static bool AloneAtAnEnd(string raw, int at, int length)
    {
        int end = at + length;
        return BeginsLine(raw, at) || end >= raw.Length || raw[end] is '\n' or '\r';
    }

    private static ThoughtSplit? SplitChannels(string raw)
    {
        Match[] parts = [.. ChannelHead().Matches(raw).Cast<Match>()];
        if (parts.Length == 0)
        {
            return null;
        }

        List<string> thoughts = [];
        string? final = null;
        for (int i = 0; i < parts.Length; i++)
        {
            int start = parts[i].Index + parts[i].Length;
            string text = raw[start..(i + 1 < parts.Length ? parts[i + 1].Index : raw.Length)];
            int end = ChannelEnd().Match(text) is { Success: true } mark ? mark.Index : text.Length;
            if (parts[i].Groups[1].Value.Equals("final", StringComparison.Ordinal))
            {
                final = text[..end].Trim();
            }
            else
            {
                thoughts.Add(text[..end].Trim());
            }
        }

        return new ThoughtSplit(final ?? "", thoughts.Count == 0 ? null : string.Join("\n\n", thoughts), final is null);
    }

    [GeneratedRegex(@"^\s*(?:```|~~~)", RegexOptions.Multiline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"(?:<\|start\|>assistant)?<\|channel\|>\s*(\w+)[^<]*<\|message\|>")]
    private static partial Regex ChannelHead();

    [GeneratedRegex(@"<\|(?:end|return|call)\|>")]
    private static partial Regex ChannelEnd();

    private sealed record Block(int Start, int TextStart, int TextEnd, int End, bool Closed);
}
