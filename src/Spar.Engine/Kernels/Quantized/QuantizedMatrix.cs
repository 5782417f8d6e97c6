using System.Runtime.InteropServices;

namespace Spar.Engine.Kernels.Quantized;

/// <summary>
/// A quantised weight W [outputs, inputs] in a layout made for products x W^T. Panels of 16 rows; a panel holds its
/// codes, block by block of 32 inputs, and then its scales, so that one vector has a piece of each of the 16 rows:
/// <list type="bullet">
/// <item>4-bit codes: four vectors of 64 bytes a block. Byte i of row r in vector j: input 4 j + i in the low half,
/// input 16 + 4 j + i in the high half.</item>
/// <item>8-bit codes, less their zero: sixteen vectors of 32 bytes a block. Vector j has inputs 2 j and 2 j + 1 of each
/// row. Where <see cref="QuantizedLayout.Fours"/>: the codes themselves, eight vectors of 64 bytes, in vector j inputs
/// 4 j to 4 j + 3 of each row.</item>
/// <item>Scales: the parts of <see cref="ScaleKind"/> in their order, each for the 16 rows side by side.</item>
/// </list>
/// Rows that fill up the last panel are 0. The layout does not depend on the processor.
/// </summary>
internal sealed unsafe class QuantizedMatrix : IDisposable
{
    private byte* _data;

    /// <summary>Makes room for a matrix; its rows are given by <see cref="SetRow"/>.</summary>
    /// <param name="outputs">Rows of W, at least 1.</param>
    /// <param name="inputs">
    /// Columns of W: a multiple of the layout's <see cref="QuantizedLayout.GroupElements"/>.
    /// </param>
    /// <param name="layout">The form.</param>
    public QuantizedMatrix(int outputs, int inputs, QuantizedLayout layout)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(outputs, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(inputs, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(inputs % layout.GroupElements, 0, nameof(inputs));
        (Outputs, Inputs, Layout) = (outputs, inputs, layout);
        ScalesStart = (long)Blocks * layout.BlockCodeBytes;
        long scaleBytes = (long)inputs / layout.GroupElements * layout.GroupScaleBytes * QuantizedLayout.PanelRows;
        PanelBytes = (ScalesStart + scaleBytes + 63) / 64 * 64;
        Bytes = PanelBytes * Panels;
        nuint size = checked((nuint)Bytes);
        _data = (byte*)NativeMemory.AlignedAlloc(size, 64);
        NativeMemory.Clear(_data, size);
    }

    ~QuantizedMatrix() => Dispose();

    public int Outputs { get; }

    public int Inputs { get; }

    public QuantizedLayout Layout { get; }

    /// <summary>Bytes in memory.</summary>
    public long Bytes { get; }

    /// <summary>Blocks of 32 inputs.</summary>
    public int Blocks => Inputs / QuantizedLayout.Block;

    /// <summary>Panels of 16 rows.</summary>
    public int Panels => (Outputs + QuantizedLayout.PanelRows - 1) / QuantizedLayout.PanelRows;

    /// <summary>Bytes from one panel to the next.</summary>
    public long PanelBytes { get; }

    /// <summary>Bytes from a panel's beginning to its scales.</summary>
    public long ScalesStart { get; }

    /// <summary>A panel.</summary>
    public byte* Panel(int index) => _data + (index * PanelBytes);

    /// <summary>Fills a row. Different rows may be filled by different threads.</summary>
    /// <param name="row">Row of W.</param>
    /// <param name="codes">Its codes, [inputs].</param>
    /// <param name="scales">Its scales, as <see cref="ScaleKind"/> says, group after group.</param>
    public void SetRow(int row, ReadOnlySpan<byte> codes, ReadOnlySpan<byte> scales)
    {
        const int rows = QuantizedLayout.PanelRows;
        int lane = row % rows;
        byte* panel = Panel(row / rows);
        for (int block = 0; block < Blocks; block++)
        {
            byte* target = panel + ((long)block * Layout.BlockCodeBytes);
            ReadOnlySpan<byte> source = codes.Slice(block * QuantizedLayout.Block, QuantizedLayout.Block);
            if (Layout.Nibbles)
            {
                for (int i = 0; i < 16; i++)
                {
                    target[((i / 4) * 64) + (lane * 4) + (i % 4)] = (byte)(source[i] | source[16 + i] << 4);
                }
            }
            else if (Layout.Fours)
            {
                for (int i = 0; i < 32; i++)
                {
                    target[((i / 4) * 64) + (lane * 4) + (i % 4)] = source[i];
                }
            }
            else
            {
                for (int i = 0; i < 32; i++)
                {
                    target[((i / 2) * 32) + (lane * 2) + (i % 2)] = (byte)(source[i] - Layout.Zero);
                }
            }
        }

        // Parts of two bytes first, then those of one.
        int halves = Layout.Scales is ScaleKind.Half or ScaleKind.SuperOf16 ? 1 : 2;
        byte* scale = panel + ScalesStart;
        for (int group = 0; group < Inputs / Layout.GroupElements; group++)
        {
            ReadOnlySpan<byte> source = scales.Slice(group * Layout.GroupScaleBytes, Layout.GroupScaleBytes);
            for (int i = 0; i < halves; i++, scale += 2 * rows)
            {
                (scale[2 * lane], scale[(2 * lane) + 1]) = (source[2 * i], source[(2 * i) + 1]);
            }

            for (int i = 2 * halves; i < source.Length; i++, scale += rows)
            {
                scale[lane] = source[i];
            }
        }
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_data);
        _data = null;
        GC.SuppressFinalize(this);
    }
}
