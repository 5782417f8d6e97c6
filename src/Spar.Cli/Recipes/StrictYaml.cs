using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Spar.Cli.Recipes;

/// <summary>
/// Reads a YAML file into records. Keys are the properties' names in snake_case; a key that no property has is an error that names file, line,
/// column and the nearest key, and so is a value of the wrong type. Absent keys keep the record's default.
/// </summary>
/// <remarks>The library's own binder ignores where a key stands and cannot suggest the right one, hence this small mapper over its node tree.</remarks>
internal static class StrictYaml
{
    /// <summary>Reads a file.</summary>
    /// <typeparam name="T">A record with init properties; members that are <c>required</c> must be given.</typeparam>
    /// <exception cref="SparException">The file is absent, is not YAML, or does not fit the record.</exception>
    public static T ReadFile<T>(string path) => Read<T>(Text(path), path);

    /// <summary>Reads a text.</summary>
    /// <typeparam name="T">As for <see cref="ReadFile{T}"/>.</typeparam>
    /// <param name="text">YAML.</param>
    /// <param name="name">What messages call the text.</param>
    /// <exception cref="SparException">The text is not YAML, or does not fit the record.</exception>
    public static T Read<T>(string text, string name) => Bind<T>(Parse(text, name), name);

    /// <summary>Reads a file as nodes, for files that are put together from parts.</summary>
    /// <exception cref="SparException">The file is absent, or is not YAML.</exception>
    public static YamlNode ParseFile(string path) => Parse(Text(path), path);

    /// <summary>Reads nodes into a record.</summary>
    /// <typeparam name="T">As for <see cref="ReadFile{T}"/>.</typeparam>
    /// <param name="node">The nodes.</param>
    /// <param name="name">What messages call the file that they come from.</param>
    /// <exception cref="SparException">They do not fit the record.</exception>
    public static T Bind<T>(YamlNode node, string name) => (T)Map(node, typeof(T), null, "", name)!;

    /// <summary>Two groups of keys laid over each other: keys of <paramref name="above"/> win, groups within them are laid over each other in turn.</summary>
    public static YamlMappingNode Overlay(YamlMappingNode below, YamlMappingNode above)
    {
        YamlMappingNode merged = [];
        foreach ((YamlNode key, YamlNode value) in below)
        {
            merged.Add(key, above.Children.TryGetValue(key, out YamlNode? over)
                ? value is YamlMappingNode group && over is YamlMappingNode more ? Overlay(group, more) : over
                : value);
        }

        foreach ((YamlNode key, YamlNode value) in above)
        {
            if (!merged.Children.ContainsKey(key))
            {
                merged.Add(key, value);
            }
        }

        return merged;
    }

    /// <summary>A fault at a node: file, line, column, message.</summary>
    public static SparException Fault(YamlNode node, string file, string message) => new($"{file}:{node.Start.Line}:{node.Start.Column}: {message}");

    private static string Text(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SparException($"{path}: no such file. Give the path of a recipe; the recipes folder has some to start from.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new SparException($"{path}: this is a folder, or it may not be read. Give the path of a recipe file.", e);
        }
    }

    private static YamlNode Parse(string text, string name)
    {
        YamlStream stream = new();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new SparException($"{name}:{e.Start.Line}:{e.Start.Column}: this is not valid YAML: {e.Message}", e);
        }

