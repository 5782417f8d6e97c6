using Iced.Intel;
using Spar.Engine.Kernels;
using static Iced.Intel.AssemblerRegisters;

namespace Spar.Bench;

/// <summary>
/// A kernel out of <c>vdpbf16ps</c> (AVX512_BF16), which .NET 10 has no intrinsic for, on 512-bit vectors; the engine
/// has none of it. Arguments come in the registers of System V: rdi, rsi, rdx, rcx, r8, r9.
/// </summary>
internal static class EmittedKernels
{
    /// <summary>
    /// A block of C [rows, 32] = rows of A times a panel of B, both bfloat16: (pairs of k, B, A, nothing, C, bytes from one row
    /// of C to the next). B has for each pair of k 32 columns, a column's pair side by side.
    /// </summary>
    /// <param name="rows">Rows of the block, 1 .. 14.</param>
    /// <param name="lda">Numbers from one row of A to the next.</param>
    public static CodePage BFloat16(int rows, int lda)
    {
        Assembler c = new(64);
        for (int i = 0; i < 2 * rows; i++)
        {
            c.vpxord(CodePage.Zmm[i], CodePage.Zmm[i], CodePage.Zmm[i]);
        }

        Label loop = c.CreateLabel();
        c.Label(ref loop);
        c.vmovups(zmm30, __zmmword_ptr[rsi]);
        c.vmovups(zmm31, __zmmword_ptr[rsi + 64]);
        for (int row = 0; row < rows; row++)
        {
            c.vbroadcastss(zmm29, __dword_ptr[rdx + (row * lda * sizeof(ushort))]);
            c.vdpbf16ps(CodePage.Zmm[2 * row], zmm30, zmm29);
            c.vdpbf16ps(CodePage.Zmm[(2 * row) + 1], zmm31, zmm29);
        }

        c.prefetcht0(__byte_ptr[rsi + 2048]);
        c.add(rsi, 128);
        c.add(rdx, 4);
        c.dec(rdi);
        c.jne(loop);
        for (int row = 0; row < rows; row++, c.add(r8, r9))
        {
            c.vmovups(__zmmword_ptr[r8], CodePage.Zmm[2 * row]);
            c.vmovups(__zmmword_ptr[r8 + 64], CodePage.Zmm[(2 * row) + 1]);
        }

        c.vzeroupper();
        c.ret();
        return new CodePage(c);
    }
}
