using System.Collections.Frozen;

namespace Spar.Engine.Chat.Jinja;

/// <summary>
/// The filters of jinja2, with <c>tojson</c> as Transformers defines it. Those of sequences are in <see
/// cref="SequenceFilters"/>.
/// </summary>
internal static class Filters
{
    /// <summary>Filters by name; the filtered value is the first argument.</summary>
    public static FrozenDictionary<string, Builtin> All { get; } = Methods.Table(
    [
        .. SequenceFilters.All,
        new("abs", "value, /", a => a[0] is double real ? (object)Math.Abs(real) : Math.Abs(Whole(a[0]))),
        new("attr", "obj, name", a =>
            PyObject.TryAttribute(a[0], a.Text(1), out object? value) ? value : Undefined.Named(a.Text(1))),
        new("capitalize", "s", a => Like(a[0], PyText.Title(Str(a, 0), firstOnly: true))),
        new("center", "value, width=80", a =>
            Like(a[0], (string)StringMethods.All["center"].Call(a.Run, new Arguments([Str(a, 0), a[1]], []))!)),
        new("d", "value, default_value='', boolean=False", Default),
        new("default", "value, default_value='', boolean=False", Default),
        new("e", "s, /", a => Escape(a, always: false)),
        new("escape", "s, /", a => Escape(a, always: false)),
        new("forceescape", "value", a => Escape(a, always: true)),
        new("float", "value, default=0.0", a => ToFloat(a[0]) ?? a[1]),
        new("format", "value, /, *, **", Format),
        new("indent", "s, width=4, first=False, blank=False", Indent),
        new("int", "value, default=0, base=10", ToInteger),
        new("lower", "s", a => Like(a[0], PyText.Lower(Str(a, 0)))),
        new("replace", "s, old, new, count=None", a =>
            PyText.Replace(Str(a, 0), Str(a, 1), Str(a, 2), a[3] is null ? -1 : a.Int(3))),
        new("round", "value, precision=0, method='common'", Round),
        new("safe", "value", a => new Markup(Str(a, 0))),
        new("string", "object, /", a => a[0] is Markup ? a[0] : Str(a, 0)),
        new("title", "s", a => Like(a[0], Title(Str(a, 0)))),
        new("tojson", "x, ensure_ascii=False, indent=None, separators=None, sort_keys=False", ToJson),
        new("trim", "value, chars=None", a => Like(a[0], PyText.Trim(Str(a, 0), a.TextOrNull(1)))),
        new("truncate", "s, length=255, killwords=False, end='...', leeway=None", Truncate),
        new("upper", "s", a => Like(a[0], PyText.Upper(Str(a, 0)))),
        new("wordcount", "s", a => (long)Words(Str(a, 0))),
    ]);

    /// <summary>Filters of jinja2 that are left out.</summary>
    public static FrozenSet<string> Unsupported { get; } = FrozenSet.Create(
        "filesizeformat", "pprint", "random", "striptags", "urlencode", "urlize", "wordwrap", "xmlattr");

    /// <summary>Applies a filter by its name.</summary>
    /// <exception cref="JinjaFault">There is none of the name, or it refuses its arguments.</exception>
    public static object? Apply(Run run, string name, object? value, Arguments arguments) =>
        All.TryGetValue(name, out Builtin? filter)
        ? filter.Call(run, arguments.Before(value))
        : throw new JinjaFault(Unsupported.Contains(name) ? $"the filter '{name}' is not supported"
            : $"there is no filter '{name}'");

    private static string Str(Bound a, int index) => PyRepr.Str(a.Run, a[index]);

    private static object Like(object? source, string text) => source is Markup ? new Markup(text) : text;

    private static long Whole(object? value) => value is Undefined undefined ? throw undefined.Fault()
        : PyNumber.TryInteger(value, out long whole) && whole > long.MinValue ? whole
        : throw new JinjaFault($"{PyValue.Name(value)} is given where a number is needed");

    private static object? Default(Bound a) => a[0] is Undefined || (a.IsTrue(2) && !a.IsTrue(0)) ? a[1] : a[0];

    private static Markup Escape(Bound a, bool always) =>
        a[0] is Markup markup && !always ? markup : new Markup(Markup.Escape(Str(a, 0)));

    private static string Format(Bound a)
    {
        if (a.More.Count > 0 && a.Named.Count > 0)
        {
            throw new JinjaFault("the filter 'format' takes values by place or by name, not both");
        }

        PyDict named = new();
        foreach ((string name, object? value) in a.Named)
        {
            named[name] = value;
        }

        return PyFormat.Percent(a.Run, Str(a, 0), a.Named.Count > 0 ? named : new PyTuple(a.More));
    }

