using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Spar.Engine.Chat.Jinja;

/// <summary>
/// Cuts a template into tokens, with the white space of jinja2 under <c>trim_blocks</c> and <c>lstrip_blocks</c>: a
/// line break after a block or comment goes, and so does what is blank before one on its line; <c>-</c> takes all white
/// space on its side, <c>+</c> keeps what is there.
/// </summary>
internal sealed partial class Lexer
{
    private const int MaxTokensOfTag = 2000;

    private static readonly string[] s_operators =
        ["//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=",
            ".", ":", "|", ",", ";"];

    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private int _at;
    private int _line = 1;

    // True when what was read last ended with a line break.
    private bool _lineStarts = true;

    private Lexer(string source) => _source = source;

    /// <exception cref="EngineException">
    /// A tag is not closed, or has a character that belongs in none; names the line.
    /// </exception>
    public static List<Token> Read(string template)
    {
        string source = template.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        Lexer lexer = new(source.EndsWith('\n') ? source[..^1] : source);
        lexer.ReadAll();
        return lexer._tokens;
    }

    private void ReadAll()
    {
        while (_at < _source.Length)
        {
            int tag = NextTag();
            if (tag < 0)
            {
                Add(TokenKind.Data, _source[_at..]);
                break;
            }

            int raw = RawBegin().Match(_source, tag) is { Success: true } match ? match.Length : 0;
            char sign = tag + 2 < _source.Length ? _source[tag + 2] : '\0';
            Data(_source[_at..tag], sign, isVariable: _source[tag + 1] == '{');
            _at = tag;
            if (raw > 0)
            {
                Advance(raw);
                Raw();
                continue;
            }

            bool signed = sign is '-' or '+';
            switch (_source[tag + 1])
            {
                case '#':
                    Advance(signed ? 3 : 2);
                    Comment();
                    break;
                case '{':
                    Add(TokenKind.VariableBegin, "{{");
                    Advance(signed ? 3 : 2);
                    Tag(TokenKind.VariableEnd);
                    break;
                default:
                    Add(TokenKind.BlockBegin, "{%");
                    Advance(signed ? 3 : 2);
                    Tag(TokenKind.BlockEnd);
                    break;
            }
        }

        Add(TokenKind.End, "");
    }

    private int NextTag()
    {
        for (int i = _at; (i = _source.IndexOf('{', i)) >= 0 && i + 1 < _source.Length; i++)
        {
            if (_source[i + 1] is '{' or '%' or '#')
            {
                return i;
            }
        }

        return -1;
    }

    // The text before a tag.
    private void Data(string text, char sign, bool isVariable)
    {
        int lines = text.Count(c => c == '\n');
        if (sign == '-')
        {
            text = PyText.Trim(text, null, start: false);
        }
        else if (sign != '+' && !isVariable)
        {
            int start = text.LastIndexOf('\n') + 1;
            if ((start > 0 || _lineStarts) && text.AsSpan(start).ToString().All(PyCharacter.IsSpace))
            {
                text = text[..start];
            }
        }

        Add(TokenKind.Data, text);
        _line += lines;
    }

    private void Raw()
    {
        Match end = RawEnd().Match(_source, _at);
        if (!end.Success)
        {
            throw JinjaFault.At(_line, "'{% raw %}' is not closed by '{% endraw %}'");
        }

        Data(_source[_at..end.Index], end.Groups[1].Value is [var sign] ? sign : '\0', isVariable: false);
        _at = end.Index;
        Advance(end.Length);
    }

    private void Comment()
    {
        int end = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0)
        {
            throw JinjaFault.At(_line, "'{#' is not closed by '#}'");
        }

