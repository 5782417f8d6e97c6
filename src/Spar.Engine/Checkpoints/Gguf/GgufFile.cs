using System.IO.MemoryMappedFiles;
using System.Numerics;

namespace Spar.Engine.Checkpoints.Gguf;

/// <summary>One tensor of a GGUF file.</summary>
/// <param name="Name">Its name in the file, such as <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Type">How its elements are stored.</param>
/// <param name="Shape">Sizes, outermost first (the file lists them innermost first). At least one.</param>
/// <param name="Offset">First byte, from the beginning of the file.</param>
internal sealed record GgufTensor(string Name, GgufType Type, int[] Shape, long Offset)
{
    /// <summary>Elements of a row: the innermost size.</summary>
    public int RowLength => Shape[^1];

    /// <summary>Rows: the product of the other sizes.</summary>
    public int Rows => Shape.AsSpan(0, Shape.Length - 1).ToArray().Aggregate(1, (product, size) => product * size);

    /// <summary>Bytes a row.</summary>
    public long RowBytes => (long)RowLength / Type.BlockElements * Type.BlockBytes;
}

/// <summary>
/// An open GGUF file (versions 2 and 3, little endian), memory-mapped: metadata, and tensors whose bytes are read where
/// they lie. Everything the header claims is checked when the file is opened. Knows nothing of models. Source: ggml's
/// documentation of the format.
/// </summary>
internal sealed unsafe class GgufFile : IDisposable
{
    private const ulong MaxTensors = 1 << 17;
    private const int DefaultAlignment = 32;

    private readonly FileStream _stream;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;

    private GgufFile(string path, FileStream stream)
    {
        Path = path;
        _stream = stream;
        long length = stream.Length;
        if (length < 24)
        {
            throw new EngineException(
                $"'{path}' is not a whole GGUF file: it has {length} bytes, fewer than the 24 of the header. Copy or "
                + "download it again.");
        }

        _map = MemoryMappedFile.CreateFromFile(
            stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        try
        {
            byte* pointer = null;
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
            _start = pointer + _view.PointerOffset;
            GgufReader reader = new(path, _start, length);
            if (!reader.Take(4).SequenceEqual("GGUF"u8))
            {
                throw new EngineException($"'{path}' is not a GGUF file: it does not begin with the letters GGUF.");
            }

            Version = reader.UInt32();
            if (Version is not (2 or 3))
            {
                throw new EngineException(
                    $"'{path}' is a GGUF file of version "
                    + $"{Version}{((Version & 0xFFFF) == 0 ? ", or a big-endian one" : "")}; versions 2 and 3 in "
                    + "little-endian order can be read. Convert the model again.");
            }

            ulong tensorCount = reader.UInt64();
            ulong keyCount = reader.UInt64();
            Metadata = new GgufMetadata(path, _start, length, reader, keyCount);
            Tensors = ReadTensors(reader, tensorCount, length);
        }
        catch
        {
            CloseMap();
            throw;
        }
    }

    public string Path { get; }

    public uint Version { get; }

    public GgufMetadata Metadata { get; }

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, GgufTensor> Tensors { get; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="EngineException">
    /// The file is missing, truncated or contradicts itself; names file and key or tensor.
    /// </exception>
    public static GgufFile Open(string path)
    {
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            return new GgufFile(path, stream);
        }
        catch (Exception e)
        {
            stream?.Dispose();
            if (e is not (IOException or UnauthorizedAccessException))
            {
                throw;
            }

            bool missing = e is FileNotFoundException or DirectoryNotFoundException;
            throw new EngineException($"Cannot read '{path}': {(missing ? "there is no such file." : e.Message)}", e);
        }
    }

    /// <summary>The bytes of a row, valid while the file is open.</summary>
    public ReadOnlySpan<byte> Row(GgufTensor tensor, int row) =>
        new(_start + tensor.Offset + (row * tensor.RowBytes), checked((int)tensor.RowBytes));

    public void Dispose() => CloseMap();

    private void CloseMap()
    {
        if (_start != null && !_view.SafeMemoryMappedViewHandle.IsClosed)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
        }

        _view.Dispose();
        _map.Dispose();
        _stream.Dispose();
    }

