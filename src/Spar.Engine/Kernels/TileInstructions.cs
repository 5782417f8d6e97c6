using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Spar.Engine.Kernels;

/// <summary>
/// AMX, for which .NET 10 has no intrinsics: a few functions of machine code, made when first asked for, and the
/// permission to use tile registers that Linux gives to a process on request. Only where the processor, the system and
/// the memory allow it; elsewhere <see cref="TileKernel"/> computes the same bits with vectors.
/// </summary>
internal static unsafe partial class TileInstructions
{
    private const int ArchPrctl = 158;         // number of arch_prctl(2) on x86-64
    private const int RequestPermission = 0x1023; // ARCH_REQ_XCOMP_PERM
    private const int TileData = 18;           // the tiles' component of the extended state

    private static readonly Functions? s_functions = Make();

    /// <summary>Whether tiles can be used.</summary>
    public static bool IsSupported => s_functions is not null;

    /// <summary>Sets up the calling thread's tile registers: all of 16 rows of 64 bytes.</summary>
    public static void Begin() => s_functions!.Begin(s_functions.Shape);

    /// <summary>
    /// Gives the calling thread's tile registers back, so that switches of threads need not save them.
    /// </summary>
    public static void End() => s_functions!.End();

    /// <summary>
    /// C [16 or 32, 32] = or += A B between <see cref="Begin"/> and <see cref="End"/>, as
    /// <see cref="TileKernel.Run"/> does.
    /// </summary>
    /// <param name="both">Whether there are two tiles of rows.</param>
    /// <param name="add">Adds to C instead of overwriting it.</param>
    /// <param name="blocks">Tiles that follow each other along k, at least 1.</param>
    /// <param name="a0">Tiles of the first 16 rows of A.</param>
    /// <param name="a1">Those of the next 16; not read without them.</param>
    /// <param name="b">Tiles of B, two for each of A.</param>
    /// <param name="c">First element of C.</param>
    /// <param name="ldc">Bytes from one row of C to the next.</param>
    public static void Run(bool both, bool add, nint blocks, ushort* a0, ushort* a1, ushort* b, float* c, nint ldc)
    {
        Functions functions = s_functions!;
        (both ? add ? functions.AddBoth : functions.SetBoth : add ? functions.AddOne : functions.SetOne)(
            blocks, a0, a1, b, c, ldc);
    }

    private static Functions? Make()
    {
        if (!OperatingSystem.IsLinux() || !Avx512F.IsSupported || !HasTiles()
            || SystemCall(ArchPrctl, RequestPermission, TileData) != 0)
        {
            return null;
        }

        Assembler begin = new(64), end = new(64);
        begin.ldtilecfg(__[rdi]);
        begin.ret();
        end.tilerelease();
        end.ret();
        CodePage? code = CodePage.TryMake(
            begin, end, Product(1, false), Product(1, true), Product(2, false), Product(2, true));
        return code is null ? null : new Functions(code);
    }

    // Leaf 7: AMX_BF16 and AMX_TILE. Leaf 13: the system keeps both components of the tiles' state.
    private static bool HasTiles()
    {
        const int Wanted = (1 << 22) | (1 << 24), Kept = (1 << 17) | (1 << 18);
        return X86Base.CpuId(0, 0).Eax >= 13 && (X86Base.CpuId(7, 0).Edx & Wanted) == Wanted
            && (X86Base.CpuId(13, 0).Eax & Kept) == Kept;
    }

    // arch_prctl has no function of its own in C libraries.
    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, nint first, nint second);

    // Arguments come in the registers of System V: rdi, rsi, rdx, rcx, r8, r9.
    // (blocks, a0, a1, b, c, bytes from one row of c to the next)
    private static Assembler Product(int heights, bool add)
    {
        const int Tile = TileKernel.Tile * sizeof(ushort);
        const int Ahead = 4096; // bytes of B that are fetched before they are needed, as weights come from memory
        AssemblerRegisterTMM[] sums = [tmm0, tmm1, tmm2, tmm3];
        Assembler c = new(64);
        c.mov(eax, 64);
        c.mov(r10, r9);
        c.shl(r10, 4);
        c.add(r10, r8); // the second 16 rows of C
        for (int i = 0; i < 2 * heights; i++)
        {
            if (add)
            {
                c.tileloadd(sums[i], __[(i < 2 ? r8 : r10) + (r9 * 1) + (64 * (i % 2))]);
            }
            else
            {
                c.tilezero(sums[i]);
            }
        }

        Label loop = c.CreateLabel();
        c.Label(ref loop);
        c.tileloadd(tmm4, __[rsi + (rax * 1)]);
        c.tileloadd(tmm6, __[rcx + (rax * 1)]);
        c.tdpbf16ps(tmm0, tmm4, tmm6);
        c.tileloadd(tmm7, __[rcx + (rax * 1) + Tile]);
        c.tdpbf16ps(tmm1, tmm4, tmm7);
        if (heights == 2)
        {
            c.tileloadd(tmm5, __[rdx + (rax * 1)]);
            c.tdpbf16ps(tmm2, tmm5, tmm6);
            c.tdpbf16ps(tmm3, tmm5, tmm7);
            c.add(rdx, Tile);
        }

        for (int line = 0; line < 2 * Tile; line += 64)
        {
            c.prefetcht0(__byte_ptr[rcx + line + Ahead]);
        }

        c.add(rsi, Tile);
        c.add(rcx, 2 * Tile);
        c.dec(rdi);
        c.jne(loop);
        for (int i = 0; i < 2 * heights; i++)
        {
            c.tilestored(__[(i < 2 ? r8 : r10) + (r9 * 1) + (64 * (i % 2))], sums[i]);
        }

        c.ret();
        return c;
    }

    /// <summary>The functions, and what they need.</summary>
    private sealed class Functions
    {
        private readonly CodePage _code;

        public Functions(CodePage code)
        {
            _code = code;
            // Palette 1: tiles of 16 rows at most; then 8 widths in bytes and 8 heights.
            Shape = (byte*)NativeMemory.AlignedAlloc(64, 64);
            new Span<byte>(Shape, 64).Clear();
            Shape[0] = 1;
            for (int tile = 0; tile < 8; tile++)
            {
                Shape[16 + (2 * tile)] = 64;
                Shape[48 + tile] = 16;
            }

            Begin = (delegate* unmanaged[SuppressGCTransition]<byte*, void>)_code.Entry(0);
            End = (delegate* unmanaged[SuppressGCTransition]<void>)_code.Entry(1);
            SetOne = Entry(2);
            AddOne = Entry(3);
            SetBoth = Entry(4);
            AddBoth = Entry(5);
        }

        public byte* Shape { get; }

        public readonly delegate* unmanaged[SuppressGCTransition]<byte*, void> Begin;

        public readonly delegate* unmanaged[SuppressGCTransition]<void> End;

        public readonly delegate* unmanaged[SuppressGCTransition]<
            nint, ushort*, ushort*, ushort*, float*, nint, void> SetOne, AddOne, SetBoth, AddBoth;

        private delegate* unmanaged[SuppressGCTransition]<nint, ushort*, ushort*, ushort*, float*, nint, void> Entry(
            int function) =>
            (delegate* unmanaged[SuppressGCTransition]<nint, ushort*, ushort*, ushort*, float*, nint, void>)
            _code.Entry(function);
    }
}
