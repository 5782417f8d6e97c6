using System.Globalization;
using System.Text;

namespace Spar.Engine.Chat;

/// <summary>The functions, filters, tests and methods that chat templates use.</summary>
internal static class JinjaBuiltins
{
    /// <summary>Filters by name; the filtered value is the first argument.</summary>
    public static IReadOnlyDictionary<string, JinjaFunction> Filters { get; } = new Dictionary<string, JinjaFunction>
    {
        ["trim"] = (a, _) => Text(a, 0).Trim(),
        ["upper"] = (a, _) => Text(a, 0).ToUpperInvariant(),
        ["lower"] = (a, _) => Text(a, 0).ToLowerInvariant(),
        ["string"] = (a, _) => JinjaValue.ToText(a[0]),
        ["replace"] = (a, _) => Text(a, 0).Replace(NotEmpty(a, 1), Text(a, 2), StringComparison.Ordinal),
        ["length"] = (a, _) => (long)JinjaValue.ToList(a[0]).Count,
        ["count"] = (a, _) => (long)JinjaValue.ToList(a[0]).Count,
        ["first"] = (a, _) => JinjaValue.ToList(a[0]) is [var first, ..] ? first : JinjaUndefined.Value,
        ["last"] = (a, _) => JinjaValue.ToList(a[0]) is [.., var last] ? last : JinjaUndefined.Value,
        ["list"] = (a, _) => JinjaValue.ToList(a[0]).ToList(),
        ["reverse"] = (a, _) => JinjaValue.Slice(a[0], null, null, -1L),
        ["join"] = (a, named) => string.Join(a.Count > 1 ? Text(a, 1) : JinjaValue.ToText(named.GetValueOrDefault("d", "")), JinjaValue.ToList(a[0]).Select(JinjaValue.ToText)),
        ["items"] = (a, _) => Items(a[0]),
        ["int"] = (a, _) => long.TryParse(JinjaValue.ToText(a[0]), CultureInfo.InvariantCulture, out long number) ? number : 0L,
        ["default"] = Default,
        ["d"] = Default,
        ["selectattr"] = (a, _) => Select(a, keep: true),
        ["rejectattr"] = (a, _) => Select(a, keep: false),
        ["tojson"] = (a, named) => named.Count == 0 ? ToJson(a[0]) : throw new EngineException("The chat template gives tojson settings, which are not supported."),
    };

    /// <summary>Tests by name, of a value and an optional argument.</summary>
    public static IReadOnlyDictionary<string, Func<object?, object?, bool>> Tests { get; } = new Dictionary<string, Func<object?, object?, bool>>
    {
        ["defined"] = (value, _) => value is not JinjaUndefined,
        ["undefined"] = (value, _) => value is JinjaUndefined,
        ["none"] = (value, _) => value is null,
        ["string"] = (value, _) => value is string,
        ["number"] = (value, _) => value is long or double or bool,
        ["integer"] = (value, _) => value is long,
        ["boolean"] = (value, _) => value is bool,
        ["true"] = (value, _) => value is true,
        ["false"] = (value, _) => value is false,
        ["mapping"] = (value, _) => value is Dictionary<string, object?>,
        ["sequence"] = (value, _) => value is List<object?> or string or Dictionary<string, object?>,
        ["iterable"] = (value, _) => value is List<object?> or string or Dictionary<string, object?>,
        ["callable"] = (value, _) => value is JinjaFunction,
        ["even"] = (value, _) => value is long number && number % 2 == 0,
        ["odd"] = (value, _) => value is long number && number % 2 != 0,
        ["in"] = (value, argument) => JinjaValue.Compare("in", value, argument),
        ["equalto"] = (value, argument) => JinjaValue.Compare("==", value, argument),
        ["eq"] = (value, argument) => JinjaValue.Compare("==", value, argument),
    };

    /// <summary>Adds the functions that every template can call.</summary>
    public static void AddGlobals(JinjaScope scope)
    {
        scope["raise_exception"] = new JinjaFunction((a, _) => throw new EngineException($"The chat template refuses these messages: {Text(a, 0)}."));
        scope["namespace"] = new JinjaFunction((_, named) => new JinjaNamespace(new Dictionary<string, object?>(named)));
    }

