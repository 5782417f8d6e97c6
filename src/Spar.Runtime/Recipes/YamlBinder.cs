using System.Collections;
using System.Globalization;
using Spar.Ground;
using Spar.Recipes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Spar.Runtime.Recipes;

/// <summary>
/// Reads nodes into a record. Keys are the properties' names in snake case; absent keys keep the record's default. What
/// does not fit (unknown keys with the nearest known one, values of the wrong type, keys that are missing) is collected
/// and told all at once.
/// </summary>
/// <remarks>
/// The library's own binder ignores where a key stands, cannot suggest the right one, and ends at the first fault.
/// </remarks>
/// <param name="document">Knows the nodes' places, and where paths begin.</param>
internal sealed class YamlBinder(RecipeDocument document)
{
    private readonly List<(YamlNode Node, string Message)> _faults = [];

    /// <summary>Reads a group of keys.</summary>
    /// <typeparam name="T">A record with init properties; members that are <c>required</c> must be given.</typeparam>
    /// <param name="root">The keys.</param>
    /// <exception cref="SparException">They do not fit the record; one line a fault.</exception>
    public T Bind<T>(YamlNode root)
    {
        object? bound = Value(root, typeof(T), null, null, "");
        if (_faults.Count > 0 || bound is null)
        {
            throw new SparException(
                string.Join(
                    '\n',
                    _faults
                        .OrderBy(fault => fault.Node.Start)
                        .Select(fault => $"{document.PlaceOf(fault.Node)}: {fault.Message}")
                )
            );
        }

        return (T)bound;
    }

    private object? Fault(YamlNode node, string message)
    {
        _faults.Add((node, message));
        return null;
    }

    private object? Value(YamlNode node, Type type, object? preset, Referent? refersTo, string key)
    {
        Type? element = RecipeKey.ElementTypeOf(type);
        return node switch
        {
            YamlScalarNode scalar when IsSingle(type) => Scalar(scalar, type, refersTo, key),
            YamlSequenceNode sequence when element is not null => List(sequence, element, refersTo, key),
            YamlMappingNode mapping when RecipeKey.IsGroup(type) => Group(mapping, type, preset, key),
            _ => Fault(node, $"{Called(key)} is {Kind(node)}, but {Expected(type)} is expected here."),
        };
    }

    private static bool IsSingle(Type type) => !RecipeKey.IsGroup(type) && RecipeKey.ElementTypeOf(type) is null;

    private IList List(YamlSequenceNode sequence, Type element, Referent? refersTo, string key)
    {
        IList list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(element))!;
        foreach (YamlNode item in sequence)
        {
            if (IsNull(item))
            {
                Fault(item, $"an entry of '{key}' has no value.");
            }
            else if (Value(item, element, null, refersTo, key) is { } value)
            {
                list.Add(value);
            }
        }

        return list;
    }

    private object? Scalar(YamlScalarNode node, Type type, Referent? refersTo, string key)
    {
        string text = node.Value ?? "";
        if (type == typeof(string))
        {
            return refersTo is Referent referent ? document.Find(referent, text) : text;
        }

        CultureInfo culture = CultureInfo.InvariantCulture;
        string number = text.Replace("_", "", StringComparison.Ordinal);
        object? value = type switch
        {
            _ when type == typeof(int) => int.TryParse(number, NumberStyles.AllowLeadingSign, culture, out int i)
                ? i
                : null,
            _ when type == typeof(long) => long.TryParse(number, NumberStyles.AllowLeadingSign, culture, out long l)
                ? l
                : null,
            _ when type == typeof(ulong) => ulong.TryParse(number, NumberStyles.None, culture, out ulong u) ? u : null,
            _ when type == typeof(double) => double.TryParse(number, NumberStyles.Float, culture, out double d)
            && double.IsFinite(d)
                ? d
                : null,
            _ when type == typeof(float) => float.TryParse(number, NumberStyles.Float, culture, out float f)
            && float.IsFinite(f)
                ? f
                : null,
            _ when type == typeof(DateOnly) => DateOnly.TryParseExact(text, RecipeKey.DateFormat, out DateOnly date)
                ? date
                : null,
            _ when type == typeof(bool) => text switch
            {
                "true" or "yes" or "on" => true,
                "false" or "no" or "off" => false,
                _ => null,
            },
            _ when type.IsEnum => Enum.GetNames(type)
                .FirstOrDefault(name => RecipeKey.Spell(name) == text.Replace('-', '_'))
                is string name
                ? Enum.Parse(type, name)
                : null,
            _ => null,
        };
        return value ?? Fault(node, $"'{key}' is '{HarmlessText.Quote(text)}', but {Expected(type)} is expected here.");
    }

    // A group of keys changes the values that the record already has there, so that a group need not be written out in
    // full.
    private object Group(YamlMappingNode mapping, Type type, object? preset, string path)
    {
        object target = preset ?? RecipeKey.Blank(type);
        Dictionary<string, RecipeKey> known = (
            preset is null ? RecipeKey.OfType(type) : RecipeKey.OfValue(preset)
        ).ToDictionary(key => key.Name, StringComparer.Ordinal);
        HashSet<string> given = new(StringComparer.Ordinal);
        foreach ((YamlNode keyNode, YamlNode valueNode) in mapping)
        {
            string name = (keyNode as YamlScalarNode)?.Value ?? "";
            string full = path.Length == 0 ? name : $"{path}.{name}";
            if (!known.TryGetValue(name, out RecipeKey? key))
            {
                Fault(
                    keyNode,
                    keyNode is YamlScalarNode
                        ? $"unknown key '{HarmlessText.Quote(full)}'. {NearestKey.Suggest(name, known.Keys)}"
                        : $"{Kind(keyNode)} cannot be a key."
                );
                continue;
            }

            given.Add(name);
            if (IsNull(valueNode))
            {
                if (key.MayBeNull)
                {
                    key.Set(target, null);
                }
                else
                {
                    Fault(valueNode, $"'{full}' has no value.");
                }
            }
            else if (Value(valueNode, key.Type, key.Get(target), key.RefersTo, full) is { } value)
            {
                key.Set(target, value);
            }
        }

        foreach (RecipeKey key in known.Values.Where(key => key.Required && !given.Contains(key.Name)))
        {
            Fault(mapping, $"the key '{(path.Length == 0 ? key.Name : $"{path}.{key.Name}")}' is missing.");
        }

        return target;
    }

    private static bool IsNull(YamlNode node) =>
        node is YamlScalarNode { Value: null or "" or "null" or "~", Style: ScalarStyle.Plain };

    private static string Called(string key) => key.Length == 0 ? "the file" : $"'{key}'";

    private static string Kind(YamlNode node) =>
        node switch
        {
            YamlMappingNode => "a group of keys",
            YamlSequenceNode => "a list",
            _ => "a single value",
        };

    private static string Expected(Type type) =>
        type switch
        {
            _ when type == typeof(int) || type == typeof(long) => "a whole number",
            _ when type == typeof(ulong) => "a whole number that is not negative",
            _ when RecipeKey.IsNumeric(type) => "a number",
            _ when type == typeof(bool) => "true or false",
            _ when type == typeof(string) => "a text",
            _ when type == typeof(DateOnly) => "a date such as 2025-01-31",
            _ when type.IsEnum => "one of " + string.Join(", ", Enum.GetNames(type).Select(RecipeKey.Spell)),
            _ when RecipeKey.ElementTypeOf(type) is not null => "a list",
            _ => $"a group of keys ({string.Join(", ", RecipeKey.OfType(type).Take(4))}, ...)",
        };
}
