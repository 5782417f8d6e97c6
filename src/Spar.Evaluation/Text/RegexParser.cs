using System.Globalization;

namespace Spar.Evaluation.Text;

/// <summary>
/// Reads a regular expression in Python 3.11's syntax for text patterns. Conditional groups, named characters and the verbose flag are
/// refused with a message; everything else of the syntax is understood.
/// </summary>
internal sealed class RegexParser
{
    private readonly string pattern;
    private readonly int[] points;
    private readonly Dictionary<string, int> names = [];
    private readonly HashSet<int> closed = [];
    private int at;
    private bool ignoreCase;
    private bool multiline;
    private bool dotAll;
    private bool ascii;

    private RegexParser(string pattern, bool ignoreCase, bool multiline)
    {
        this.pattern = pattern;
        this.ignoreCase = ignoreCase;
        this.multiline = multiline;
        points = PythonText.CodePoints(pattern);
    }

    /// <summary>The number of capturing groups read so far.</summary>
    public int GroupCount { get; private set; }

    /// <summary>Parses a whole expression.</summary>
    /// <returns>The tree and the number of its capturing groups.</returns>
    /// <exception cref="EvaluationException">The expression is malformed or uses what is not supported.</exception>
    public static (RegexSyntax Tree, int GroupCount) Parse(string pattern, bool ignoreCase, bool multiline)
    {
        RegexParser parser = new(pattern, ignoreCase, multiline);
        RegexSyntax tree = parser.ReadAlternatives();
        if (parser.at < parser.points.Length)
        {
            throw parser.Fault("unbalanced parenthesis");
        }

        return (tree, parser.GroupCount);
    }

    private int Peek => at < points.Length ? points[at] : -1;

    private EvaluationException Fault(string what) =>
        new($"'{pattern}' is no regular expression that can be searched for: {what} at position {at}; mend the pattern, or write a backslash before a character that is meant literally");

    private bool Take(char c)
    {
        if (Peek != c)
        {
            return false;
        }

        at++;
        return true;
    }

    private bool Take(string s)
    {
        for (int i = 0; i < s.Length; i++)
        {
            if (at + i >= points.Length || points[at + i] != s[i])
            {
                return false;
            }
        }

        at += s.Length;
        return true;
    }

    private RegexSyntax ReadAlternatives()
    {
        List<RegexSyntax> options = [ReadSequence()];
        while (Take('|'))
        {
            options.Add(ReadSequence());
        }

        return options.Count == 1 ? options[0] : new Alternatives(options);
    }

    private Sequence ReadSequence()
    {
        List<RegexSyntax> parts = [];
        while (Peek is not (-1 or '|' or ')'))
        {
            int start = at;
            RegexSyntax? atom = ReadAtom();
            if (ReadCount() is (int min, int max))
            {
                if (atom is null or Place)
                {
                    at = start;
                    throw Fault("nothing to repeat");
                }

                if (max < min)
                {
                    throw Fault("the least count exceeds the greatest");
                }

                RepeatMode mode = Take('?') ? RepeatMode.Lazy : Take('+') ? RepeatMode.Possessive : RepeatMode.Greedy;
                if (ReadCount() is not null)
                {
                    throw Fault("multiple repeat");
                }

                atom = new Repeat(atom, min, max, mode);
            }

            if (atom is not null)
            {
                parts.Add(atom);
            }
        }

        return new Sequence(parts);
    }

    /// <summary>Reads <c>* + ? {m} {m,} {,n} {m,n}</c>; a brace that is none of these is left as a literal.</summary>
    private (int Min, int Max)? ReadCount()
    {
        switch (Peek)
        {
            case '*':
                at++;
                return (0, int.MaxValue);
            case '+':
                at++;
                return (1, int.MaxValue);
            case '?':
                at++;
                return (0, 1);
            case '{':
                int start = at++;
                int? low = ReadNumber();
                bool comma = Take(',');
                int? high = comma ? ReadNumber() : low;
                if (!Take('}') || (low is null && !comma))
                {
                    at = start;
                    return null;
                }

                return (low ?? 0, high ?? int.MaxValue);
            default:
                return null;
        }
    }

