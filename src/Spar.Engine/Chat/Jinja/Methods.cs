using System.Collections.Frozen;

namespace Spar.Engine.Chat.Jinja;

/// <summary>Methods of lists, tuples, ranges, mappings and cyclers, and which methods of any value are known.</summary>
internal static class Methods
{
    private static readonly FrozenDictionary<string, Builtin> s_dict = Table(
        new("get", "dict, key, default=None, /", a => ((PyDict)a[0]!).TryGet(a[1], out object? value) ? value : a[2]),
        new("items", "dict, /", a => new PyView("items", (PyDict)a[0]!)),
        new("keys", "dict, /", a => new PyView("keys", (PyDict)a[0]!)),
        new("values", "dict, /", a => new PyView("values", (PyDict)a[0]!)),
        new("copy", "dict, /", a => Globals.Copy((PyDict)a[0]!))
    );

    private static readonly FrozenDictionary<string, Builtin> s_list = Table(
        new("count", "list, value, /", a => (long)PyValue.Iterate(a[0]).Count(item => PyValue.AreEqual(item, a[1]))),
        new("index", "list, value, start=0, stop=None, /", Index),
        new("copy", "list, /", a => new List<object?>((List<object?>)a[0]!))
    );

    private static readonly FrozenDictionary<string, Builtin> s_tuple = Table(s_list["count"], s_list["index"]);

    private static readonly FrozenDictionary<string, Builtin> s_cycler = Table(
        new("next", "cycler, /", a => ((Cycler)a[0]!).Next()),
        new("reset", "cycler, /", a => ((Cycler)a[0]!).Reset())
    );

    private static readonly FrozenSet<string> s_changing = FrozenSet.Create(
        "append",
        "clear",
        "pop",
        "reverse",
        "insert",
        "sort",
        "extend",
        "remove",
        "popitem",
        "setdefault",
        "update"
    );

    private static readonly FrozenSet<string> s_unsupported = FrozenSet.Create(
        "encode",
        "translate",
        "maketrans",
        "expandtabs",
        "casefold",
        "isidentifier",
        "fromkeys",
        "isdisjoint",
        "mapping",
        "real",
        "imag",
        "numerator",
        "denominator",
        "bit_length",
        "bit_count",
        "conjugate",
        "to_bytes",
        "from_bytes",
        "as_integer_ratio",
        "is_integer",
        "hex",
        "fromhex",
        "send",
        "throw",
        "close",
        "unescape",
        "striptags",
        "escape",
        "sep",
        "used",
        "items",
        "gi_running",
        "gi_yieldfrom",
        "gi_suspended",
        "pos"
    );

    /// <summary>A method by name; null when the value has none of it here.</summary>
    public static Builtin? Find(object? target, string name) =>
        target switch
        {
            string => StringMethods.All.GetValueOrDefault(name),
            Markup => StringMethods.All.ContainsKey(name)
                ? throw JinjaFault.Unsupported($"'{name}' of a text marked as safe")
                : null,
            PyDict => s_dict.GetValueOrDefault(name),
            List<object?> => s_list.GetValueOrDefault(name),
            PyTuple or PyRange => s_tuple.GetValueOrDefault(name),
            Cycler => s_cycler.GetValueOrDefault(name),
            _ => null,
        };

    /// <summary>True of methods that would change the value: jinja2's sandbox treats them as undefined.</summary>
    public static bool IsForbidden(object? target, string name) =>
        s_changing.Contains(name)
        && target switch
        {
            List<object?> => name is not ("popitem" or "setdefault" or "update"),
            PyDict => name is "clear" or "pop" or "popitem" or "setdefault" or "update",
            _ => false,
        };

    /// <summary>True of what Python has for the value and this project has not.</summary>
    public static bool IsUnsupported(object? target, string name) =>
        s_unsupported.Contains(name)
        && name switch
        {
            "encode" or "translate" or "maketrans" or "expandtabs" or "casefold" or "isidentifier" => target
                is string
                    or Markup,
            "unescape" or "striptags" or "escape" => target is Markup,
            "fromkeys" => target is PyDict,
            "isdisjoint" => target is PyView { Kind: not "values" },
            "mapping" => target is PyView,
            "send" or "throw" or "close" or "gi_running" or "gi_yieldfrom" or "gi_suspended" => target is PyIterator,
            "is_integer" or "hex" or "fromhex" => target is double,
            "real" or "imag" or "conjugate" or "as_integer_ratio" => target is long or bool or double,
            "sep" or "used" => target is Joiner,
            "items" or "pos" => target is Cycler,
            _ => target is long or bool,
        };

    /// <summary>Functions by their names.</summary>
    public static FrozenDictionary<string, Builtin> Table(params Builtin[] functions) =>
        functions.ToFrozenDictionary(function => function.Name, StringComparer.Ordinal);

    private static object? Index(Bound a)
    {
        List<object?> items = [.. PyValue.Iterate(a[0])];
        int start = Place(a.Int(2)),
            stop = a[3] is null ? items.Count : Place(a.Int(3));
        for (int i = start; i < Math.Min(stop, items.Count); i++)
        {
            if (PyValue.AreEqual(items[i], a[1]))
            {
                return (long)i;
            }
        }

        throw new JinjaFault("a value is looked for in a list that lacks it");

        int Place(int place) => Math.Max(0, place < 0 ? place + items.Count : place);
    }
}
