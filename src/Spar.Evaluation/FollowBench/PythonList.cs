using System.Globalization;
using System.Text;

namespace Spar.Evaluation.FollowBench;

/// <summary>Reads a Python list of string literals, as FollowBench's targets and judges write it.</summary>
internal sealed class PythonList
{
    private readonly string _text;
    private int _at;

    private PythonList(string text) => _text = text;

    /// <summary>
    /// The strings of a list such as <c>['YES', "NO"]</c>: either quote, the usual backslash escapes, literals side by
    /// side are joined, a comma may follow the last.
    /// </summary>
    /// <param name="text">The list from bracket to bracket; white space or a comment may follow.</param>
    /// <returns>The strings; null where it is no such list.</returns>
    public static IReadOnlyList<string>? Parse(string text) => new PythonList(text).Read();

    private List<string>? Read()
    {
        if (!Take('['))
        {
            return null;
        }

        var items = new List<string>();
        while (!Take(']'))
        {
            if (ReadItem() is not { } item)
            {
                return null;
            }

            items.Add(item);
            if (!Take(',') && !NextIs(']'))
            {
                return null;
            }
        }

        return NextIs('#') || _at == _text.Length ? items : null;
    }

    /// <summary>One or more literals side by side, joined; null where there is none or one is malformed.</summary>
    private string? ReadItem()
    {
        StringBuilder? joined = null;
        while (true)
        {
            bool raw = false;
            if (NextIs('u') || NextIs('U') || (raw = NextIs('r') || NextIs('R')))
            {
                _at++;
            }

            if (_at == _text.Length || _text[_at] is not ('\'' or '"'))
            {
                return joined?.ToString();
            }

            joined ??= new StringBuilder();
            if (!ReadLiteral(joined, raw))
            {
                return null;
            }

            SkipSpace();
        }
    }

    private bool ReadLiteral(StringBuilder literal, bool raw)
    {
        char quote = _text[_at++];
        while (_at < _text.Length && _text[_at] != '\n')
        {
            char c = _text[_at++];
            if (c == quote)
            {
                return true;
            }

            if (c != '\\' || _at == _text.Length)
            {
                literal.Append(c);
            }
            else if (raw)
            {
                literal.Append(c).Append(_text[_at++]);
            }
            else if (!ReadEscape(literal))
            {
                return false;
            }
        }

        return false;
    }

    private bool ReadEscape(StringBuilder literal)
    {
        char c = _text[_at++];
        int digits = c switch
        {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if (digits > 0)
        {
            bool valid =
                _at + digits <= _text.Length
                    & int.TryParse(
                        _text.AsSpan(_at, Math.Min(digits, _text.Length - _at)),
                        NumberStyles.AllowHexSpecifier,
                        CultureInfo.InvariantCulture,
                        out int code
                    )
                && code is >= 0 and <= 0x10FFFF;
            if (valid)
            {
                literal.Append(code < 0x10000 ? ((char)code).ToString() : char.ConvertFromUtf32(code));
                _at += digits;
            }

            return valid;
        }

        string plain = c switch
        {
            '\\' or '\'' or '"' => c.ToString(),
            'n' => "\n",
            't' => "\t",
            'r' => "\r",
            _ => "\\" + c,
        };
        literal.Append(plain);
        return true;
    }

    private bool NextIs(char wanted)
    {
        SkipSpace();
        return _at < _text.Length && _text[_at] == wanted;
    }

    private bool Take(char wanted)
    {
        bool found = NextIs(wanted);
        _at += found ? 1 : 0;
        return found;
    }

    private void SkipSpace()
    {
        while (_at < _text.Length && _text[_at] is ' ' or '\t' or '\n' or '\r' or '\f')
        {
            _at++;
        }
    }
}
