using System.Globalization;
using System.Text;

namespace Spar.Engine.Chat.Jinja;

/// <summary>Python's two ways to put values into a text: <c>'%s' % x</c> and <c>'{}'.format(x)</c>.</summary>
internal static class PyFormat
{
    /// <summary>The operator <c>%</c>.</summary>
    /// <param name="run">The rendering.</param>
    /// <param name="format">The text with places.</param>
    /// <param name="values">A tuple with a value a place, one value, or a mapping for named places.</param>
    public static string Percent(Run run, string format, object? values)
    {
        StringBuilder output = new();
        IReadOnlyList<object?> items = values is PyTuple tuple ? tuple.Items : [values];
        int used = 0;
        bool named = false;
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                output.Append(format[i]);
                continue;
            }

            i++;
            object? value = null;
            bool hasValue = false;
            if (i < format.Length && format[i] == '(')
            {
                int depth = 1, start = ++i;
                for (; i < format.Length && depth > 0; i++)
                {
                    depth += format[i] == '(' ? 1 : format[i] == ')' ? -1 : 0;
                }

                string key = depth == 0 ? format[start..(i - 1)] : throw Incomplete(format);
                value = values is PyDict dict
                    ? dict.TryGet(key, out object? found) ? found
                        : throw new JinjaFault($"a format names '{key}', which is missing")
                    : throw new JinjaFault("a format with names is given no mapping");
                hasValue = named = true;
            }

            Spec spec = new();
            for (; i < format.Length && "-+ #0".Contains(format[i]); i++)
            {
                spec = format[i] switch
                {
                    '-' => spec with { Align = '<' },
                    '+' => spec with { Sign = '+' },
                    ' ' => spec with { Sign = spec.Sign == '+' ? '+' : ' ' },
                    '#' => spec with { Alternate = true },
                    _ => spec with { Zero = true },
                };
            }

            (int? width, bool left) = Count();
            spec = spec with { Width = Math.Abs(width ?? 0), Align = left ? '<' : spec.Align };
            if (i < format.Length && format[i] == '.')
            {
                i++;
                spec = spec with { Precision = Math.Max(0, Count().Number ?? 0) };
            }

            for (; i < format.Length && format[i] is 'h' or 'l' or 'L'; i++)
            {
            }

            char kind = i < format.Length ? format[i] : throw Incomplete(format);
            if (kind == '%')
            {
                output.Append('%');
                continue;
            }

            value = hasValue ? value : Next();
            output.Append(One(run, kind, value, spec));
            Run.CheckLength(output.Length);

