using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace Spar.Engine.Kernels;

/// <summary>
/// The one place that asks what the processor can do. Kernels take their width and their instructions from here, and
/// the compiler folds the answers, so a path that is not taken costs nothing. The runtime's own switches
/// (<c>DOTNET_EnableAVX512=0</c>, <c>DOTNET_EnableAVX2=0</c>) choose a narrower path than the processor has; results
/// have the same bits on all of them.
/// </summary>
public static unsafe class KernelPath
{
    /// <summary>
    /// The path in one line, such as <c>512-bit vectors (avx512f, avx512bw, avx2, fma) on a CPU NAME, 2 cores</c>.
    /// </summary>
    public static string Description
    {
        get
        {
            string sets = InstructionSets.Count == 0 ? "portable" : string.Join(", ", InstructionSets);
            string cores = Cores == 1 ? "1 core" : $"{Cores} cores";
            return $"{VectorBits}-bit vectors ({sets}) on {Processor}, {cores}";
        }
    }

    /// <summary>Bits of the vectors that matrix products of float32 numbers use: 512, 256 or 128.</summary>
    public static int VectorBits
    {
        // Asked of the instruction set first: Vector512.IsHardwareAccelerated is false on processors that lower their
        // clock for it.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get =>
            Avx512F.IsSupported || Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;
    }

    /// <summary>Bits of the vectors that products with quantised weights use: 512, 256 or 128.</summary>
    public static int QuantizedVectorBits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Avx512BW.IsSupported ? 512 : Avx2.IsSupported && Fma.IsSupported ? 256 : 128;
    }

    /// <summary>
    /// The instruction sets in use that the kernels know, widest first; empty where they run on portable vectors alone.
    /// </summary>
    public static IReadOnlyList<string> InstructionSets { get; } =
    [
        .. new (string Name, bool InUse)[]
        {
            ("avx512f", Avx512F.IsSupported),
            ("avx512bw", Avx512BW.IsSupported),
            ("avx2", Avx2.IsSupported),
            ("fma", Fma.IsSupported),
            ("avx", Avx.IsSupported),
            ("ssse3", Ssse3.IsSupported),
            ("neon", AdvSimd.IsSupported),
        }.Where(set => set.InUse).Select(set => set.Name),
    ];

    /// <summary>The processor's name as it gives it itself; its architecture where it gives none.</summary>
    public static string Processor { get; } = ReadProcessor();

    /// <summary>Processor cores that this process may use.</summary>
    public static int Cores => Environment.ProcessorCount;

    /// <summary>Whether parts of 512-bit vectors are loaded, stored and narrowed by masks (AVX-512F).</summary>
    internal static bool HasMasks
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Avx512F.IsSupported;
    }

    /// <summary>Whether blocks of floats are transposed in 256-bit registers (AVX).</summary>
    internal static bool HasLaneUnpacking
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Avx.IsSupported;
    }

    /// <summary>Whether 128-bit vectors multiply unsigned with signed bytes and add neighbours (SSSE3).</summary>
    internal static bool HasByteDot
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Ssse3.IsSupported;
    }

    /// <summary>Whether 128-bit vectors multiply 16-bit integers and add neighbours (SSE2).</summary>
    internal static bool HasShortDot
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Sse2.IsSupported;
    }

    /// <summary>Whether <see cref="Prefetch"/> does anything (SSE).</summary>
    internal static bool HasPrefetch
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Sse.IsSupported;
    }

    /// <summary>
    /// Asks for a cache line that will be read soon; any address will do, and nothing happens where the processor has
    /// no such hint.
    /// </summary>
    /// <param name="address">Where the line begins, or anywhere in it.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Prefetch(void* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(address);
        }
    }

    // The brand string: leaves 0x80000002 to 0x80000004 of CPUID, four registers of four characters each.
    private static string ReadProcessor()
    {
        const int First = unchecked((int)0x80000002), Last = unchecked((int)0x80000004);
        if (X86Base.IsSupported && (uint)X86Base.CpuId(unchecked((int)0x80000000), 0).Eax >= unchecked((uint)Last))
        {
            Span<int> words = stackalloc int[12];
            for (int leaf = First; leaf <= Last; leaf++)
            {
                int at = 4 * (leaf - First);
                (words[at], words[at + 1], words[at + 2], words[at + 3]) = X86Base.CpuId(leaf, 0);
            }

            string name = Encoding.ASCII.GetString(MemoryMarshal.AsBytes(words)).TrimEnd('\0').Trim();
            if (name.Length > 0)
            {
                return name;
            }
        }

        return $"an {RuntimeInformation.ProcessArchitecture} processor";
    }
}
