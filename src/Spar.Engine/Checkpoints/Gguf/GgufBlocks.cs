using System.Buffers.Binary;
using Spar.Engine.Kernels.Quantized;
using Spar.Engine.Tensors;

namespace Spar.Engine.Checkpoints.Gguf;

/// <summary>
/// Takes blocks of quantised elements apart: into codes, one byte an element in the order of the row, and scales and
/// offsets as float32. An element is scale * (code - zero), or scale * code + offset, every step rounded to float32 (no
/// fused multiply-add), which gives the bits of the reference implementation. Source of the layouts: ggml's block
/// formats.
/// </summary>
internal static class GgufBlocks
{
    /// <summary>Reads a row, widened to float32.</summary>
    /// <param name="type">How the row is stored.</param>
    /// <param name="row">Its bytes.</param>
    /// <param name="target">Receives the elements.</param>
    public static void Dequantize(GgufType type, ReadOnlySpan<byte> row, Span<float> target)
    {
        if (!type.IsQuantized)
        {
            DTypes.Widen(
                type == GgufType.F32 ? DType.Float32 : type == GgufType.F16 ? DType.Float16 : DType.BFloat16, row,
                target);
            return;
        }

        Span<byte> codes = stackalloc byte[256];
        Span<float> scales = stackalloc float[16];
        Span<float> offsets = stackalloc float[16];
        codes = codes[..type.BlockElements];
        for (; target.Length > 0; row = row[type.BlockBytes..], target = target[type.BlockElements..])
        {
            Codes(type, row, codes);
            Scales(type, row, scales, offsets);
            for (int i = 0; i < codes.Length; i++)
            {
                int part = i / type.ScaledElements;
                float value = scales[part] * (codes[i] - type.Zero);
                target[i] = type.HasOffset ? value + offsets[part] : value;
            }
        }
    }

    /// <summary>The codes of a block.</summary>
    /// <param name="type">A quantised type.</param>
    /// <param name="block">The block's bytes; more may follow.</param>
    /// <param name="codes">Receives <see cref="GgufType.BlockElements"/> codes.</param>
    public static void Codes(GgufType type, ReadOnlySpan<byte> block, Span<byte> codes)
    {
        switch (type.Name)
        {
            case "Q4_0":
                Nibbles(block[2..], 16, codes);
                break;
            case "Q4_1":
                Nibbles(block[4..], 16, codes);
                break;
            case "Q5_0":
                Nibbles(block[6..], 16, codes);
                FifthBits(BinaryPrimitives.ReadUInt32LittleEndian(block[2..]), codes);
                break;
            case "Q5_1":
                Nibbles(block[8..], 16, codes);
                FifthBits(BinaryPrimitives.ReadUInt32LittleEndian(block[4..]), codes);
                break;
            case "Q8_0":
                for (int i = 0; i < 32; i++)
                {
                    codes[i] = (byte)(block[2 + i] + 128);
                }

                break;
            case "Q4_K":
                for (int part = 0; part < 4; part++)
                {
                    Nibbles(block[(16 + (32 * part))..], 32, codes[(64 * part)..]);
                }

                break;
            case "Q5_K":
                for (int part = 0; part < 4; part++)
                {
                    Nibbles(block[(48 + (32 * part))..], 32, codes[(64 * part)..]);
                }

                for (int i = 0; i < 256; i++)
                {
                    codes[i] |= (byte)((block[16 + (i % 32)] >> (i / 32) & 1) << 4);
                }

                break;
            case "Q6_K":
                for (int i = 0; i < 256; i++)
                {
                    // Halves of 128: four runs of 32, whose low bits lie in 64 bytes and whose high bits in 32.
                    int half = i / 128, run = i / 32 % 4, at = i % 32;
                    int low = block[(64 * half) + (32 * (run & 1)) + at] >> (4 * (run >> 1)) & 15;
                    int high = block[128 + (32 * half) + at] >> (2 * run) & 3;
                    codes[i] = (byte)(low | high << 4);
                }

                break;
            default:
                throw new ArgumentException($"{type.Name} is not a quantised type.", nameof(type));
        }
    }