        return stream.Documents.Count == 0
            ? throw new SparException($"{name}: the file is empty. A recipe is a list of keys; the recipes folder has some to start from.")
            : stream.Documents[0].RootNode;
    }

    private static object? Map(YamlNode node, Type type, object? preset, string key, string file)
    {
        Type? underlying = Nullable.GetUnderlyingType(type);
        if (node is YamlScalarNode { Value: null or "" or "null" or "~", Style: ScalarStyle.Plain } && (underlying is not null || !type.IsValueType))
        {
            return null;
        }

        type = underlying ?? type;
        return node switch
        {
            YamlScalarNode scalar => Scalar(scalar, type, key, file),
            YamlSequenceNode sequence when ElementType(type) is Type element => Sequence(sequence, element, key, file),
            YamlMappingNode mapping when ElementType(type) is null && type.IsClass && type != typeof(string) => Mapping(mapping, type, preset, key, file),
            _ => throw Fault(node, file, $"{(key.Length == 0 ? "the file" : $"'{key}'")} is a {(node is YamlMappingNode ? "group of keys" : "list")}, but {Expected(type)} is expected here."),
        };
    }

    private static Type? ElementType(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() is Type generic && (generic == typeof(IReadOnlyList<>) || generic == typeof(List<>))
            ? type.GetGenericArguments()[0]
            : null;

    private static object Sequence(YamlSequenceNode sequence, Type element, string key, string file)
    {
        System.Collections.IList list = (System.Collections.IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(element))!;
        foreach (YamlNode item in sequence)
        {
            list.Add(Map(item, element, null, key, file));
        }

        return list;
    }

    private static object Scalar(YamlScalarNode node, Type type, string key, string file)
    {
        string text = node.Value ?? "";
        CultureInfo culture = CultureInfo.InvariantCulture;
        string number = text.Replace("_", "", StringComparison.Ordinal);
        object? value = type switch
        {
            _ when type == typeof(string) => text,
            _ when type == typeof(int) => int.TryParse(number, NumberStyles.AllowLeadingSign, culture, out int i) ? i : null,
            _ when type == typeof(long) => long.TryParse(number, NumberStyles.AllowLeadingSign, culture, out long l) ? l : null,
            _ when type == typeof(ulong) => ulong.TryParse(number, NumberStyles.None, culture, out ulong u) ? u : null,
            _ when type == typeof(double) => double.TryParse(number, NumberStyles.Float, culture, out double d) && double.IsFinite(d) ? d : null,
            _ when type == typeof(float) => float.TryParse(number, NumberStyles.Float, culture, out float f) && float.IsFinite(f) ? f : null,
            _ when type == typeof(bool) => text switch { "true" or "yes" or "on" => true, "false" or "no" or "off" => false, _ => null },
            _ when type.IsEnum => Enum.GetNames(type).FirstOrDefault(name => SnakeCase(name) == text.Replace('-', '_')) is string name ? Enum.Parse(type, name) : null,
            _ => null,
        };
        return value ?? throw Fault(node, file, $"'{key}' is '{text}', but {Expected(type)} is expected here.");
    }

    // A group of keys changes the values that the record already has there, so that a group need not be written out in full.
    private static object Mapping(YamlMappingNode mapping, Type type, object? preset, string path, string file)
    {
        Dictionary<string, PropertyInfo> properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.SetMethod is not null)
            .ToDictionary(property => SnakeCase(property.Name));
        ConstructorInfo? constructor = type.GetConstructor(Type.EmptyTypes);
        object target = preset ?? constructor?.Invoke(null) ?? RuntimeHelpers.GetUninitializedObject(type);
        bool Required(PropertyInfo property) => preset is null && (constructor is null || property.IsDefined(typeof(RequiredMemberAttribute)));

        HashSet<string> given = [];
        foreach ((YamlNode keyNode, YamlNode valueNode) in mapping)
        {
            string name = (keyNode as YamlScalarNode)?.Value ?? "";
            string full = path.Length == 0 ? name : $"{path}.{name}";
            if (!properties.TryGetValue(name, out PropertyInfo? property))
            {
                throw Fault(keyNode, file, $"unknown key '{full}'. {Suggest(name, properties.Keys)}");
            }

            given.Add(name);
            object? value = Map(valueNode, property.PropertyType, property.GetValue(target), full, file);
            if (value is null && property.PropertyType.IsValueType && Nullable.GetUnderlyingType(property.PropertyType) is null)
            {
                throw Fault(valueNode, file, $"'{full}' has no value.");
            }

            property.SetValue(target, value);
        }

        foreach ((string name, PropertyInfo property) in properties)
        {
            if (!given.Contains(name) && Required(property))
            {
                throw Fault(mapping, file, $"the key '{(path.Length == 0 ? name : $"{path}.{name}")}' is missing.");
            }
        }

        return target;
    }

    private static string Expected(Type type) => type switch
    {
        _ when type == typeof(int) || type == typeof(long) => "a whole number",
        _ when type == typeof(ulong) => "a whole number that is not negative",
        _ when type == typeof(double) || type == typeof(float) => "a number",
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(string) => "a text",
        _ when type.IsEnum => "one of " + string.Join(", ", Enum.GetNames(type).Select(SnakeCase)),
        _ when ElementType(type) is not null => "a list",
        _ => "a group of keys (" + string.Join(", ", type.GetProperties().Where(property => property.SetMethod is not null).Select(property => SnakeCase(property.Name)).Take(4)) + ", ...)",
    };

    private static string Suggest(string name, IEnumerable<string> known)
    {
        string[] names = [.. known.Order(StringComparer.Ordinal)];
        string nearest = names.MinBy(candidate => Distance(name, candidate)) ?? "";
        return nearest.Length > 0 && Distance(name, nearest) <= Math.Max(2, name.Length / 3)
            ? $"Did you mean '{nearest}'?"
            : $"Known keys here: {string.Join(", ", names)}.";
    }

    // Edit distance (Levenshtein).
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }

    internal static string SnakeCase(string name)
    {
        StringBuilder text = new();
        for (int i = 0; i < name.Length; i++)
        {
            if (char.IsUpper(name[i]) && i > 0 && !char.IsUpper(name[i - 1]))
            {
                text.Append('_');
            }

            text.Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }
}