    private int? ReadNumber()
    {
        int start = at;
        while (Peek is >= '0' and <= '9')
        {
            at++;
        }

        string digits = PythonText.FromCodePoints(points.AsSpan(start, at - start));
        return digits.Length == 0 ? null
            : int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number
            : throw Fault("the repetition number is too large");
    }

    /// <summary>Reads one atom; null for what matches nothing by itself, such as a comment or flags.</summary>
    private RegexSyntax? ReadAtom()
    {
        int c = points[at++];
        switch (c)
        {
            case '.':
                return new OneOf(CharacterSet.Of(dotAll ? _ => true : p => p != '\n'));
            case '^':
                return new Place(multiline ? PlaceKind.LineStart : PlaceKind.TextStart);
            case '$':
                return new Place(multiline ? PlaceKind.LineEnd : PlaceKind.LastLineEnd);
            case '(':
                return ReadGroup();
            case '[':
                return ReadSet();
            case '\\':
                return ReadEscape();
            case '*' or '+' or '?':
                at--;
                throw Fault("nothing to repeat");
            case '{':
                at--;
                if (ReadCount() is not null)
                {
                    throw Fault("nothing to repeat");
                }

                at++;
                return Literal('{');
            default:
                return Literal(c);
        }
    }

    private OneOf Literal(int point) => new(CharacterSet.Single(point, ignoreCase));

    private RegexSyntax? ReadGroup()
    {
        (bool oldIgnoreCase, bool oldMultiline, bool oldDotAll, bool oldAscii) = (ignoreCase, multiline, dotAll, ascii);
        RegexSyntax? group;
        if (!Take('?'))
        {
            group = ReadCapture(null);
        }
        else if (Take(':'))
        {
            group = Close(ReadAlternatives());
        }
        else if (Take('>'))
        {
            group = new Atomic(Close(ReadAlternatives()));
        }
        else if (Take("P<"))
        {
            group = ReadCapture(ReadName('>'));
        }
        else if (Take("P="))
        {
            string name = ReadName(')');
            group = names.TryGetValue(name, out int number) && closed.Contains(number)
                ? new BackReference(number, ignoreCase)
                : throw Fault($"no finished group is called '{name}'");
        }
        else if (Take('#'))
        {
            while (Peek is not (-1 or ')'))
            {
                at++;
            }

            return Close<RegexSyntax?>(null);
        }
        else if (Take('='))
        {
            group = new Look(Close(ReadAlternatives()), Negative: false, Behind: false, 0);
        }
        else if (Take('!'))
        {
            group = new Look(Close(ReadAlternatives()), Negative: true, Behind: false, 0);
        }
        else if (Take("<=") || Take("<!"))
        {
            bool negative = points[at - 1] == '!';
            RegexSyntax body = Close(ReadAlternatives());
            group = new Look(body, negative, Behind: true, Width(body) ?? throw Fault("a look-behind needs a fixed width"));
        }
        else
        {
            group = ReadFlags();
            if (group is null)
            {
                return null;
            }
        }

        (ignoreCase, multiline, dotAll, ascii) = (oldIgnoreCase, oldMultiline, oldDotAll, oldAscii);
        return group;
    }

    private Capture ReadCapture(string? name)
    {
        int number = ++GroupCount;
        if (name is not null && !names.TryAdd(name, number))
        {
            throw Fault($"the group name '{name}' is used twice");
        }

        RegexSyntax body = Close(ReadAlternatives());
        closed.Add(number);
        return new Capture(number, body);
    }

    private T Close<T>(T body) => Take(')') ? body : throw Fault("a parenthesis is not closed");