    /// <summary>
    /// The scales of a block, one for each <see cref="GgufType.ScaledElements"/>, and the offsets where the type has
    /// them.
    /// </summary>
    /// <param name="type">A quantised type.</param>
    /// <param name="block">The block's bytes; more may follow.</param>
    /// <param name="scales">Receives at most 16 scales.</param>
    /// <param name="offsets">Receives at most 8 offsets.</param>
    public static void Scales(GgufType type, ReadOnlySpan<byte> block, Span<float> scales, Span<float> offsets)
    {
        switch (type.Name)
        {
            case "Q4_K" or "Q5_K":
                float scale = Half(block), least = Half(block[2..]);
                for (int part = 0; part < 8; part++)
                {
                    (int factor, int offset) = SixBits(block.Slice(4, 12), part);
                    scales[part] = scale * factor;
                    offsets[part] = -(least * offset);
                }

                break;
            case "Q6_K":
                float whole = Half(block[208..]);
                for (int part = 0; part < 16; part++)
                {
                    scales[part] = whole * (sbyte)block[192 + part];
                }

                break;
            default:
                scales[0] = Half(block);
                if (type.HasOffset)
                {
                    offsets[0] = Half(block[2..]);
                }

                break;
        }
    }

    /// <summary>How the kernels keep a quantised type.</summary>
    public static QuantizedLayout Layout(GgufType type) => type.Name switch
    {
        "Q4_0" => new QuantizedLayout(Nibbles: true, type.Zero, ScaleKind.Half),
        "Q4_1" => new QuantizedLayout(Nibbles: true, type.Zero, ScaleKind.HalfWithOffset),
        "Q4_K" => new QuantizedLayout(Nibbles: true, type.Zero, ScaleKind.Super),
        "Q5_0" or "Q8_0" => new QuantizedLayout(Nibbles: false, type.Zero, ScaleKind.Half),
        "Q5_1" => new QuantizedLayout(Nibbles: false, type.Zero, ScaleKind.HalfWithOffset),
        "Q5_K" => new QuantizedLayout(Nibbles: false, type.Zero, ScaleKind.Super),
        "Q6_K" => new QuantizedLayout(Nibbles: false, type.Zero, ScaleKind.SuperOf16),
        _ => throw new ArgumentException($"{type.Name} is not a quantised type.", nameof(type)),
    };

    /// <summary>The scales of a block as <see cref="ScaleKind"/> orders them.</summary>
    /// <param name="type">A quantised type.</param>
    /// <param name="block">The block's bytes; more may follow.</param>
    /// <param name="target">Receives the layout's <see cref="QuantizedLayout.GroupScaleBytes"/>.</param>
    /// <returns>Whether all half-precision numbers among them are finite.</returns>
    public static bool PackedScales(GgufType type, ReadOnlySpan<byte> block, Span<byte> target)
    {
        bool super = type.Name is "Q4_K" or "Q5_K";
        if (type.Name == "Q6_K")
        {
            block.Slice(208, 2).CopyTo(target);
            block.Slice(192, 16).CopyTo(target[2..]);
            return IsFinite(target);
        }

        int halves = type.HasOffset ? 2 : 1;
        block[..(2 * halves)].CopyTo(target);
        for (int part = 0; super && part < 8; part++)
        {
            (int scale, int offset) = SixBits(block.Slice(4, 12), part);
            (target[4 + part], target[12 + part]) = ((byte)scale, (byte)offset);
        }

        return IsFinite(target) && (halves == 1 || IsFinite(target[2..]));
    }

    /// <summary>
    /// The 6-bit factors of scale and offset number <paramref name="part"/> (0 .. 7) of a K block, packed into 12
    /// bytes.
    /// </summary>
    public static (int Scale, int Offset) SixBits(ReadOnlySpan<byte> packed, int part) => part < 4
        ? (packed[part] & 63, packed[part + 4] & 63)
        : ((packed[part + 4] & 15) | (packed[part - 4] >> 6 << 4), (packed[part + 4] >> 4) | (packed[part] >> 6 << 4));

    private static bool IsFinite(ReadOnlySpan<byte> half) => (half[1] & 0x7C) != 0x7C;

    private static float Half(ReadOnlySpan<byte> bytes) => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);

    // Low halves of the bytes first, then the high ones.
    private static void Nibbles(ReadOnlySpan<byte> bytes, int count, Span<byte> codes)
    {
        for (int i = 0; i < count; i++)
        {
            codes[i] = (byte)(bytes[i] & 15);
            codes[count + i] = (byte)(bytes[i] >> 4);
        }
    }

    private static void FifthBits(uint bits, Span<byte> codes)
    {
        for (int i = 0; i < 32; i++)
        {
            codes[i] |= (byte)((bits >> i & 1) << 4);
        }
    }
}
