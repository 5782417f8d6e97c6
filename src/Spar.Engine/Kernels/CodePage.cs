using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

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

    /// <summary>The 512-bit registers by their number.</summary>
    public static IReadOnlyList<AssemblerRegisterZMM> Zmm { get; } =
    [
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15,
        zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31,
    ];

    /// <summary>
    /// Assembles functions where the system calls them so and allows code that is made at run time; else null.
    /// </summary>
    /// <param name="functions">None of them refers to another.</param>
    public static CodePage? TryMake(params IEnumerable<Assembler> functions)
    {
        if (OperatingSystem.IsWindows() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return null;
        }

        try
        {
            return new CodePage(functions);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

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
        using (MemoryMappedViewStream writable = _memory.CreateViewStream(
            0, bytes.Length, MemoryMappedFileAccess.ReadWrite))
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
