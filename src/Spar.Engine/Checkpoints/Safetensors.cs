using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Text.Json;
using Spar.Engine.Files;
using Spar.Engine.Tensors;
using Spar.Ground;

namespace Spar.Engine.Checkpoints;

/// <summary>
/// The safetensors file format: 8 bytes length of the header (little endian), a JSON header that gives each tensor's
/// type, shape and byte range, then the tensors' bytes without gaps. Source: the format section of the safetensors
/// project's README.
/// </summary>
public static class Safetensors
{
    // The limit of the reference reader; a longer header is a broken file.
    private const long MaxHeaderBytes = 100_000_000;

    /// <summary>
    /// Reads every tensor of a file, widened to float32. The file is memory-mapped, so only the tensors are allocated.
    /// </summary>
    /// <param name="path">A <c>.safetensors</c> file with F32, F16 or BF16 tensors.</param>
    /// <returns>Tensors by name.</returns>
    /// <exception cref="EngineException">
    /// The file is missing, truncated, or its header contradicts itself or the file's size; names file and tensor.
    /// </exception>
    public static IReadOnlyDictionary<string, Tensor> Load(string path)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            long length = stream.Length;
            List<Entry> entries = ReadHeader(path, stream, length, out long dataStart);
            Dictionary<string, Tensor> tensors = new(entries.Count, StringComparer.Ordinal);
            if (length == dataStart)
            {
                return entries.ToDictionary(e => e.Name, e => new Tensor(e.Shape), StringComparer.Ordinal);
            }

