using System.Text.Json;
using System.Text.Unicode;
using Spar.Ground;

namespace Spar.Engine.Files;

/// <summary>
/// A JSON text whose values are fetched by key, with a fault that names the file and the key when one is missing or of
/// the wrong kind. Knows nothing of what the values mean.
/// </summary>
internal readonly struct JsonFile
{
    private readonly string _file;

    // The path of the object or list around the value, and the name or else the index there. Put together only for a
    // fault or a value further down, since vocabularies have a hundred thousand keys.
    private readonly string _parent;
    private readonly string? _name;
    private readonly int _index;

    private JsonFile(string file, string parent, string? name, int index, JsonElement element) =>
        (_file, _parent, _name, _index, Element) = (file, parent, name, index, element);

    private string Key => _index >= 0 ? $"{_parent}[{_index}]" : _parent.Length == 0 ? _name ?? "" : $"{_parent}.{_name}";

    /// <summary>The value itself.</summary>
    public JsonElement Element { get; }

    /// <summary>True when the key was absent or its value is null.</summary>
    public bool IsNull => Element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    /// <summary>Reads and parses a file; duplicated keys are an error.</summary>
    public static JsonFile Read(string path)
    {
        try
        {
            return Parse(path, File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            bool missing = e is FileNotFoundException or DirectoryNotFoundException;
            throw new EngineException($"Cannot read '{path}': {(missing ? "there is no such file." : e.Message)}", e);
        }
    }

    /// <summary>
    /// Parses UTF-8 JSON, with or without a byte order mark; <paramref name="file"/> is named in faults.
    /// </summary>
    public static JsonFile Parse(string file, ReadOnlyMemory<byte> utf8)
    {
        // Some editors put a byte order mark before UTF-8.
        utf8 = utf8.Span.StartsWith("\ufeff"u8) ? utf8[3..] : utf8;
        utf8 = utf8.Span.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8;
        if (!Utf8.IsValid(utf8.Span))
        {
            throw new EngineException($"'{file}' is not valid JSON: it is not UTF-8 text.");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(
                utf8, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return new JsonFile(file, "", null, -1, document.RootElement.Clone());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new EngineException(
                $"'{file}' is not valid JSON: "
                + $"{(e is JsonException json ? JsonFaults.Describe(json) : e.Message.TrimEnd('.'))}.",
                e);
        }
    }

    /// <summary>The value of an object's key; <see cref="IsNull"/> when it is absent.</summary>
    public JsonFile this[string name]
    {
        get
        {
            if (Element.ValueKind != JsonValueKind.Object)
            {
                throw Fault("must be an object");
            }

            return new JsonFile(
                _file, Key, name, -1, Element.TryGetProperty(name, out JsonElement value) ? value : default);
        }
    }

    /// <summary>The keys and values of an object.</summary>
    public IEnumerable<(string Name, JsonFile Value)> Properties()
    {
        if (Element.ValueKind != JsonValueKind.Object)
        {
            throw Fault("must be an object");
        }

        string key = Key;
        foreach (JsonProperty property in Element.EnumerateObject())
        {
            string name = Checked(static p => p.Name, property, "a name that is not valid text");
            yield return (name, new JsonFile(_file, key, name, -1, property.Value));
        }
    }

    /// <summary>The elements of an array.</summary>
    public IEnumerable<JsonFile> Items()
    {
        if (Element.ValueKind != JsonValueKind.Array)
        {
            throw Fault("must be a list");
        }

        string key = Key;
        int place = 0;
        foreach (JsonElement item in Element.EnumerateArray())
        {
            yield return new JsonFile(_file, key, null, place++, item);
        }
    }

    /// <summary>The value as text.</summary>
    public string Text() => Element.ValueKind == JsonValueKind.String
        ? Checked(static e => e.GetString()!, Element, "must be valid text")
        : throw Fault("must be text");

    /// <summary>The value as an integer in [<paramref name="min"/>, <paramref name="max"/>].</summary>
    public int Int(int min = 0, int max = int.MaxValue) =>
        Element.ValueKind == JsonValueKind.Number && Element.TryGetInt32(out int value) && value >= min && value <= max
            ? value
            : throw Fault(
                max == int.MaxValue
                    ? $"must be an integer of at least {min}"
                    : $"must be an integer from {min} to {max}");

    /// <summary>The value as a finite number.</summary>
    public double Number() =>
        Element.ValueKind == JsonValueKind.Number && Element.TryGetDouble(out double value) && double.IsFinite(value)
        ? value
        : throw Fault("must be a number");

    /// <summary>The value as true or false.</summary>
    public bool Bool() =>
        Element.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? Element.GetBoolean()
            : throw Fault("must be true or false");

    /// <summary>A fault that names the file, the key and, shortened, the value found there.</summary>
    public EngineException Fault(string problem)
    {
        string found = Element.ValueKind == JsonValueKind.Undefined
            ? "it is missing"
            : $"found {Short(Element.GetRawText())}";
        return new EngineException($"'{_file}': {(Key.Length == 0 ? "the file" : $"key '{Key}'")} {problem}; {found}.");
    }

    private static string Short(string text) => text.Length <= 80 ? text : text[..77] + "...";

    // Text in JSON may hold half of a surrogate pair, which System.Text.Json reports as InvalidOperationException.
    private T Checked<TSource, T>(Func<TSource, T> get, TSource source, string problem)
    {
        try
        {
            return get(source);
        }
        catch (InvalidOperationException)
        {
            throw Fault(problem);
        }
    }
}