    private static object Indent(Bound a)
    {
        string text = a[0] is Undefined undefined ? throw undefined.Fault() : a.Text(0);
        string indent = a[1] is string or Markup ? a.Text(1) : new string(' ', Run.CheckLength(Math.Max(0, a.Int(1))));
        List<string> lines = [.. PyText.Lines(text + "\n", keepEnds: false).Cast<string>()];
        Run.CheckLength(text.Length + (double)lines.Count * indent.Length);
        IEnumerable<string> rest = lines.Skip(1).Select(line => line.Length > 0 || a.IsTrue(3) ? indent + line : line);
        return Like(a[0], (a.IsTrue(2) ? indent : "") + string.Join("\n", rest.Prepend(lines[0])));
    }

    private static object? ToInteger(Bound a)
    {
        switch (a[0])
        {
            case Undefined undefined:
                throw undefined.Fault();
            case long or bool:
                return Whole(a[0]);
            case double real:
                return double.IsFinite(real) ? Truncated(real) : double.IsNaN(real) ? a[1]
                    : throw new JinjaFault("an infinite number is made a whole one");
            case string or Markup when PyNumber.TryParse(a.Text(0), a.Int(2), out long whole):
                return whole;
            case string or Markup:
                return PyNumber.TryParse(a.Text(0), out double number) && double.IsFinite(number) ? Truncated(number)
                    : a[1];
            default:
                return a[1];
        }

        static long Truncated(double number) => Math.Abs(number) < 9.2e18 ? (long)number
            : throw new JinjaFault("a whole number of more than 64 bits is computed, which is not supported");
    }

    private static double? ToFloat(object? value) => value is Undefined undefined ? throw undefined.Fault()
        : PyNumber.TryFloat(value, out double number) ? number
        : value is string or Markup && PyNumber.TryParse(PyText.Of(value), out number) ? number : null;

    private static object Round(Bound a)
    {
        if (!PyNumber.TryFloat(a[0], out double number))
        {
            throw new JinjaFault($"{PyValue.Name(a[0])} is rounded");
        }

        string method = a.Text(2);
        if (method == "common")
        {
            return PyNumber.Round(a[0]!, a.Int(1));
        }

        double unit = Math.Pow(10, a.Int(1));
        return method switch
        {
            "ceil" => Math.Ceiling(number * unit) / unit,
            "floor" => Math.Floor(number * unit) / unit,
            _ => throw new JinjaFault("the filter 'round' knows the methods common, ceil and floor"),
        };
    }

    // Words begin after white space, a dash or an opening bracket.
    private static string Title(string text)
    {
        System.Text.StringBuilder output = new();
        for (int at = 0; at < text.Length;)
        {
            int end = at;
            for (; end < text.Length && !Separates(text[end]); end++)
            {
            }

            string word = text[at..end];
            int first = PyText.Unit(word, Math.Min(1, word.Length));
            output.Append(PyText.Upper(word[..first])).Append(PyText.Lower(word[first..]));
            for (at = end; at < text.Length && Separates(text[at]); at++)
            {
                output.Append(text[at]);
            }
        }

        return output.ToString();

        static bool Separates(char c) => c is '-' or '(' or '{' or '[' or '<' || PyCharacter.IsSpace(c);
    }

    private static string ToJson(Bound a)
    {
        string? indent = a[2] switch
        {
            null => null,
            string or Markup => a.Text(2),
            _ => new string(' ', Run.CheckLength(Math.Max(0, a.Int(2)))),
        };
        (string? between, string colon) = a[3] is null ? (null, ": ")
            : PyValue.ToList(a.Run, a[3]) is [string first, string second] ? (first, second)
            : throw new JinjaFault("the filter 'tojson' takes two texts as separators");
        return new JsonText(a.Run, a.IsTrue(1), indent, between, colon, a.IsTrue(4)).Write(a[0]);
    }

    private static object? Truncate(Bound a)
    {
        string end = a.Text(3);
        int length = a.Int(1), leeway = a[4] is null ? 5 : a.Int(4), kept = length - PyText.Length(end);
        if (kept < 0 || leeway < 0)
        {
            throw new JinjaFault("the filter 'truncate' is given a length below that of its end, or a negative leeway");
        }

        if (PyValue.Length(a[0]) <= length + leeway)
        {
            return a[0];
        }

        string text = a.Text(0);
        string start = text[..PyText.Unit(text, kept)];
        return (a.IsTrue(2) ? start : (string)PyText.SplitFromEnd(start, " ", 1)[0]!) + end;
    }

    private static int Words(string text)
    {
        int words = 0;
        bool inside = false;
        foreach (System.Text.Rune rune in text.EnumerateRunes())
        {
            bool part = rune.Value == '_' || PyCharacter.IsAlphanumeric(rune);
            words += part && !inside ? 1 : 0;
            inside = part;
        }

        return words;
    }
}
