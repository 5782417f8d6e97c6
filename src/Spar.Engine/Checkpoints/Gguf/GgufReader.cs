using System.Buffers.Binary;
using System.Text;

namespace Spar.Engine.Checkpoints.Gguf;

/// <summary>
/// Reads little-endian values one after another from the bytes of a GGUF file; running over the end is a fault that
/// says where.
/// </summary>
/// <param name="path">The file, for faults.</param>
/// <param name="start">First byte; the memory must stay mapped while the reader is used.</param>
/// <param name="length">Bytes of the file.</param>
internal sealed unsafe class GgufReader(string path, byte* start, long length)
{
    private const long MaxText = 1 << 24;

    /// <summary>Bytes read so far.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes that are left.</summary>
    public long Remaining => length - Position;

    /// <summary>What is being read, for faults: "the header", "key 'x'".</summary>
    public string Place { get; set; } = "the header";

    /// <summary>Takes a number of bytes.</summary>
    public ReadOnlySpan<byte> Take(int count)
    {
        Require((ulong)count);
        ReadOnlySpan<byte> bytes = new(start + Position, count);
        Position += count;
        return bytes;
    }

    /// <summary>Passes over a number of bytes.</summary>
    public void Skip(ulong count)
    {
        Require(count);
        Position += (long)count;
    }

    public void MoveTo(long position) => Position = position;

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>A text with its length before it.</summary>
    public string Text() => Encoding.UTF8.GetString(Take(TextLength()));

    /// <summary>Passes over a text.</summary>
    public void SkipText() => Skip(UInt64());

    /// <summary>A fault at the present place.</summary>
    public EngineException Fault(string problem) =>
        new($"'{path}' is not a whole GGUF file: {Place} {problem}. Copy or download it again.");

    private int TextLength()
    {
        ulong count = UInt64();
        return count <= (ulong)Math.Min(Remaining, MaxText)
            ? (int)count
            : throw Fault($"claims a text of {count} bytes, but {Remaining} are left (and {MaxText} is the most)");
    }

    private void Require(ulong count)
    {
        if (count > (ulong)Remaining)
        {
            throw Fault($"needs {count} bytes more, but the file ends after {Remaining}");
        }
    }
}
