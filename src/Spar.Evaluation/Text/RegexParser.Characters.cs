namespace Spar.Evaluation.Text;

/// <content>What stands for characters: sets, classes and escapes.</content>
internal sealed partial class RegexParser
{
    private OneOf ReadSet()
    {
        CharacterSet set = new(_ignoreCase);
        bool negative = Take('^');
        bool first = true;
        while (first || Peek != ']')
        {
            first = false;
            (int? low, Func<int, bool>? members) = ReadSetItem();
            if (Peek == '-' && _at + 1 < _points.Length && _points[_at + 1] != ']')
            {
                _at++;
                (int? high, _) = ReadSetItem();
                if (low is null || high is null || high < low)
                {
                    throw Fault("a character range is malformed");
                }

                set.AddRange(low.Value, high.Value);
            }
            else if (low is int single)
            {
                set.AddRange(single, single);
            }
            else
            {
                set.AddClass(members!);
            }
        }

        _at++;
        if (negative)
        {
            set.Negate();
        }

        return new OneOf(set);
    }

    private (int? Point, Func<int, bool>? Class) ReadSetItem()
    {
        if (Peek == -1)
        {
            throw Fault("a character set is not closed");
        }

        int c = _points[_at++];
        if (c != '\\')
        {
            return (c, null);
        }

        if (Peek == 'b')
        {
            _at++;
            return ('\b', null);
        }

        return ReadClass() is Func<int, bool> members ? (null, members)
            : Peek is >= '0' and <= '7' ? (ReadOctal(3), null)
            : (ReadCharacterEscape(), null);
    }

    private RegexSyntax ReadEscape()
    {
        PlaceKind? place = Peek switch
        {
            'A' => PlaceKind.TextStart,
            'Z' => PlaceKind.TextEnd,
            'b' => PlaceKind.WordBoundary,
            'B' => PlaceKind.NoWordBoundary,
            _ => null,
        };
        if (place is PlaceKind kind)
        {
            _at++;
            return new Place(kind);
        }

        if (ReadClass() is Func<int, bool> members)
        {
            return new OneOf(CharacterSet.Of(members));
        }

        if (Peek == '0')
        {
            return Literal(ReadOctal(3));
        }

        if (Peek is >= '1' and <= '9')
        {
            return ReadBackReferenceOrOctal();
        }

        return Literal(ReadCharacterEscape());
    }

    /// <summary>Three octal digits name a character, one or two digits an earlier group.</summary>
    private RegexSyntax ReadBackReferenceOrOctal()
    {
        bool Octal(int i) => _at + i < _points.Length && _points[_at + i] is >= '0' and <= '7';
        if (Octal(0) && Octal(1) && Octal(2))
        {
            return Literal(ReadOctal(3));
        }

        int number = _points[_at++] - '0';
        if (Peek is >= '0' and <= '9')
        {
            number = (number * 10) + _points[_at++] - '0';
        }

        return _closed.Contains(number)
            ? new BackReference(number, _ignoreCase)
            : throw Fault($"there is no finished group {number}");
    }

    private int ReadOctal(int digits)
    {
        int value = 0;
        for (int i = 0; i < digits && Peek is >= '0' and <= '7'; i++)
        {
            value = (value * 8) + _points[_at++] - '0';
        }

        return value <= 0xFF ? value : throw Fault("an octal escape exceeds 0o377");
    }

    private Func<int, bool>? ReadClass()
    {
        Func<int, bool>? members = Peek switch
        {
            'd' => Members(PythonText.IsDigit),
            'w' => Members(PythonText.IsWord),
            's' => Members(PythonText.IsWhitespace),
            'D' => Others(PythonText.IsDigit),
            'W' => Others(PythonText.IsWord),
            'S' => Others(PythonText.IsWhitespace),
            _ => null,
        };
        _at += members is null ? 0 : 1;
        return members;
    }

    private Func<int, bool> Members(Func<int, bool> test) =>
        _ascii ? p => p < 128 && p is not (>= 0x1C and <= 0x1F) && test(p) : test;

    private Func<int, bool> Others(Func<int, bool> test)
    {
        Func<int, bool> members = Members(test);
        return p => !members(p);
    }

    private int ReadCharacterEscape()
    {
        if (Peek == -1)
        {
            throw Fault("the pattern ends in a backslash");
        }

        int c = _points[_at++];
        return c switch
        {
            'a' => 7,
            'f' => '\f',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\v',
            'x' => ReadHex(2),
            'u' => ReadHex(4),
            'U' => ReadHex(8),
            _ when c < 128 && char.IsAsciiLetterOrDigit((char)c) => throw Fault($"'\\{(char)c}' means nothing"),
            _ => c,
        };
    }

    private int ReadHex(int digits)
    {
        long value = 0;
        for (int i = 0; i < digits; i++)
        {
            int c = Peek;
            value = c is >= 0 and < 128 && char.IsAsciiHexDigit((char)c)
                ? (value * 16) + Convert.ToInt32(((char)c).ToString(), 16)
                : throw Fault("a hexadecimal escape is too short");
            _at++;
        }

        return value <= 0x10FFFF ? (int)value : throw Fault("there is no such code point");
    }
}
