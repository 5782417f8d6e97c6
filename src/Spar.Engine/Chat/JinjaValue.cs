using System.Globalization;
using System.Text;

namespace Spar.Engine.Chat;

/// <summary>A function that a template can call: positional and named arguments in, a value out.</summary>
internal delegate object? JinjaFunction(List<object?> arguments, Dictionary<string, object?> named);

/// <summary>The value of a name that does not exist.</summary>
internal sealed class JinjaUndefined
{
    public static readonly JinjaUndefined Value = new();

    private JinjaUndefined()
    {
    }
}

/// <summary>An object whose attributes a template may set: <c>namespace(found=false)</c>.</summary>
internal sealed class JinjaNamespace(Dictionary<string, object?> attributes)
{
    public object? this[string name]
    {
        get => attributes.TryGetValue(name, out object? value) ? value : JinjaUndefined.Value;
        set => attributes[name] = value;
    }
}

/// <summary>The names that are visible at a place of a template. A loop sees the names around it, but sets only its own.</summary>
internal sealed class JinjaScope(JinjaScope? parent)
{
    private readonly Dictionary<string, object?> names = [];

    public object? this[string name]
    {
        get => names.TryGetValue(name, out object? value) ? value : parent is null ? JinjaUndefined.Value : parent[name];
        set => names[name] = value;
    }
}

/// <summary>
/// What Python does with the values of a template: null, bool, long, double, string, lists, dictionaries with text keys, functions.
/// </summary>
internal static class JinjaValue
{
    public static bool IsTrue(object? value) => value switch
    {
        null or JinjaUndefined => false,
        bool b => b,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        List<object?> list => list.Count > 0,
        Dictionary<string, object?> map => map.Count > 0,
        _ => true,
    };

    public static string ToText(object? value) => value switch
    {
        JinjaUndefined => "",
        string text => text,
        null => "None",
        bool b => b ? "True" : "False",
        double number => double.IsInteger(number) && Math.Abs(number) < 1e16 ? number.ToString("F1", CultureInfo.InvariantCulture) : number.ToString("R", CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new EngineException($"The chat template writes {Name(value)} as text."),
    };

    public static List<object?> ToList(object? value) => value switch
    {
        List<object?> list => list,
        Dictionary<string, object?> map => [.. map.Keys],
        string text => [.. text.EnumerateRunes().Select(rune => rune.ToString())],
        JinjaUndefined => [],
        _ => throw new EngineException($"The chat template goes through {Name(value)}, which is no list."),
    };

    public static object? Attribute(object? target, string name) =>
        JinjaBuiltins.Method(target, name) is { } method ? method : target is JinjaNamespace space ? space[name] : Item(target, name);

    public static object? Item(object? target, object? key) => (target, key) switch
    {
        (Dictionary<string, object?> map, string name) => map.TryGetValue(name, out object? value) ? value : JinjaUndefined.Value,
        (List<object?> list, long index) => InRange(index, list.Count) is int i ? list[i] : JinjaUndefined.Value,
        (string text, long index) => Item(ToList(text), index),
        (JinjaUndefined, _) => throw new EngineException($"The chat template asks for '{ToText(key)}' of a value that does not exist."),
        _ => JinjaUndefined.Value,
    };

    public static object? Slice(object? target, object? start, object? stop, object? step)
    {
        List<object?> list = ToList(target);
        long stride = step is long s && s != 0 ? s : 1;
        long from = Bound(start, stride > 0 ? 0 : list.Count - 1);
        long to = Bound(stop, stride > 0 ? list.Count : -1);
        List<object?> result = [];
        for (long i = from; stride > 0 ? i < to : i > to; i += stride)
        {
            result.Add(list[(int)i]);
        }

        return target is string ? string.Concat(result) : result;

        long Bound(object? value, long absent) => value is not long index ? absent
            : Math.Clamp(index < 0 ? index + list.Count : index, stride > 0 ? 0 : -1, stride > 0 ? list.Count : list.Count - 1);
    }

    public static bool Compare(string word, object? left, object? right) => word switch
    {
        "==" => AreEqual(left, right),
        "!=" => !AreEqual(left, right),
        "in" => right switch
        {
            string text when left is string part => text.Contains(part, StringComparison.Ordinal),
            Dictionary<string, object?> map => left is string key && map.ContainsKey(key),
            _ => ToList(right).Any(item => AreEqual(item, left)),
        },
        "<" => Order(left, right) < 0,
        "<=" => Order(left, right) <= 0,
        ">" => Order(left, right) > 0,
        _ => Order(left, right) >= 0,
    };

    public static object? Calculate(string word, object? left, object? right)
    {
        try
        {
            return (word, left, right) switch
            {
                ("~", _, _) => ToText(left) + ToText(right),
                ("+", string a, string b) => a + b,
                ("+", List<object?> a, List<object?> b) => new List<object?>([.. a, .. b]),
                ("+", long a, long b) => checked(a + b),
                ("-", long a, long b) => checked(a - b),
                ("*", long a, long b) => checked(a * b),
                ("//", long a, long b) when b != 0 => (long)Math.Floor((decimal)a / b),
                ("%", long a, long b) when b != 0 => a - b * (long)Math.Floor((decimal)a / b),
                ("+", _, _) when Number(left, out double a) && Number(right, out double b) => a + b,
                ("-", _, _) when Number(left, out double a) && Number(right, out double b) => a - b,
                ("*", _, _) when Number(left, out double a) && Number(right, out double b) => a * b,
                ("/", _, _) when Number(left, out double a) && Number(right, out double b) && b != 0 => a / b,
                _ => throw new EngineException($"The chat template cannot compute {Name(left)} {word} {Name(right)}."),
            };
        }
        catch (OverflowException e)
        {
            throw new EngineException("The chat template computes a number that is too large.", e);
        }
    }

    public static string Name(object? value) => value switch
    {
        null => "none",
        JinjaUndefined => "an undefined value",
        string => "a text",
        bool => "a truth value",
        long or double => "a number",
        List<object?> => "a list",
        Dictionary<string, object?> => "a mapping",
        _ => "a function or namespace",
    };

    private static int? InRange(long index, int count) => index >= -count && index < count ? (int)(index < 0 ? index + count : index) : null;

    private static bool AreEqual(object? left, object? right) => (left, right) switch
    {
        (List<object?> a, List<object?> b) => a.Count == b.Count && a.Zip(b).All(pair => AreEqual(pair.First, pair.Second)),
        (Dictionary<string, object?> a, Dictionary<string, object?> b) => a.Count == b.Count && a.All(entry => b.TryGetValue(entry.Key, out object? value) && AreEqual(entry.Value, value)),
        _ => Number(left, out double x) && Number(right, out double y) ? x == y : Equals(left, right),
    };

    private static int Order(object? left, object? right) =>
        Number(left, out double a) && Number(right, out double b) ? a.CompareTo(b)
        : left is string s && right is string t ? string.CompareOrdinal(s, t)
        : throw new EngineException($"The chat template cannot compare {Name(left)} with {Name(right)}.");

    private static bool Number(object? value, out double number)
    {
        (bool known, number) = value switch
        {
            bool b => (true, b ? 1.0 : 0.0),
            long whole => (true, whole),
            double real => (true, real),
            _ => (false, 0.0),
        };
        return known;
    }
}