            (int? Number, bool Left) Count()
            {
                if (i < format.Length && format[i] == '*')
                {
                    i++;
                    object? given = Next();
                    long number = given is long or bool && PyNumber.TryInteger(given, out long whole) ? whole
                        : throw new JinjaFault("a format's width is no whole number");
                    return (Run.CheckLength(Math.Abs((double)number)) * Math.Sign(number), number < 0);
                }

                int start = i;
                for (; i < format.Length && char.IsAsciiDigit(format[i]); i++)
                {
                }

                return i == start ? (null, false)
                    : (Run.CheckLength(double.Parse(format[start..i], CultureInfo.InvariantCulture)), false);
            }
        }

        bool all = named || used == items.Count || values is PyDict or List<object?> or PyRange or Undefined;
        return all ? output.ToString() : throw new JinjaFault("a format has fewer places than values");

        object? Next() => used < items.Count ? items[used++]
            : throw new JinjaFault("a format has more places than values");
    }

    /// <summary>The method <c>format</c>.</summary>
    public static string Format(
        Run run, string format, IReadOnlyList<object?> values, Dictionary<string, object?> named)
    {
        int automatic = 0;
        return Fill(format, 2);

        string Fill(string text, int depth)
        {
            StringBuilder output = new();
            for (int i = 0; i < text.Length; i++)
            {
                bool doubled = i + 1 < text.Length && text[i + 1] == text[i];
                if (text[i] is not ('{' or '}') || doubled)
                {
                    output.Append(text[i]);
                    i += doubled && text[i] is '{' or '}' ? 1 : 0;
                    continue;
                }

                int end = text[i] == '{' && depth > 0 ? Closing(text, i) : -1;
                if (end < 0)
                {
                    throw new JinjaFault($"the format '{text}' has a single brace");
                }

                string field = text[(i + 1)..end];
                int colon = SplitAt(field, ':'), mark = SplitAt(colon < 0 ? field : field[..colon], '!');
                string name = mark >= 0 ? field[..mark] : colon >= 0 ? field[..colon] : field;
                string conversion = mark < 0 ? "" : field[(mark + 1)..(colon < 0 ? field.Length : colon)];
                object? value = Field(name);
                value = conversion switch
                {
                    "" => value,
                    "s" => PyRepr.Str(run, value),
                    "r" => PyRepr.Repr(run, value),
                    _ => throw JinjaFault.Unsupported($"the conversion '!{conversion}' of a format"),
                };
                output.Append(WithSpec(run, value, colon < 0 ? "" : Fill(field[(colon + 1)..], depth - 1)));
                Run.CheckLength(output.Length);
                i = end;
            }

            return output.ToString();
        }

        object? Field(string name)
        {
            int end = name.IndexOfAny(['.', '[']) is >= 0 and int at ? at : name.Length;
            string first = name[..end];
            first = first.Length > 0 ? first : (automatic++).ToString(CultureInfo.InvariantCulture);
            object? value = first.All(char.IsAsciiDigit)
                ? int.Parse(first, CultureInfo.InvariantCulture) is var place && place < values.Count ? values[place]
                    : throw new JinjaFault("a format has more places than values")
                : named.TryGetValue(first, out object? found) ? found
                : throw new JinjaFault($"a format names '{first}', which is missing");
            while (end < name.Length)
            {
                bool item = name[end] == '[';
                int next = item ? name.IndexOf(']', end) + 1 : name.IndexOfAny(['.', '['], end + 1);
                next = next <= 0 ? name.Length : next;
                string key = item ? name[(end + 1)..(next - 1)] : name[(end + 1)..next];
                value = !item ? PyObject.Attribute(value, key)
                    : PyObject.Item(value, key.Length > 0 && key.All(char.IsAsciiDigit)
                        ? long.Parse(key, CultureInfo.InvariantCulture) : key);
                end = next;
            }

            return value;
        }
    }

    private static JinjaFault Incomplete(string format) => new($"the format '{format}' is incomplete");

    private static int SplitAt(string field, char mark)
    {
        int depth = 0;
        for (int i = 0; i < field.Length; i++)
        {
            depth += field[i] == '[' ? 1 : field[i] == ']' ? -1 : 0;
            if (field[i] == mark && depth == 0)
            {
                return i;
            }
        }

        return -1;
    }

    private static int Closing(string text, int open)
    {
        int depth = 0;
        for (int i = open; i < text.Length; i++)
        {
            depth += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
            if (depth == 0)
            {
                return i;
            }
        }

        return -1;
    }

    // [[fill]align][sign][#][0][width][,][.precision][type]
    private static string WithSpec(Run run, object? value, string text)
    {
        if (text.Length == 0)
        {
            return PyRepr.Str(run, value);
        }

        Spec spec = new();
        int i = 0;
        if (text.Length > 1 && "<>=^".Contains(text[1]))
        {
            spec = spec with { Fill = text[0], Align = text[1] };
            i = 2;
        }
        else if ("<>=^".Contains(text[0]))
        {
            spec = spec with { Align = text[0] };
            i = 1;
        }

        spec = Take("+- ") is char sign ? spec with { Sign = sign == '-' ? '\0' : sign } : spec;
        spec = spec with { Alternate = Take("#") is not null };
        spec = spec with { Zero = Take("0") is not null };
        spec = spec with { Width = Digits() ?? 0 };
        spec = spec with { Group = Take(",_") };
        spec = Take(".") is null ? spec
            : spec with { Precision = Digits() ?? throw new JinjaFault($"the format '{text}' is incomplete") };
        char? kind = i < text.Length ? text[i++] : null;
        if (i < text.Length)
        {
            throw new JinjaFault($"the format '{text}' is not valid");
        }

        return value switch
        {
            string or Markup when kind is null or 's' && spec.Sign == '\0' && spec.Align != '=' && spec.Group is null =>
                One(run, 's', value, spec with
                {
                    Align = spec.Align ?? '<',
                    Fill = spec.Zero ? '0' : spec.Fill,
                    Zero = false,
                }),
            long or bool when kind is null or 'd' or 'x' or 'X' or 'o' or 'b' && spec.Precision is null
                && !(value is bool && kind is null) =>
                One(run, kind ?? 'd', value, spec),
            long or bool or double when kind is 'f' or 'F' or '%' => One(run, kind.Value, value, spec),
            _ => throw JinjaFault.Unsupported($"the format '{text}' of {PyValue.Name(value)}"),
        };

        char? Take(string among) => i < text.Length && among.Contains(text[i]) ? text[i++] : null;

        int? Digits()
        {
            int start = i;
            for (; i < text.Length && char.IsAsciiDigit(text[i]); i++)
            {
            }

            return i == start ? null : Run.CheckLength(double.Parse(text[start..i], CultureInfo.InvariantCulture));
        }
    }

    private static string One(Run run, char kind, object? value, Spec spec)
    {
        if (value is Undefined undefined && kind is not ('s' or 'r'))
        {
            throw undefined.Fault();
        }

        switch (kind)
        {
            case 's' or 'r':
                string text = kind == 's' ? PyRepr.Str(run, value) : PyRepr.Repr(run, value);
                text = spec.Precision < PyText.Length(text) ? text[..PyText.Unit(text, spec.Precision.Value)] : text;
                return Pad(text, "", spec with { Zero = false });
            case 'c':
                string character = value is long code ? char.ConvertFromUtf32((int)code) : PyText.Of(value);
                return Pad(PyText.Length(character) == 1 ? character
                    : throw new JinjaFault("%c takes one character"), "", spec);
            case 'd' or 'i' or 'u' or 'x' or 'X' or 'o' or 'b':
                long number = value is double real && kind is 'd' or 'i' or 'u' && Math.Abs((double)value!) < 9e18
                    ? (long)(double)value!
                    : PyNumber.TryInteger(value, out long whole) ? whole
                    : throw new JinjaFault($"{PyValue.Name(value)} is formatted as a whole number");
                ulong size = number < 0 ? (ulong)-number : (ulong)number;
                string digits = kind switch
                {
                    'x' => size.ToString("x", CultureInfo.InvariantCulture),
                    'X' => size.ToString("X", CultureInfo.InvariantCulture),
                    'o' => Convert.ToString((long)size, 8),
                    'b' => Convert.ToString((long)size, 2),
                    _ => Grouped(size.ToString(CultureInfo.InvariantCulture), spec.Group),
                };
                string prefix = spec.Alternate && kind is 'x' or 'X' or 'o' or 'b' ? $"0{kind}" : "";
                return Pad(digits.PadLeft(spec.Precision ?? 0, '0'), (number < 0 ? "-" : spec.SignText) + prefix, spec);
            case 'f' or 'F' or '%':
                if (!PyNumber.TryFloat(value, out double amount) || !double.IsFinite(amount))
                {
                    throw new JinjaFault($"{PyValue.Name(value)} is formatted as a finite number");
                }

                double shown = Math.Abs(amount) * (kind == '%' ? 100 : 1);
                string exact = PyNumber.ToFixed(shown, spec.Precision ?? 6);
                int point = exact.IndexOf('.') is >= 0 and int at ? at : exact.Length;
                exact = Grouped(exact[..point], spec.Group) + exact[point..] + (kind == '%' ? "%" : "");
                return Pad(exact, double.IsNegative(amount) ? "-" : spec.SignText, spec);
            default:
                throw JinjaFault.Unsupported($"the format '%{kind}'");
        }
    }

    private static string Grouped(string digits, char? separator)
    {
        if (separator is null)
        {
            return digits;
        }

        StringBuilder output = new(digits);
        for (int i = digits.Length - 3; i > 0; i -= 3)
        {
            output.Insert(i, separator.Value);
        }

        return output.ToString();
    }

    private static string Pad(string body, string sign, Spec spec)
    {
        int missing = spec.Width - PyText.Length(body) - sign.Length;
        if (missing <= 0)
        {
            return sign + body;
        }

        if (spec.Zero && spec.Group is not null)
        {
            throw JinjaFault.Unsupported("a grouped number that is filled up with zeros");
        }

        bool zeros = spec.Zero && spec.Align is null;
        string fill = new(zeros ? '0' : spec.Fill, missing);
        return (zeros ? '=' : spec.Align ?? '>') switch
        {
            '<' => sign + body + fill,
            '=' => sign + fill + body,
            '^' => fill[..(missing / 2)] + sign + body + fill[(missing / 2)..],
            _ => fill + sign + body,
        };
    }

    private sealed record Spec
    {
        public char Fill { get; init; } = ' ';

        public char? Align { get; init; }

        public char Sign { get; init; }

        public bool Alternate { get; init; }

        public bool Zero { get; init; }

        public int Width { get; init; }

        public char? Group { get; init; }

        public int? Precision { get; init; }

        public string SignText => Sign == '\0' ? "" : Sign.ToString();
    }
}
