using Iced.Intel;
using Spar.Engine.Kernels;
using static Iced.Intel.AssemblerRegisters;

namespace Spar.Bench;

/// <summary>
/// Kernels out of instructions that .NET 10 has no intrinsics for, on 512-bit vectors: <c>vpdpbusd</c> (AVX512_VNNI)
/// and <c>vdpbf16ps</c> (AVX512_BF16). Arguments come in the registers of System V: rdi, rsi, rdx, rcx, r8, r9.
/// </summary>
internal static class EmittedKernels
{
    private static readonly AssemblerRegisterZMM[] s_zmm =
    [
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15,
        zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31,
    ];

    /// <summary>
    /// A tile of rounded activations times a panel of weights, in the engine's layouts and with its bits: (blocks, codes,
    /// scales, tile, y, bytes from one row of y to the next).
    /// </summary>
    /// <param name="rows">Rows of the tile, 1 .. 8.</param>
    /// <param name="nibbles">
    /// 4-bit codes with scales and offsets; else 8-bit codes with scales, four inputs of an output side by side, and a tile
    /// as for 4-bit codes; 128 stands for 0.
    /// </param>
    public static CodePage Integers(int rows, bool nibbles)
    {
        Assembler c = new(64);
        c.mov(eax, 0x0f0f0f0f);
        c.vpbroadcastd(zmm31, eax);
        Zero(c, 8, rows);
        Label loop = c.CreateLabel();
        c.Label(ref loop);
        Zero(c, 0, nibbles ? rows : 0);
        for (int row = 0; row < rows && !nibbles; row++)
        {
            c.vpbroadcastd(s_zmm[row], __dword_ptr[rcx + (40 * rows) + (4 * row)]); // -128 times the sum of the row's integers
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
                    c.vpdpbusd(s_zmm[row], s_zmm[nibbles ? 29 + half : 28], __dword_bcst[rcx + (4 * at)]);
                }
            }
        }

        c.vcvtph2ps(zmm26, __ymmword_ptr[rdx]);
        if (nibbles)
        {
            c.vcvtph2ps(zmm27, __ymmword_ptr[rdx + 32]);
        }

        for (int row = 0; row < rows; row++)
        {
            c.vcvtdq2ps(s_zmm[row], s_zmm[row]);
            c.vmulps(s_zmm[row], s_zmm[row], __dword_bcst[rcx + (32 * rows) + (4 * row)]);
            c.vfmadd231ps(s_zmm[8 + row], s_zmm[row], zmm26);
            if (nibbles)
            {
                c.vfmadd231ps(s_zmm[8 + row], zmm27, __dword_bcst[rcx + (36 * rows) + (4 * row)]);
            }
        }

        c.add(rcx, 44 * rows);
        c.add(rsi, 64 * vectors);
        c.add(rdx, nibbles ? 64 : 32);
        return End(c, loop, rows, vectors: 1, first: 8);
    }

    /// <summary>
    /// A block of C [rows, 32] = rows of A times a panel of B, both bfloat16: (pairs of k, B, A, nothing, C, bytes from one row
    /// of C to the next). B has for each pair of k 32 columns, a column's pair side by side.
    /// </summary>
    /// <param name="rows">Rows of the block, 1 .. 14.</param>
    /// <param name="lda">Numbers from one row of A to the next.</param>
    public static CodePage BFloat16(int rows, int lda)
    {
        Assembler c = new(64);
        Zero(c, 0, 2 * rows);
        Label loop = c.CreateLabel();
        c.Label(ref loop);
        c.vmovups(zmm30, __zmmword_ptr[rsi]);
        c.vmovups(zmm31, __zmmword_ptr[rsi + 64]);
        for (int row = 0; row < rows; row++)
        {
            c.vbroadcastss(zmm29, __dword_ptr[rdx + (row * lda * sizeof(ushort))]);
            c.vdpbf16ps(s_zmm[2 * row], zmm30, zmm29);
            c.vdpbf16ps(s_zmm[(2 * row) + 1], zmm31, zmm29);
        }

        c.prefetcht0(__byte_ptr[rsi + 2048]);
        c.add(rsi, 128);
        c.add(rdx, 4);
        return End(c, loop, rows, vectors: 2, first: 0);
    }

    private static void Zero(Assembler c, int first, int count)
    {
        for (int i = first; i < first + count; i++)
        {
            c.vpxord(s_zmm[i], s_zmm[i], s_zmm[i]);
        }
    }

    // Closes the loop and writes rows of sums.
    private static CodePage End(Assembler c, Label loop, int rows, int vectors, int first)
    {
        c.dec(rdi);
        c.jne(loop);
        for (int row = 0; row < rows; row++, c.add(r8, r9))
        {
            for (int i = 0; i < vectors; i++)
            {
                c.vmovups(__zmmword_ptr[r8 + (64 * i)], s_zmm[first + (row * vectors) + i]);
            }
        }

        c.vzeroupper();
        c.ret();
        return new CodePage(c);
    }
}
