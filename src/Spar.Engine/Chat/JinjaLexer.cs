using System.Globalization;
using System.Text;

namespace Spar.Engine.Chat;

/// <summary>What a <see cref="JinjaToken"/> is.</summary>
internal enum JinjaTokenKind
{
    /// <summary>Text outside of tags.</summary>
    Data,

    /// <summary><c>{{</c> or <c>{%</c>; the matching end is an <see cref="End"/>.</summary>
    Begin,

    /// <summary><c>}}</c> or <c>%}</c>.</summary>
    End,

    /// <summary>A name or keyword.</summary>
    Name,

    /// <summary>A text or number; its value is in <see cref="JinjaToken.Value"/>.</summary>
    Literal,

    /// <summary>An operator or bracket.</summary>
    Operator,

    /// <summary>The end of the template.</summary>
    Eof,
}

/// <summary>A word of a template.</summary>
internal readonly record struct JinjaToken(JinjaTokenKind Kind, string Text, object? Value, int Line);

/// <summary>
/// Cuts a Jinja template into words. White space around tags is handled here, with trim_blocks (a newline after a block tag goes) and
/// lstrip_blocks (blanks before a block tag at the start of a line go) on; a minus sign at a tag takes all white space on its side.
/// </summary>
internal sealed class JinjaLexer
{
    private static readonly string[] Operators = ["==", "!=", "<=", ">=", "//", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ":", ".", "|"];

    // Real templates stay below a few hundred. A chain of operators becomes a chain of calls, which must not exhaust the stack.
    private const int MaxWordsInTag = 2000;

    private readonly string text;
    private readonly List<JinjaToken> tokens = [];
    private int at;
    private int line = 1;
    private int lineCountedTo;

    private JinjaLexer(string text) => this.text = text;

    // The line of the current place, counted on from the last time that it was asked for.
    private int Line
    {
        get
        {
            line += text.AsSpan(lineCountedTo, at - lineCountedTo).Count('\n');
            lineCountedTo = at;
            return line;
        }
    }

    /// <summary>The words of a template, ended by <see cref="JinjaTokenKind.Eof"/>.</summary>
    /// <exception cref="EngineException">A tag or text is not closed, or a character belongs to no word.</exception>
    public static List<JinjaToken> Read(string template)
    {
        template = template.ReplaceLineEndings("\n");
        JinjaLexer lexer = new(template.EndsWith('\n') ? template[..^1] : template);
        lexer.ReadTemplate();
        return lexer.tokens;
    }

    public static EngineException Fault(int line, string problem) => new($"The chat template, line {line}: {problem}");

    private void ReadTemplate()
    {
        bool lineStarting = true;
        while (at < text.Length)
        {
            int tag = at;
            while (tag < text.Length && !(text[tag] == '{' && tag + 1 < text.Length && text[tag + 1] is '{' or '%' or '#'))
            {
                tag = text.IndexOf('{', tag + 1) is >= 0 and int next ? next : text.Length;
            }

            char kind = tag < text.Length ? text[tag + 1] : '\0';
            char sign = tag + 2 < text.Length ? text[tag + 2] : '\0';
            string data = text[at..tag];
            if (kind != '\0' && sign == '-')
            {
                data = data.TrimEnd();
            }
            else if (kind is '%' or '#' && sign != '+')
            {
                int lineStart = data.LastIndexOf('\n') + 1;
                data = (lineStart > 0 || lineStarting) && string.IsNullOrWhiteSpace(data[lineStart..]) ? data[..lineStart] : data;
            }

            Add(JinjaTokenKind.Data, data);
            at = tag;
            if (kind != '\0')
            {
                at += sign is '-' or '+' ? 3 : 2;
                int end = ReadTag(kind);
                lineStarting = text[end - 1] == '\n';
                at = end;
            }
        }

        Add(JinjaTokenKind.Eof, "the end of the template");
    }

