namespace Spar.Evaluation.Text;

/// <content>What stands in parentheses: groups, looks around, comments and flags.</content>
internal sealed partial class RegexParser
{
    private RegexSyntax? ReadGroup()
    {
        (bool oldIgnoreCase, bool oldMultiline, bool oldDotAll, bool oldAscii) = (_ignoreCase, _multiline, _dotAll, _ascii);
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
            group = _names.TryGetValue(name, out int number) && _closed.Contains(number)
                ? new BackReference(number, _ignoreCase)
                : throw Fault($"no finished group is called '{name}'");
        }
        else if (Take('#'))
        {
            while (Peek is not (-1 or ')'))
            {
                _at++;
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
            bool negative = _points[_at - 1] == '!';
            RegexSyntax body = Close(ReadAlternatives());
            int width = Width(body) ?? throw Fault("a look-behind needs a fixed width");
            group = new Look(body, negative, Behind: true, width);
        }
        else
        {
            group = ReadFlags();
            if (group is null)
            {
                return null;
            }
        }

        (_ignoreCase, _multiline, _dotAll, _ascii) = (oldIgnoreCase, oldMultiline, oldDotAll, oldAscii);
        return group;
    }

    private Capture ReadCapture(string? name)
    {
        int number = ++GroupCount;
        if (name is not null && !_names.TryAdd(name, number))
        {
            throw Fault($"the group name '{name}' is used twice");
        }

        RegexSyntax body = Close(ReadAlternatives());
        _closed.Add(number);
        return new Capture(number, body);
    }

    private T Close<T>(T body) => Take(')') ? body : throw Fault("a parenthesis is not closed");

    private string ReadName(char end)
    {
        int start = _at;
        while (Peek is not -1 && Peek != end)
        {
            _at++;
        }

        string name = PythonText.FromCodePoints(_points.AsSpan(start, _at - start));
        bool wellFormed =
            name.Length > 0 && name.All(c => c == '_' || char.IsLetterOrDigit(c)) && !char.IsDigit(name[0]);
        return Take(end) && wellFormed ? name : throw Fault("a group name is malformed");
    }

    /// <summary>
    /// Reads flags: <c>(?i)</c> for the whole expression (at its very start only), or <c>(?i-s:...)</c> for a group.
    /// </summary>
    private RegexSyntax? ReadFlags()
    {
        bool first = _at == 2;
        bool on = true;
        while (true)
        {
            switch (Peek)
            {
                case 'i':
                    _ignoreCase = on;
                    break;
                case 'm':
                    _multiline = on;
                    break;
                case 's':
                    _dotAll = on;
                    break;
                case 'a':
                    _ascii = on;
                    break;
                case 'u':
                    _ascii = !on;
                    break;
                case '-' when on:
                    on = false;
                    break;
                case ':':
                    _at++;
                    return Close(ReadAlternatives());
                case ')' when on:
                    _at++;
                    return first ? null : throw Fault("flags for the whole expression must stand at its start");
                default:
                    throw Fault("this kind of group is not supported");
            }

            _at++;
        }
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
