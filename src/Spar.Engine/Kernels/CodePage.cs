using System.IO.MemoryMappedFiles;
using Iced.Intel;

namespace Spar.Engine.Kernels;

/// <summary>A function of machine code, in memory that can be written through one mapping and executed through another.</summary>
internal sealed unsafe class CodePage : IDisposable
{
    private readonly MemoryMappedFile _memory;
    private readonly MemoryMappedViewAccessor _view;

    /// <summary>Assembles a function that follows the calling convention of System V.</summary>
    public CodePage(Assembler code)
    {
        using MemoryStream bytes = new();
        code.Assemble(new StreamCodeWriter(bytes), 0);
        _memory = MemoryMappedFile.CreateNew(null, bytes.Length, MemoryMappedFileAccess.ReadWriteExecute);
        using (MemoryMappedViewStream writable = _memory.CreateViewStream(0, bytes.Length, MemoryMappedFileAccess.ReadWrite))
        {
            writable.Write(bytes.ToArray());
        }

        _view = _memory.CreateViewAccessor(0, bytes.Length, MemoryMappedFileAccess.ReadExecute);
    }

    /// <summary>The function's first byte.</summary>
    public void* Entry => (void*)_view.SafeMemoryMappedViewHandle.DangerousGetHandle();

    public void Dispose()
    {
        _view.Dispose();
        _memory.Dispose();
    }
}