    // Reads the inside of a tag; returns where the data after it begins.
    private int ReadTag(char kind)
    {
        if (kind == '#')
        {
            int close = text.IndexOf("#}", at, StringComparison.Ordinal);
            return close >= 0 ? AfterTag(close + 2, text[close - 1], isBlock: true) : throw Fault(Line, "a comment is not closed.");
        }

        string endMark = kind == '{' ? "}}" : "%}";
        Add(JinjaTokenKind.Begin, kind == '{' ? "{{" : "{%");
        int depth = 0;
        int first = tokens.Count;
        while (true)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
            {
                at++;
            }

            if (at >= text.Length)
            {
                throw Fault(Line, $"a tag is not closed by '{endMark}'.");
            }

            int signed = text[at] is '-' or '+' ? 1 : 0;
            if (depth == 0 && string.CompareOrdinal(text, at + signed, endMark, 0, 2) == 0)
            {
                Add(JinjaTokenKind.End, endMark);
                return AfterTag(at + signed + 2, text[at], isBlock: kind == '%');
            }

            if (tokens.Count - first > MaxWordsInTag)
            {
                throw Fault(Line, $"a tag has more than {MaxWordsInTag} words.");
            }

            ReadWord();
            depth += tokens[^1] is { Kind: JinjaTokenKind.Operator, Text: "{" or "[" or "(" } ? 1 : 0;
            depth -= tokens[^1] is { Kind: JinjaTokenKind.Operator, Text: "}" or "]" or ")" } ? 1 : 0;
        }
    }

    private int AfterTag(int end, char sign, bool isBlock)
    {
        if (sign == '-')
        {
            while (end < text.Length && char.IsWhiteSpace(text[end]))
            {
                end++;
            }
        }
        else if (isBlock && sign != '+' && end < text.Length && text[end] == '\n')
        {
            end++;
        }

        return end;
    }

    private void ReadWord()
    {
        int start = at;
        char c = text[at];
        if (char.IsLetter(c) || c == '_')
        {
            while (at < text.Length && (char.IsLetterOrDigit(text[at]) || text[at] == '_'))
            {
                at++;
            }

            Add(JinjaTokenKind.Name, text[start..at]);
        }
        else if (char.IsAsciiDigit(c))
        {
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || (text[at] == '.' && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1]))))
            {
                at++;
            }

            string number = text[start..at];
            object? value = long.TryParse(number, CultureInfo.InvariantCulture, out long whole) ? (object)whole
                : double.TryParse(number, CultureInfo.InvariantCulture, out double real) ? real : throw Fault(Line, $"'{number}' is not a number.");
            Add(JinjaTokenKind.Literal, number, value);
        }
        else if (c is '\'' or '"')
        {
            ReadString(c);
        }
        else
        {
            string word = Operators.FirstOrDefault(o => string.CompareOrdinal(text, at, o, 0, o.Length) == 0) ?? throw Fault(Line, $"unexpected '{c}'.");
            at += word.Length;
            Add(JinjaTokenKind.Operator, word);
        }
    }

    private void ReadString(char quote)
    {
        int start = Line;
        StringBuilder value = new();
        for (at++; at < text.Length && text[at] != quote; at++)
        {
            if (text[at] != '\\' || at + 1 == text.Length)
            {
                value.Append(text[at]);
                continue;
            }

            at++;
            int digits = text[at] switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
            if (digits > 0)
            {
                bool valid = at + digits < text.Length && int.TryParse(text.AsSpan(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
                    && Rune.IsValid(code) && value.Append(new Rune(code)) is not null;
                at += valid ? digits : throw Fault(start, "a text has a broken escape.");
                continue;
            }

            _ = text[at] switch
            {
                'n' => value.Append('\n'),
                't' => value.Append('\t'),
                'r' => value.Append('\r'),
                '\\' or '\'' or '"' => value.Append(text[at]),
                '\n' => value,
                _ => value.Append('\\').Append(text[at]),
            };
        }

        if (at >= text.Length)
        {
            throw Fault(start, "a text is not closed.");
        }

        at++;
        tokens.Add(new JinjaToken(JinjaTokenKind.Literal, "a text", value.ToString(), start));
    }

    private void Add(JinjaTokenKind kind, string word, object? value = null)
    {
        if (kind != JinjaTokenKind.Data || word.Length > 0)
        {
            tokens.Add(new JinjaToken(kind, word, value, Line));
        }
    }
}
