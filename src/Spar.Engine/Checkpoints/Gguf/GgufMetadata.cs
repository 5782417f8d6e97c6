using System.Buffers.Binary;

namespace Spar.Engine.Checkpoints.Gguf;

/// <summary>
/// The key/value section of a GGUF file. Scalars and texts are read at once; lists stay in the file until they are
/// asked for, so that a lying length costs nothing. Asking for a value of another kind is a fault that names file and
/// key.
/// </summary>
internal sealed unsafe class GgufMetadata
{
    private const int MaxEntries = 1 << 16;
    private const int MaxListItems = 1 << 23;

    private readonly string _path;
    private readonly byte* _start;
    private readonly long _length;
    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);

    private enum Kind : uint
    {
        UInt8, Int8, UInt16, Int16, UInt32, Int32, Float32, Bool, Text, List, UInt64, Int64, Float64,
    }

    /// <summary>Reads the section.</summary>
    /// <param name="path">The file, for faults.</param>
    /// <param name="start">First byte of the file.</param>
    /// <param name="length">Bytes of the file.</param>
    /// <param name="reader">Stands at the section's first byte; afterwards behind its last.</param>
    /// <param name="count">Entries that the header claims.</param>
    public GgufMetadata(string path, byte* start, long length, GgufReader reader, ulong count)
    {
        _path = path;
        _start = start;
        _length = length;
        if (count > MaxEntries)
        {
            throw reader.Fault($"claims {count} metadata keys; {MaxEntries} is the most");
        }

        for (ulong i = 0; i < count; i++)
        {
            reader.Place = $"metadata key {i}";
            string key = reader.Text();
            reader.Place = $"key '{Short(key)}'";
            if (!_values.TryAdd(key, ReadValue(reader)))
            {
                throw reader.Fault("comes twice");
            }
        }
    }

    /// <summary>The keys.</summary>
    public IEnumerable<string> Keys => _values.Keys;

    public bool Has(string key) => _values.ContainsKey(key);

    /// <summary>A text, or null when the key is absent.</summary>
    public string? TextOrNull(string key) =>
        !_values.TryGetValue(key, out object? value) ? null : value as string ?? throw Fault(key, "must be text");

    /// <summary>A text.</summary>
    public string Text(string key) => TextOrNull(key) ?? throw Missing(key);

    /// <summary>
    /// An integer in a range; <paramref name="otherwise"/> when the key is absent, unless that is null.
    /// </summary>
    public int Int(string key, int min, int max, int? otherwise = null)
    {
        if (!_values.TryGetValue(key, out object? value))
        {
            return otherwise ?? throw Missing(key);
        }

        // Some writers store one number for all layers as a list.
        if (value is ListInFile { Items: > 0 })
        {
            long[] numbers = Integers(key);
            value = Array.TrueForAll(numbers, number => number == numbers[0])
                ? numbers[0]
                : throw Fault(key, "differs from layer to layer, which is not supported");
        }

        return value is long number && number >= min && number <= max
            ? (int)number
            : throw Fault(key, $"must be an integer from {min} to {max}");
    }

    /// <summary>A finite number; <paramref name="otherwise"/> when the key is absent, unless that is null.</summary>
    public double Number(string key, double? otherwise = null) => !_values.TryGetValue(key, out object? value)
        ? otherwise ?? throw Missing(key)
        : value switch
        {
            double number when double.IsFinite(number) => number,
            long number => number,
            _ => throw Fault(key, "must be a finite number"),
        };

    /// <summary>True or false; <paramref name="otherwise"/> when the key is absent.</summary>
    public bool Bool(string key, bool otherwise) =>
        !_values.TryGetValue(key, out object? value)
            ? otherwise
            : value as bool? ?? throw Fault(key, "must be true or false");

    /// <summary>A list of texts; empty when the key is absent.</summary>
    public string[] Texts(string key)
    {
        if (!_values.TryGetValue(key, out object? value))
        {
            return [];
        }

        (GgufReader reader, int count) = Open(key, value, kind => kind == Kind.Text, "must be a list of texts");
        string[] items = new string[count];
        for (int i = 0; i < count; i++)
        {
            items[i] = reader.Text();
        }

        return items;
    }

    /// <summary>A list of integers; empty when the key is absent.</summary>
    public long[] Integers(string key)
    {
        if (!_values.TryGetValue(key, out object? value))
        {
            return [];
        }

        Kind kind = value is ListInFile list ? list.Kind : Kind.Text;
        (GgufReader reader, int count) = Open(
            key, value, k => k is not (Kind.Text or Kind.Float32 or Kind.Float64 or Kind.List),
            "must be a list of integers");
        long[] items = new long[count];
        for (int i = 0; i < count; i++)
        {
            items[i] = ReadScalar(reader, kind) is long number ? number : 0;
        }

        return items;
    }

    /// <summary>A list of numbers; empty when the key is absent.</summary>
    public float[] Numbers(string key)
    {
        if (!_values.TryGetValue(key, out object? value))
        {
            return [];
        }

        (GgufReader reader, int count) = Open(
            key, value, kind => kind == Kind.Float32, "must be a list of 32-bit numbers");
        float[] items = new float[count];
        for (int i = 0; i < count; i++)
        {
            items[i] = BinaryPrimitives.ReadSingleLittleEndian(reader.Take(4));
        }

        return items;
    }

    /// <summary>A fault that names the file and the key.</summary>
    public EngineException Fault(string key, string problem) =>
        new(
            $"'{_path}': key '{key}' {problem}; found "
            + $"{(_values.TryGetValue(key, out object? value) ? Short(value.ToString() ?? "") : "nothing")}.");

    private EngineException Missing(string key) =>
        new($"'{_path}' lacks the key '{key}', which a model of this kind has.");

    private static string Short(string text) => text.Length <= 80 ? text : text[..77] + "...";

    private static object ReadValue(GgufReader reader)
    {
        Kind kind = (Kind)reader.UInt32();
        switch (kind)
        {
            case Kind.Text:
                return reader.Text();
            case Kind.List:
                Kind items = (Kind)reader.UInt32();
                ulong count = reader.UInt64();
                int size = Size(items);
                if (size == 0 && items != Kind.Text)
                {
                    throw reader.Fault(
                        items == Kind.List
                            ? "is a list of lists, which is not supported"
                            : $"is a list of items of an unknown kind {(uint)items}");
                }

                if (count > (ulong)reader.Remaining / (ulong)Math.Max(size, items == Kind.Text ? 8 : 1))
                {
                    throw reader.Fault($"claims {count} items, but {reader.Remaining} bytes are left");
                }

                ListInFile list = new(items, (long)count, reader.Position);
                if (items == Kind.Text)
                {
                    for (ulong i = 0; i < count; i++)
                    {
                        reader.SkipText();
                    }
                }
                else
                {
                    reader.Skip(count * (ulong)size);
                }

                return list;
            default:
                return Size(kind) > 0
                    ? ReadScalar(reader, kind)
                    : throw reader.Fault($"has a value of an unknown kind {(uint)kind}");
        }
    }

    private static object ReadScalar(GgufReader reader, Kind kind)
    {
        ReadOnlySpan<byte> bytes = reader.Take(Size(kind));
        return kind switch
        {
            Kind.UInt8 => (long)bytes[0],
            Kind.Int8 => (long)(sbyte)bytes[0],
            Kind.UInt16 => (long)BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            Kind.Int16 => (long)BinaryPrimitives.ReadInt16LittleEndian(bytes),
            Kind.UInt32 => (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            Kind.Int32 => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
            Kind.Float32 => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
            Kind.Bool => bytes[0] != 0,
            Kind.UInt64 => (long)Math.Min(long.MaxValue, BinaryPrimitives.ReadUInt64LittleEndian(bytes)),
            Kind.Int64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            _ => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        };
    }

    // Bytes of a value; 0 for texts, lists and kinds that do not exist.
    private static int Size(Kind kind) => kind switch
    {
        Kind.UInt8 or Kind.Int8 or Kind.Bool => 1,
        Kind.UInt16 or Kind.Int16 => 2,
        Kind.UInt32 or Kind.Int32 or Kind.Float32 => 4,
        Kind.UInt64 or Kind.Int64 or Kind.Float64 => 8,
        _ => 0,
    };

    private (GgufReader Reader, int Count) Open(string key, object value, Func<Kind, bool> fits, string problem)
    {
        if (value is not ListInFile list || !fits(list.Kind) || list.Items > MaxListItems)
        {
            throw Fault(key, problem);
        }

        GgufReader reader = new(_path, _start, _length) { Place = $"key '{key}'" };
        reader.MoveTo(list.Position);
        return (reader, (int)list.Items);
    }

    private sealed record ListInFile(Kind Kind, long Items, long Position)
    {
        public override string ToString() => $"a list of {Items} items";
    }
}
