using System.Collections.Frozen;
using System.Globalization;

namespace Spar.Engine.Chat.Jinja;

/// <summary>The functions that every template can call.</summary>
internal static class Globals
{
    private const int MaxRange = 100_000;

    /// <summary>Functions by name.</summary>
    public static FrozenDictionary<string, Builtin> All { get; } = Methods.Table(
        new("range", "*", Range),
        new("dict", "*, **", Dict),
        new("namespace", "*, **", a => new Namespace(Dict(a))),
        new("cycler", "*", a => a.More.Count > 0 ? new Cycler(a.More) : throw new JinjaFault("a cycler needs an item")),
        new("joiner", "sep=', '", a => new Joiner(a[0])),
        new("strftime_now", "format", a => DateText.Format(a.Run.Date, a.Text(0))),
        new("lipsum", "*, **", _ => throw JinjaFault.Unsupported("'lipsum'")),
        new("raise_exception", "message", a => throw new EngineException(
            $"The chat template refuses these messages: {PyRepr.Str(a.Run, a[0])}")));

    public static PyDict Copy(PyDict dict)
    {
        PyDict copy = new();
        foreach ((object? key, object? value) in dict)
        {
            copy[key] = value;
        }

        return copy;
    }

    private static PyRange Range(Bound a)
    {
        (object? first, object? second, object? third) = a.More switch
        {
            [var only] => (0L, only, 1L),
            [var one, var two] => (one, two, 1L),
            [var one, var two, var three] => (one, two, three),
            _ => throw new JinjaFault("range takes one to three numbers"),
        };
        long step = Whole(third);
        PyRange range = step != 0 ? new PyRange(Whole(first), Whole(second), step)
            : throw new JinjaFault("a range has a step of zero");
        double length = ((double)range.Stop - range.Start) / step;
        return length <= MaxRange ? range : throw new JinjaFault($"a range has more than {MaxRange} numbers");

        static long Whole(object? value) => value is Undefined undefined ? throw undefined.Fault()
            : PyNumber.TryInteger(value, out long whole) && Math.Abs((double)whole) < 1e18 ? whole
            : throw new JinjaFault($"{PyValue.Name(value)} is given where a whole number is needed");
    }

    private static PyDict Dict(Bound a)
    {
        PyDict dict = a.More switch
        {
            [] => new PyDict(),
            [PyDict other] => Copy(other),
            [var pairs] => FromPairs(a.Run, pairs),
            _ => throw new JinjaFault("dict and namespace take one mapping"),
        };
        foreach ((string name, object? value) in a.Named)
        {
            dict[name] = value;
        }

        return dict;
    }

    private static PyDict FromPairs(Run run, object? pairs)
    {
        PyDict dict = new();
        foreach (object? pair in PyValue.Iterate(pairs))
        {
            dict[PyValue.ToList(run, pair) is [var key, var value] ? key
                : throw new JinjaFault("a pair has not two items")] = value;
        }

        return dict;
    }
}

/// <summary>What <c>joiner(sep)</c> gives: nothing when called first, then the separator.</summary>
internal sealed class Joiner(object? separator) : Callable
{
    private bool _used;

    public override string Description => "a joiner";

    public override object? Call(Run run, Arguments arguments)
    {
        bool first = !_used;
        _used = true;
        return arguments is { Positional.Count: 0, Named.Count: 0 } ? first ? "" : separator
            : throw new JinjaFault("a joiner is called with arguments");
    }
}

/// <summary>Python's <c>strftime</c> in the C locale, for a moment without a time zone.</summary>
internal static class DateText
{
    private static readonly CultureInfo s_culture = CultureInfo.InvariantCulture;

    /// <exception cref="JinjaFault">The format has a directive that is not supported.</exception>
    public static string Format(DateTime date, string format)
    {
        System.Text.StringBuilder output = new();
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                output.Append(format[i]);
                continue;
            }

            char flag = i + 2 < format.Length && format[i + 1] is '-' or '_' or '0' or '^' ? format[++i] : '\0';
            char directive = ++i < format.Length ? format[i] : '\0';
            string text = Directive(date, directive);
            string bare = text.TrimStart('0', ' ') is { Length: > 0 } some ? some : "0";
            output.Append(flag switch
            {
                '-' when IsNumber(text) => bare,
                '_' when IsNumber(text) => bare.PadLeft(text.Length),
                '0' when IsNumber(text) => bare.PadLeft(text.Length, '0'),
                '^' => text.ToUpperInvariant(),
                _ => text,
            });
        }

        return output.ToString();

        static bool IsNumber(string text) => text.Length > 0 && text.All(c => char.IsAsciiDigit(c) || c == ' ');
    }

    private static string Directive(DateTime d, char directive) => directive switch
    {
        'a' => d.ToString("ddd", s_culture),
        'A' => d.ToString("dddd", s_culture),
        'b' or 'h' => d.ToString("MMM", s_culture),
        'B' => d.ToString("MMMM", s_culture),
        'c' => Format(d, "%a %b %e %H:%M:%S %Y"),
        'C' => Number(d.Year / 100, 2),
        'd' => Number(d.Day, 2),
        'D' or 'x' => Format(d, "%m/%d/%y"),
        'e' => d.Day.ToString(s_culture).PadLeft(2),
        'f' => Number(d.Ticks % 10_000_000 / 10, 6),
        'F' => Format(d, "%Y-%m-%d"),
        'g' => Number(ISOWeek.GetYear(d) % 100, 2),
        'G' => ISOWeek.GetYear(d).ToString(s_culture),
        'H' => Number(d.Hour, 2),
        'I' => Number((d.Hour + 11) % 12 + 1, 2),
        'j' => Number(d.DayOfYear, 3),
        'k' => d.Hour.ToString(s_culture).PadLeft(2),
        'l' => ((d.Hour + 11) % 12 + 1).ToString(s_culture).PadLeft(2),
        'm' => Number(d.Month, 2),
        'M' => Number(d.Minute, 2),
        'n' => "\n",
        'p' => d.Hour < 12 ? "AM" : "PM",
        'P' => d.Hour < 12 ? "am" : "pm",
        'r' => Format(d, "%I:%M:%S %p"),
        'R' => Format(d, "%H:%M"),
        'S' => Number(d.Second, 2),
        't' => "\t",
        'T' or 'X' => Format(d, "%H:%M:%S"),
        'u' => Number(d.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)d.DayOfWeek, 1),
        'U' => Number((d.DayOfYear + 6 - (int)d.DayOfWeek) / 7, 2),
        'V' => Number(ISOWeek.GetWeekOfYear(d), 2),
        'w' => Number((int)d.DayOfWeek, 1),
        'W' => Number((d.DayOfYear + 6 - ((int)d.DayOfWeek + 6) % 7) / 7, 2),
        'y' => Number(d.Year % 100, 2),
        'Y' => d.Year.ToString(s_culture),
        'z' or 'Z' => "",
        '%' => "%",
        _ => throw JinjaFault.Unsupported($"the directive '%{directive}' of strftime_now"),
    };

    private static string Number(long number, int digits) => number.ToString(s_culture).PadLeft(digits, '0');
}
