using System.Collections.Frozen;

namespace Spar.Engine.Chat.Jinja;

/// <summary>The tests of jinja2: <c>value is name</c>.</summary>
internal static class Tests
{
    /// <summary>Tests by name; the tested value is the first argument.</summary>
    public static FrozenDictionary<string, Builtin> All { get; } = Methods.Table(
    [
        new("defined", "value", a => a[0] is not Undefined),
        new("undefined", "value", a => a[0] is Undefined),
        new("none", "value", a => a[0] is null),
        new("boolean", "value", a => a[0] is bool),
        new("true", "value", a => a[0] is true),
        new("false", "value", a => a[0] is false),
        new("integer", "value", a => a[0] is long),
        new("float", "value", a => a[0] is double),
        new("number", "value", a => a[0] is long or double or bool),
        new("string", "value", a => a[0] is string or Markup),
        new("mapping", "value", a => a[0] is PyDict),
        new("sequence", "value", a =>
            a[0] is string or Markup or List<object?> or PyTuple or PyDict or PyRange or Undefined),
        new("iterable", "value", a => PyValue.TryIterate(a[0]) is not null),
        new("callable", "object, /", a => a[0] is Callable or LoopContext or Undefined),
        new("escaped", "value", a => a[0] is Markup),
        new("lower", "value", a => PyText.HasCase(PyRepr.Str(a.Run, a[0]), upper: false)),
        new("upper", "value", a => PyText.HasCase(PyRepr.Str(a.Run, a[0]), upper: true)),
        new("odd", "value", a => PyValue.AreEqual(Rest(a, 2L), 1L)),
        new("even", "value", a => PyValue.AreEqual(Rest(a, 2L), 0L)),
        new("divisibleby", "value, num", a => PyValue.AreEqual(Rest(a, a[1]), 0L)),
        new("filter", "value", a => Filters.All.ContainsKey(a.Text(0)) || Filters.Unsupported.Contains(a.Text(0))),
        new("test", "value", a => All!.ContainsKey(a.Text(0))),
        new("in", "value, seq", a => PyValue.Contains(a[1], a[0])),
        new("sameas", "value, other", a => a[0] is long or double or string && a[1] is long or double or string
            ? throw JinjaFault.Unsupported("'is sameas' of numbers and texts")
            : ReferenceEquals(a[0], a[1]) || (a[0] is bool && Equals(a[0], a[1]))),
        .. Comparisons("==", "eq", "equalto"),
        .. Comparisons("!=", "ne"),
        .. Comparisons(">", "gt", "greaterthan"),
        .. Comparisons(">=", "ge"),
        .. Comparisons("<", "lt", "lessthan"),
        .. Comparisons("<=", "le"),
    ]);

    /// <summary>Applies a test by its name.</summary>
    /// <exception cref="JinjaFault">There is none of the name, or it refuses its arguments.</exception>
    public static bool Apply(Run run, string name, object? value, Arguments arguments) =>
        All.TryGetValue(name, out Builtin? test)
        ? PyValue.IsTrue(test.Call(run, arguments.Before(value)))
        : throw new JinjaFault($"there is no test '{name}'");

    private static object? Rest(Bound a, object? divisor) => Arithmetic.Calculate(a.Run, "%", a[0], divisor);

    private static IEnumerable<Builtin> Comparisons(string word, params string[] names) =>
        names.Prepend(word).Select(name => new Builtin(name, "a, b, /", a => Comparison.Compare(word, a[0], a[1])));
}