            using MemoryMappedFile map = MemoryMappedFile.CreateFromFile(
                stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            using MemoryMappedViewAccessor view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            foreach (Entry entry in entries)
            {
                Tensor tensor = new(entry.Shape);
                Copy(view, dataStart + entry.Begin, entry.DType, tensor.Data);
                tensors.Add(entry.Name, tensor);
            }

            return tensors;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    /// <summary>
    /// Writes tensors in the order of their names with the metadata <c>{"format":"pt"}</c>; the same tensors always
    /// give the same bytes. The file appears whole or not at all.
    /// </summary>
    /// <param name="path">The file to write or replace.</param>
    /// <param name="tensors">Names, each once, and tensors.</param>
    /// <param name="dtype">The stored type; float32 values are rounded to the nearest, ties to even.</param>
    /// <exception cref="EngineException">
    /// A name comes twice, a value is too large for <paramref name="dtype"/>, or the file cannot be written (the old
    /// file is left as it was).
    /// </exception>
    public static void Save(string path, IEnumerable<(string Name, Tensor Tensor)> tensors, DType dtype = DType.Float32)
    {
        (string Name, Tensor Tensor)[] sorted = [.. tensors.OrderBy(t => t.Name, StringComparer.Ordinal)];
        for (int i = 1; i < sorted.Length; i++)
        {
            if (sorted[i].Name == sorted[i - 1].Name)
            {
                throw new EngineException($"Cannot write '{path}': tensor '{sorted[i].Name}' was given twice.");
            }
        }

        byte[] header = WriteHeader(sorted, dtype);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            stream.Write(header);
            byte[] buffer = new byte[1 << 20];
            foreach ((string name, Tensor tensor) in sorted)
            {
                ReadOnlySpan<float> rest = tensor.Data;
                while (rest.Length > 0)
                {
                    int count = Math.Min(rest.Length, buffer.Length / dtype.Size());
                    Span<byte> bytes = buffer.AsSpan(0, count * dtype.Size());
                    if (!DTypes.Narrow(dtype, rest[..count], bytes))
                    {
                        throw new EngineException(
                            $"Cannot write '{path}': tensor '{name}' has values too large for {dtype.TorchName()}; "
                            + "save it as float32 or bfloat16.");
                    }

                    stream.Write(bytes);
                    rest = rest[count..];
                }
            }
        });
    }

    /// <summary>
    /// The type, number of elements and number of bytes of every tensor of a file, from its header alone.
    /// </summary>
    /// <exception cref="EngineException">As for <see cref="Load"/>.</exception>
    internal static IReadOnlyList<(string Type, long Elements, long Bytes)> ReadTypes(string path)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            return [.. ReadHeader(path, stream, stream.Length, out _).Select(
                e => (e.DType.SafetensorsName(), (e.End - e.Begin) / e.DType.Size(), e.End - e.Begin))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    /// <summary>The shape of every tensor of a file by its name, from its header alone.</summary>
    /// <param name="path">As for <see cref="Load"/>.</param>
    /// <exception cref="EngineException">As for <see cref="Load"/>.</exception>
    public static IReadOnlyDictionary<string, int[]> ReadShapes(string path)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            return ReadHeader(path, stream, stream.Length, out _).ToDictionary(e => e.Name, e => e.Shape);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    private static EngineException Unreadable(string path, Exception e)
    {
        bool missing = e is FileNotFoundException or DirectoryNotFoundException;
        return new EngineException($"Cannot read '{path}': {(missing ? "there is no such file." : e.Message)}", e);
    }

    private static byte[] WriteHeader((string Name, Tensor Tensor)[] tensors, DType dtype)
    {
        using MemoryStream header = new();
        using (Utf8JsonWriter json = new(header, JsonSettings.CompactWriter))
        {
            long offset = 0;
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString("format", "pt");
            json.WriteEndObject();
            foreach ((string name, Tensor tensor) in tensors)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", dtype.SafetensorsName());
                json.WriteStartArray("shape");
                foreach (int size in tensor.Shape)
                {
                    json.WriteNumberValue(size);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += (long)tensor.Count * dtype.Size());
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        while (header.Length % 8 != 0)
        {
            header.WriteByte((byte)' ');
        }

        return header.ToArray();
    }

    private static List<Entry> ReadHeader(string path, FileStream stream, long length, out long dataStart)
    {
        Span<byte> prefix = stackalloc byte[8];
        if (length < 8)
        {
            throw Broken(path, $"it has {length} bytes, fewer than the 8 of the header's length");
        }

        stream.ReadExactly(prefix);
        ulong headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (headerLength > (ulong)(length - 8) || headerLength > MaxHeaderBytes)
        {
            throw Broken(path, $"the header claims {headerLength} bytes, but the file has {length}");
        }

        byte[] bytes = new byte[headerLength];
        stream.ReadExactly(bytes);
        dataStart = 8 + bytes.Length;
        long dataLength = length - dataStart;
        List<Entry> entries = [];
        foreach ((string name, JsonFile value) in JsonFile.Parse(path, bytes).Properties())
        {
            if (name != "__metadata__")
            {
                entries.Add(ReadEntry(path, name, value, dataLength));
            }
        }

        // The ranges must tile the data: neither overlap nor leave bytes that belong to no tensor.
        long end = 0;
        foreach (Entry entry in entries.OrderBy(e => e.Begin).ThenBy(e => e.End))
        {
            if (entry.Begin != end)
            {
                throw Broken(
                    path,
                    $"the bytes of tensor '{entry.Name}' begin at {entry.Begin}, but the tensor before it ends at "
                    + $"{end}");
            }

            end = entry.End;
        }

        return end == dataLength
            ? entries
            : throw Broken(path, $"its tensors take {end} bytes, but {dataLength} follow the header");
    }

    private static Entry ReadEntry(string path, string name, JsonFile value, long dataLength)
    {
        JsonFile typeName = value["dtype"];
        if (!DTypes.TryParse(typeName.Text(), out DType dtype))
        {
            throw typeName.Fault("must be F32, F16 or BF16 (other types are not supported)");
        }

        int[] shape = [.. value["shape"].Items().Select(size => size.Int())];
        long[] offsets =
            [.. value["data_offsets"].Items().Select(offset => offset.Element.ValueKind == JsonValueKind.Number
            && offset.Element.TryGetInt64(out long number) && number >= 0
                ? number
                : throw offset.Fault("must be an integer of at least 0"))];
        if (offsets.Length != 2 || offsets[0] > offsets[1] || offsets[1] > dataLength)
        {
            throw value["data_offsets"].Fault(
                $"must be [begin, end] with begin <= end <= {dataLength}; the file may be truncated");
        }

        // Widening at most doubles the bytes, so a tensor that agrees with its byte range is never larger than twice
        // the file.
        long count = 1;
        bool overflow = false;
        foreach (int size in shape)
        {
            overflow |= size != 0 && count > Array.MaxLength / size;
            count = overflow ? 0 : count * size;
        }

        if (overflow || count * dtype.Size() != offsets[1] - offsets[0])
        {
            throw Broken(
                path,
                $"tensor '{name}' of type {typeName.Text()} and shape [{string.Join(", ", shape)}] does not fit its "
                + $"{offsets[1] - offsets[0]} bytes");
        }

        return new Entry(name, dtype, shape, offsets[0], offsets[1]);
    }

    private static unsafe void Copy(MemoryMappedViewAccessor view, long offset, DType dtype, Span<float> target)
    {
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        try
        {
            // Chunks, since a span counts its bytes in an int.
            const int Chunk = 1 << 24;
            for (int done = 0; done < target.Length; done += Chunk)
            {
                int count = Math.Min(Chunk, target.Length - done);
                ReadOnlySpan<byte> source = new(
                    start + view.PointerOffset + offset + (long)done * dtype.Size(), count * dtype.Size());
                DTypes.Widen(dtype, source, target.Slice(done, count));
            }
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    private static EngineException Broken(string path, string problem) =>
        new($"'{path}' is not a whole safetensors file: {problem}. Copy or download it again.");

    private readonly record struct Entry(string Name, DType DType, int[] Shape, long Begin, long End);
}
