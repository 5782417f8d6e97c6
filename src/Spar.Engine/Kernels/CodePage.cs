using System.IO.MemoryMappedFiles;
using Iced.Intel;

namespace Spar.Engine.Kernels;

/// <summary>
/// Functions of machine code that follow the calling convention of System V, in memory that can be written through one
/// mapping and executed through another.
/// </summary>
internal sealed unsafe class CodePage : IDisposable
{
    private const int Alignment = 64;

    private readonly MemoryMappedFile _memory;
    private readonly MemoryMappedViewAccessor _view;
    private readonly int[] _starts;

    /// <summary>Assembles functions.</summary>
    /// <param name="functions">None of them refers to another.</param>
    /// <exception cref="IOException">The system allows no code that is made at run time.</exception>
    public CodePage(params IEnumerable<Assembler> functions)
    {
        using MemoryStream bytes = new();
        List<int> starts = [];
        foreach (Assembler function in functions)
        {
            bytes.SetLength((bytes.Length + Alignment - 1) / Alignment * Alignment);
            bytes.Position = bytes.Length;
            starts.Add((int)bytes.Length);
            function.Assemble(new StreamCodeWriter(bytes), (ulong)bytes.Length);
        }

        _starts = [.. starts];
        _memory = MemoryMappedFile.CreateNew(null, bytes.Length, MemoryMappedFileAccess.ReadWriteExecute);
        using (MemoryMappedViewStream writable = _memory.CreateViewStream(0, bytes.Length, MemoryMappedFileAccess.ReadWrite))
        {
            writable.Write(bytes.ToArray());
        }

        _view = _memory.CreateViewAccessor(0, bytes.Length, MemoryMappedFileAccess.ReadExecute);
    }

    /// <summary>A function's first byte.</summary>
    /// <param name="function">Which, in the order in which they were given.</param>
    public void* Entry(int function = 0) =>
        (byte*)_view.SafeMemoryMappedViewHandle.DangerousGetHandle() + _starts[function];

    public void Dispose()
    {
        _view.Dispose();
        _memory.Dispose();
    }
}