        char sign = end > _at ? _source[end - 1] : '\0';
        Advance(end + 2 - _at);
        AfterTag(sign);
    }

    // What follows the end of a block or comment.
    private void AfterTag(char sign)
    {
        int end = _at;
        if (sign == '-')
        {
            for (; end < _source.Length && PyCharacter.IsSpace(_source[end]); end++)
            {
            }
        }
        else if (sign != '+' && end < _source.Length && _source[end] == '\n')
        {
            end++;
        }

        if (end > _at)
        {
            Advance(end - _at);
        }
    }

    private void Tag(TokenKind end)
    {
        (string close, int first, int line) = (end == TokenKind.BlockEnd ? "%}" : "}}", _tokens.Count, _line);
        Stack<char> open = new();
        while (true)
        {
            if (_tokens.Count - first > MaxTokensOfTag)
            {
                throw JinjaFault.At(line, $"a tag has more than {MaxTokensOfTag} words");
            }

            if (_at >= _source.Length)
            {
                throw JinjaFault.At(line, $"'{_tokens[first - 1].Text}' is not closed by '{close}'");
            }

            if (open.Count == 0 && TryEnd(end, close))
            {
                return;
            }

            char c = _source[_at];
            if (PyCharacter.IsSpace(c))
            {
                Advance(1);
            }
            else if (Number().Match(_source, _at) is { Success: true } number)
            {
                TokenKind kind = number.Groups[1].Success ? TokenKind.Float : TokenKind.Integer;
                Add(kind, number.Value.Replace("_", "", StringComparison.Ordinal));
                Advance(number.Length);
            }
            else if (c == '_' || char.IsLetter(c))
            {
                int stop = _at;
                for (; stop < _source.Length && (_source[stop] == '_' || char.IsLetterOrDigit(_source[stop])); stop++)
                {
                }

                Add(TokenKind.Name, _source[_at..stop]);
                Advance(stop - _at);
            }
            else if (c is '\'' or '"')
            {
                Text(c);
            }
            else
            {
                Operator(open);
            }
        }
    }

    private bool TryEnd(TokenKind end, string close)
    {
        char sign = _source[_at] is '-' or '+' ? _source[_at] : '\0';
        int start = sign == '\0' || (sign == '+' && end == TokenKind.VariableEnd) ? _at : _at + 1;
        if (string.CompareOrdinal(_source, start, close, 0, 2) != 0)
        {
            return false;
        }

        Add(end, close);
        Advance(start + 2 - _at);
        if (end == TokenKind.BlockEnd || sign == '-')
        {
            AfterTag(sign);
        }

        return true;
    }

    private void Operator(Stack<char> open)
    {
        string text = s_operators.FirstOrDefault(o => string.CompareOrdinal(_source, _at, o, 0, o.Length) == 0)
            ?? throw JinjaFault.At(_line, $"'{Rune.GetRuneAt(_source, _at)}' was not expected");
        switch (text[0])
        {
            case '(' or '[' or '{':
                open.Push(text[0] == '(' ? ')' : text[0] == '[' ? ']' : '}');
                break;
            case ')' or ']' or '}' when open.Count == 0 || open.Pop() != text[0]:
                throw JinjaFault.At(_line, $"'{text}' was not expected");
        }

        Add(TokenKind.Operator, text);
        Advance(text.Length);
    }

    private void Text(char quote)
    {
        int end = _at + 1;
        for (; end < _source.Length && _source[end] != quote; end++)
        {
            end += _source[end] == '\\' ? 1 : 0;
        }

        if (end >= _source.Length)
        {
            throw JinjaFault.At(_line, "a text is not closed by its quote");
        }

        Add(TokenKind.String, Unescape(_source[(_at + 1)..end]));
        Advance(end + 1 - _at);
    }

    // Python's escapes; one that it does not know stays as it is.
    private string Unescape(string text)
    {
        StringBuilder output = new();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                output.Append(text[i]);
                continue;
            }

            char c = text[++i];
            switch (c)
            {
                case '\n':
                    break;
                case '\\' or '\'' or '"':
                    output.Append(c);
                    break;
                case 'x' or 'u' or 'U':
                    int digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
                    if (i + digits >= text.Length
                        || !int.TryParse(text.AsSpan(i + 1, digits), NumberStyles.AllowHexSpecifier,
                            CultureInfo.InvariantCulture, out int code)
                        || code is < 0 or > 0x10FFFF)
                    {
                        throw JinjaFault.At(_line,
                            $"the escape '\\{c}' needs {digits} hexadecimal digits of a character");
                    }

                    output.Append(code > 0xFFFF ? char.ConvertFromUtf32(code) : ((char)code).ToString());
                    i += digits;
                    break;
                case >= '0' and <= '7':
                    int end = i;
                    for (; end < text.Length && end < i + 3 && text[end] is >= '0' and <= '7'; end++)
                    {
                    }

                    output.Append((char)Convert.ToInt32(text[i..end], 8));
                    i = end - 1;
                    break;
                case 'N':
                    throw JinjaFault.At(_line, "the escape '\\N' is not supported");
                default:
                    int simple = "abfnrtv".IndexOf(c);
                    output.Append(simple >= 0 ? "\a\b\f\n\r\t\v"[simple].ToString() : "\\" + Escaped(text, ref i));
                    break;
            }
        }

        return output.ToString();
    }

    // After a backslash, jinja2 leaves a character beyond ASCII as the digits of its code.
    private static string Escaped(string text, ref int i)
    {
        if (char.IsAscii(text[i]))
        {
            return text[i].ToString();
        }

        Rune.DecodeFromUtf16(text.AsSpan(i), out Rune rune, out int units);
        i += units - 1;
        return rune.Value <= 0xFF ? $"x{rune.Value:x2}" : rune.Value <= 0xFFFF ? $"u{rune.Value:x4}"
            : $"U{rune.Value:x8}";
    }

    private void Add(TokenKind kind, string text)
    {
        if (kind != TokenKind.Data || text.Length > 0)
        {
            _tokens.Add(new Token(kind, text, _line));
        }
    }

    private void Advance(int length)
    {
        ReadOnlySpan<char> read = _source.AsSpan(_at, length);
        _line += read.Count('\n');
        _lineStarts = read[^1] == '\n';
        _at += length;
    }

    [GeneratedRegex(@"\G\{%[-+]?\s*raw\s*(?:-%\}\s*|%\})")]
    private static partial Regex RawBegin();

    [GeneratedRegex(@"\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\}\n?)")]
    private static partial Regex RawEnd();

    // A float has a fraction or an exponent, and no point before it; everything else is whole.
    [GeneratedRegex(
        @"\G(?:((?<!\.)(?:[0-9]+_)*[0-9]+(?:(?:\.(?:[0-9]+_)*[0-9]+)?e[+-]?(?:[0-9]+_)*[0-9]+|\.(?:[0-9]+_)*[0-9]+))"
        + @"|0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[0-9a-f])+|[1-9](?:_?[0-9])*|0(?:_?0)*)",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Number();
}