    /// <summary>A method of a text or mapping, or null when it has none of the name.</summary>
    public static JinjaFunction? Method(object? target, string name) => (target, name) switch
    {
        (string text, "strip") => (a, _) => a.Count > 0 ? text.Trim(Text(a, 0).ToCharArray()) : text.Trim(),
        (string text, "lstrip") => (a, _) => a.Count > 0 ? text.TrimStart(Text(a, 0).ToCharArray()) : text.TrimStart(),
        (string text, "rstrip") => (a, _) => a.Count > 0 ? text.TrimEnd(Text(a, 0).ToCharArray()) : text.TrimEnd(),
        (string text, "startswith") => (a, _) => text.StartsWith(Text(a, 0), StringComparison.Ordinal),
        (string text, "endswith") => (a, _) => text.EndsWith(Text(a, 0), StringComparison.Ordinal),
        (string text, "upper") => (_, _) => text.ToUpperInvariant(),
        (string text, "lower") => (_, _) => text.ToLowerInvariant(),
        (string text, "replace") => (a, _) => text.Replace(NotEmpty(a, 0), Text(a, 1), StringComparison.Ordinal),
        (string text, "split") => (a, _) => a.Count > 0
            ? text.Split(NotEmpty(a, 0), a.Count > 1 && Whole(a, 1) is >= 0 and < int.MaxValue and long most ? (int)most + 1 : int.MaxValue).ToList<object?>()
            : text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToList<object?>(),
        (Dictionary<string, object?> map, "get") => (a, _) => map.TryGetValue(Text(a, 0), out object? value) ? value : a.ElementAtOrDefault(1),
        (Dictionary<string, object?> map, "items") => (_, _) => Items(map),
        (Dictionary<string, object?> map, "keys") => (_, _) => map.Keys.ToList<object?>(),
        (Dictionary<string, object?> map, "values") => (_, _) => map.Values.ToList(),
        _ => null,
    };

    private static object? Default(List<object?> a, Dictionary<string, object?> named)
    {
        bool alsoFalse = JinjaValue.IsTrue(a.Count > 2 ? a[2] : named.GetValueOrDefault("boolean"));
        return a[0] is JinjaUndefined || (alsoFalse && !JinjaValue.IsTrue(a[0])) ? a.ElementAtOrDefault(1) ?? "" : a[0];
    }

    private static List<object?> Items(object? value) => value is Dictionary<string, object?> map
        ? [.. map.Select(entry => (object?)new List<object?> { entry.Key, entry.Value })]
        : throw new EngineException($"The chat template asks for the items of {JinjaValue.Name(value)}.");

    // messages | selectattr('role', 'equalto', 'user'): the items whose attribute passes a test, or is true when none is named.
    private static List<object?> Select(List<object?> a, bool keep) => [.. JinjaValue.ToList(a[0]).Where(item =>
    {
        object? value = JinjaValue.Item(item, Text(a, 1));
        return keep == (a.Count < 3 ? JinjaValue.IsTrue(value)
            : Tests.TryGetValue(Text(a, 2), out Func<object?, object?, bool>? test) ? test(value, a.ElementAtOrDefault(3))
            : throw new EngineException($"The chat template's test '{Text(a, 2)}' is not supported."));
    })];

    // As Python's json.dumps with ensure_ascii off: a space after commas and colons.
    private static string ToJson(object? value) => value switch
    {
        null => "null",
        bool b => b ? "true" : "false",
        string text => ToJson(text),
        long or double => JinjaValue.ToText(value),
        List<object?> list => $"[{string.Join(", ", list.Select(ToJson))}]",
        Dictionary<string, object?> map => $"{{{string.Join(", ", map.Select(entry => $"{ToJson(entry.Key)}: {ToJson(entry.Value)}"))}}}",
        _ => throw new EngineException($"The chat template writes {JinjaValue.Name(value)} as JSON."),
    };

    private static string ToJson(string text)
    {
        StringBuilder json = new("\"");
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' or '\\' => json.Append('\\').Append(c),
                '\n' => json.Append("\\n"),
                '\r' => json.Append("\\r"),
                '\t' => json.Append("\\t"),
                '\b' => json.Append("\\b"),
                '\f' => json.Append("\\f"),
                < ' ' => json.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => json.Append(c),
            };
        }

        return json.Append('"').ToString();
    }

    private static string Text(List<object?> arguments, int index) => arguments.ElementAtOrDefault(index) as string
        ?? throw new EngineException($"The chat template gives {JinjaValue.Name(arguments.ElementAtOrDefault(index))} where a text is needed.");

    private static string NotEmpty(List<object?> arguments, int index) =>
        Text(arguments, index) is { Length: > 0 } text ? text : throw new EngineException("The chat template searches for an empty text.");

    private static long Whole(List<object?> arguments, int index) => arguments.ElementAtOrDefault(index) is long number ? number
        : throw new EngineException($"The chat template gives {JinjaValue.Name(arguments.ElementAtOrDefault(index))} where a whole number is needed.");
}