    private string ReadName(char end)
    {
        int start = at;
        while (Peek is not -1 && Peek != end)
        {
            at++;
        }

        string name = PythonText.FromCodePoints(points.AsSpan(start, at - start));
        if (!Take(end) || name.Length == 0 || !name.All(c => c == '_' || char.IsLetterOrDigit(c)) || char.IsDigit(name[0]))
        {
            throw Fault("a group name is malformed");
        }

        return name;
    }

    /// <summary>Reads flags: <c>(?i)</c> for the whole expression (at its very start only), or <c>(?i-s:...)</c> for a group.</summary>
    private RegexSyntax? ReadFlags()
    {
        bool first = at == 2;
        bool on = true;
        while (true)
        {
            switch (Peek)
            {
                case 'i':
                    ignoreCase = on;
                    break;
                case 'm':
                    multiline = on;
                    break;
                case 's':
                    dotAll = on;
                    break;
                case 'a':
                    ascii = on;
                    break;
                case 'u':
                    ascii = !on;
                    break;
                case '-' when on:
                    on = false;
                    break;
                case ':':
                    at++;
                    return Close(ReadAlternatives());
                case ')' when on:
                    at++;
                    return first ? null : throw Fault("flags for the whole expression must stand at its start");
                default:
                    throw Fault("this kind of group is not supported");
            }

            at++;
        }
    }

    private OneOf ReadSet()
    {
        CharacterSet set = new(ignoreCase);
        bool negative = Take('^');
        bool first = true;
        while (first || Peek != ']')
        {
            first = false;
            (int? low, Func<int, bool>? members) = ReadSetItem();
            if (Peek == '-' && at + 1 < points.Length && points[at + 1] != ']')
            {
                at++;
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

        at++;
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

        int c = points[at++];
        if (c != '\\')
        {
            return (c, null);
        }

        if (Peek == 'b')
        {
            at++;
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
            at++;
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
        bool Octal(int i) => at + i < points.Length && points[at + i] is >= '0' and <= '7';
        if (Octal(0) && Octal(1) && Octal(2))
        {
            return Literal(ReadOctal(3));
        }

        int number = points[at++] - '0';
        if (Peek is >= '0' and <= '9')
        {
            number = (number * 10) + points[at++] - '0';
        }

        return closed.Contains(number) ? new BackReference(number, ignoreCase) : throw Fault($"there is no finished group {number}");
    }

    private int ReadOctal(int digits)
    {
        int value = 0;
        for (int i = 0; i < digits && Peek is >= '0' and <= '7'; i++)
        {
            value = (value * 8) + points[at++] - '0';
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
        at += members is null ? 0 : 1;
        return members;
    }

    private Func<int, bool> Members(Func<int, bool> test) =>
        ascii ? p => p < 128 && p is not (>= 0x1C and <= 0x1F) && test(p) : test;

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

        int c = points[at++];
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
            value = c is >= 0 and < 128 && char.IsAsciiHexDigit((char)c) ? (value * 16) + Convert.ToInt32(((char)c).ToString(), 16) : throw Fault("a hexadecimal escape is too short");
            at++;
        }

        return value <= 0x10FFFF ? (int)value : throw Fault("there is no such code point");
    }

    /// <summary>The number of characters that an expression always takes, or null when it varies.</summary>
    private static int? Width(RegexSyntax tree)
    {
        switch (tree)
        {
            case OneOf:
                return 1;
            case Place or Look:
                return 0;
            case Sequence s:
                return s.Parts.Select(Width).Aggregate((int?)0, (sum, w) => sum + w);
            case Alternatives a:
                List<int?> widths = a.Options.Select(Width).Distinct().ToList();
                return widths.Count == 1 ? widths[0] : null;
            case Repeat r:
                return r.Min == r.Max ? Width(r.Body) * r.Min : null;
            case Capture c:
                return Width(c.Body);
            case Atomic a:
                return Width(a.Body);
            default:
                return null;
        }
    }
}
