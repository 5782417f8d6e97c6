using System.Runtime.Intrinsics.X86;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Spar.Engine.Kernels.Quantized;

/// <summary>
/// Products with rounded activations by <c>vpdpbusd</c> on 512-bit vectors (AVX512_VNNI), for which .NET 10 has no
/// intrinsic: functions of machine code, made when first asked for. They have the bits of
/// <see cref="QuantizedKernel"/>, as a block's sum is an exact integer.
/// </summary>
internal static unsafe class DotInstructions
{
    /// <summary>Rows of a tile, at most: as of <see cref="ByteUnit512"/>.</summary>
    public const int MaxRows = 8;

    private const int Kinds = 4; // 4-bit codes or 8-bit ones, without offsets and with them

    private static readonly CodePage? s_code = Make();

    /// <summary>Whether the instruction can be used.</summary>
    public static bool IsSupported => s_code is not null;

    /// <summary>Whether weights of a form are multiplied so.</summary>
    public static bool Handle(QuantizedLayout layout) =>
        IsSupported && HasBlockScales(layout) && (layout.Nibbles || layout.Fours);

    /// <summary>The form in which weights are best kept for products with rounded activations.</summary>
    public static QuantizedLayout Best(QuantizedLayout layout) =>
        IsSupported && HasBlockScales(layout) && !layout.Nibbles ? layout with { Fours = true } : layout;

    /// <summary>A tile with a panel, as <see cref="QuantizedKernel.Run"/>.</summary>
    public static void Run(QuantizedMatrix w, int panel, int rows, byte* tile, float* y, nint ldy, bool add)
    {
        int kind = (w.Layout.Nibbles ? 0 : 2) + (w.Layout.Scales == ScaleKind.HalfWithOffset ? 1 : 0);
        byte* codes = w.Panel(panel);
        ((delegate* unmanaged[SuppressGCTransition]<nint, byte*, byte*, byte*, float*, nint, void>)
            s_code!.Entry(Number(kind, rows, add)))(
            w.Blocks, codes, codes + w.ScalesStart, tile, y, ldy * sizeof(float));
    }

    private static bool HasBlockScales(QuantizedLayout layout) =>
        layout.Scales is ScaleKind.Half or ScaleKind.HalfWithOffset;

    private static int Number(int kind, int rows, bool add) => (((kind * MaxRows) + rows - 1) * 2) + (add ? 1 : 0);

    private static CodePage? Make()
    {
        if (!Avx512BW.IsSupported || ((X86Base.CpuId(7, 0).Ecx >> 11) & 1) == 0)
        {
            return null;
        }

        return CodePage.TryMake(
            from kind in Enumerable.Range(0, Kinds)
            from rows in Enumerable.Range(1, MaxRows)
            from add in (bool[])[false, true]
            select Kernel(rows, kind < 2, kind % 2 == 1, add));
    }

    // (blocks, codes, scales, tile, y, bytes from one row of y to the next), in rdi, rsi, rdx, rcx, r8, r9.
    // Sums of a block in registers from 0 on, of all blocks from 8 on.
    private static Assembler Kernel(int rows, bool nibbles, bool hasOffset, bool add)
    {
        Assembler c = new(64);
        c.mov(eax, 0x0f0f0f0f);
        c.vpbroadcastd(zmm31, eax);
        for (int row = 0; row < rows; row++)
        {
            c.vpxord(CodePage.Zmm[8 + row], CodePage.Zmm[8 + row], CodePage.Zmm[8 + row]);
        }

        Label loop = c.CreateLabel();
        c.Label(ref loop);
        for (int row = 0; row < rows; row++)
        {
            if (hasOffset)
            {
                c.vpxord(CodePage.Zmm[row], CodePage.Zmm[row], CodePage.Zmm[row]);
            }
            else
            {
                // minus zero times the sum of the row's integers
                c.vpbroadcastd(CodePage.Zmm[row], __dword_ptr[rcx + (40 * rows) + (4 * row)]);
            }
        }

        int vectors = nibbles ? 4 : 8;
        for (int j = 0; j < vectors; j++)
        {
            if (rows <= 2)
            {
                c.prefetcht0(__byte_ptr[rsi + (64 * j) + 2048]);
            }

            c.vmovdqu32(zmm28, __zmmword_ptr[rsi + (64 * j)]);
            if (nibbles)
            {
                c.vpandd(zmm29, zmm28, zmm31);
                c.vpsrlw(zmm30, zmm28, 4);
                c.vpandd(zmm30, zmm30, zmm31);
            }

            for (int half = 0; half < (nibbles ? 2 : 1); half++)
            {
                for (int row = 0; row < rows; row++)
                {
                    int at = ((j + (4 * half)) * rows) + row;
                    c.vpdpbusd(CodePage.Zmm[row], CodePage.Zmm[nibbles ? 29 + half : 28], __dword_bcst[rcx + (4 * at)]);
                }
            }
        }

        c.vcvtph2ps(zmm26, __ymmword_ptr[rdx]);
        if (hasOffset)
        {
            c.vcvtph2ps(zmm27, __ymmword_ptr[rdx + 32]);
        }

        for (int row = 0; row < rows; row++)
        {
            c.vcvtdq2ps(CodePage.Zmm[row], CodePage.Zmm[row]);
            c.vmulps(CodePage.Zmm[row], CodePage.Zmm[row], __dword_bcst[rcx + (32 * rows) + (4 * row)]);
            c.vfmadd231ps(CodePage.Zmm[8 + row], CodePage.Zmm[row], zmm26);
            if (hasOffset)
            {
                c.vfmadd231ps(CodePage.Zmm[8 + row], zmm27, __dword_bcst[rcx + (36 * rows) + (4 * row)]);
            }
        }

        c.add(rcx, 44 * rows);
        c.add(rsi, 64 * vectors);
        c.add(rdx, hasOffset ? 64 : 32);
        c.dec(rdi);
        c.jne(loop);
        for (int row = 0; row < rows; row++, c.add(r8, r9))
        {
            if (add)
            {
                c.vaddps(CodePage.Zmm[8 + row], CodePage.Zmm[8 + row], __zmmword_ptr[r8]);
            }

            c.vmovups(__zmmword_ptr[r8], CodePage.Zmm[8 + row]);
        }

        c.vzeroupper();
        c.ret();
        return c;
    }
}