    private Dictionary<string, GgufTensor> ReadTensors(GgufReader reader, ulong count, long length)
    {
        reader.Place = "the header";
        if (count > MaxTensors)
        {
            throw reader.Fault($"claims {count} tensors; {MaxTensors} is the most");
        }

        int alignment = Metadata.Int("general.alignment", 1, 1 << 20, DefaultAlignment);
        if (!BitOperations.IsPow2(alignment))
        {
            throw Metadata.Fault("general.alignment", "must be a power of two");
        }

        Dictionary<string, GgufTensor> tensors = new(StringComparer.Ordinal);
        List<(GgufTensor Tensor, ulong Offset)> entries = [];
        for (ulong i = 0; i < count; i++)
        {
            reader.Place = $"tensor {i}";
            string name = reader.Text();
            reader.Place = $"tensor '{(name.Length <= 80 ? name : name[..77] + "...")}'";
            (GgufTensor tensor, ulong offset) = ReadTensor(Path, reader, name);
            if (offset % (ulong)alignment != 0)
            {
                throw reader.Fault($"begins at {offset}, which is no multiple of the alignment {alignment}");
            }

            entries.Add((tensor, offset));
            if (!tensors.TryAdd(name, tensor))
            {
                throw reader.Fault("comes twice");
            }
        }

        long dataStart = (reader.Position + alignment - 1) / alignment * alignment;
        long end = dataStart;
        string before = "the header";
        foreach ((GgufTensor tensor, ulong offset) in entries.OrderBy(entry => entry.Offset))
        {
            long bytes = tensor.Rows * tensor.RowBytes;
            reader.Place = $"tensor '{tensor.Name}'";
            if (offset > (ulong)length || dataStart + (long)offset > length - bytes)
            {
                throw reader.Fault(
                    $"has {bytes} bytes from {offset} of the data on, but the file has only "
                    + $"{Math.Max(0, length - dataStart)} bytes of data");
            }

            long start = dataStart + (long)offset;
            if (start < end)
            {
                throw reader.Fault($"begins before {before} ends");
            }

            tensors[tensor.Name] = tensor with { Offset = start };
            (end, before) = (start + bytes, $"tensor '{tensor.Name}'");
        }

        return tensors;
    }

    private static (GgufTensor Tensor, ulong Offset) ReadTensor(string path, GgufReader reader, string name)
    {
        uint dimensions = reader.UInt32();
        if (dimensions is < 1 or > 4)
        {
            throw reader.Fault($"has {dimensions} dimensions; there can be 1 to 4");
        }

        int[] shape = new int[dimensions];
        long elements = 1;
        for (int d = shape.Length - 1; d >= 0; d--)
        {
            ulong size = reader.UInt64();
            if (size < 1 || size > (ulong)(Array.MaxLength / elements))
            {
                throw reader.Fault(
                    $"has a dimension of {size}, which makes it empty or larger than {Array.MaxLength} elements");
            }

            shape[d] = (int)size;
            elements *= shape[d];
        }

        uint id = reader.UInt32();
        GgufType type = GgufType.Find(id) ?? throw new EngineException(
            $"'{path}': tensor '{name}' has the type {GgufType.NameOf(id)}, which cannot be read; those that can are "
            + $"{string.Join(", ", GgufType.All.Select(t => t.Name))}. Use a file of these types.");
        if (shape[^1] % type.BlockElements != 0)
        {
            throw reader.Fault(
                $"has rows of {shape[^1]} elements, but {type.Name} needs multiples of {type.BlockElements}");
        }

        return (new GgufTensor(name, type, shape, 0), reader.UInt64());
    }
}
