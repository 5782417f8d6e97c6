namespace Spar.Engine.Tensors;

/// <summary>Number formats in which a checkpoint stores weights. In memory every weight is float32.</summary>
public enum DType
{
    /// <summary>IEEE single precision, 4 bytes ("F32", "float32").</summary>
    Float32,

    /// <summary>IEEE half precision, 2 bytes ("F16", "float16").</summary>
    Float16,

    /// <summary>The upper half of a float32, 2 bytes ("BF16", "bfloat16").</summary>
    BFloat16,
}

/// <summary>Names and sizes of <see cref="DType"/> values, and conversion from and to float32.</summary>
internal static class DTypes
{
    /// <summary>Bytes an element.</summary>
    public static int Size(this DType dtype) => dtype == DType.Float32 ? 4 : 2;

    /// <summary>The name that safetensors headers use.</summary>
    public static string SafetensorsName(this DType dtype) => dtype switch
    {
        DType.Float32 => "F32",
        DType.Float16 => "F16",
        _ => "BF16",
    };

    /// <summary>The name that config.json uses (<c>torch_dtype</c>).</summary>
    public static string TorchName(this DType dtype) => dtype switch
    {
        DType.Float32 => "float32",
        DType.Float16 => "float16",
        _ => "bfloat16",
    };

    /// <summary>Finds the type by its name in a safetensors header.</summary>
    public static bool TryParse(string? name, out DType dtype)
    {
        (bool known, dtype) = name switch
        {
            "F32" => (true, DType.Float32),
            "F16" => (true, DType.Float16),
            "BF16" => (true, DType.BFloat16),
            _ => (false, default),
        };
        return known;
    }

    /// <summary>
    /// Widens little-endian elements to float32; exact. <paramref name="source"/> holds as many elements as
    /// <paramref name="target"/>.
    /// </summary>
    public static void Widen(DType dtype, ReadOnlySpan<byte> source, Span<float> target)
    {
        switch (dtype)
        {
            case DType.Float32:
                source.CopyTo(System.Runtime.InteropServices.MemoryMarshal.AsBytes(target));
                break;
            case DType.Float16:
                for (int i = 0; i < target.Length; i++)
                {
                    target[i] = (float)BitConverter.UInt16BitsToHalf((ushort)(source[2 * i] | source[2 * i + 1] << 8));
                }

                break;
            default:
                for (int i = 0; i < target.Length; i++)
                {
                    target[i] = BitConverter.UInt32BitsToSingle((uint)(source[2 * i] << 16 | source[2 * i + 1] << 24));
                }

                break;
        }
    }

    /// <summary>
    /// Rounds float32 elements to the nearest value of <paramref name="dtype"/>, ties to even. False when a finite
    /// value becomes infinite.
    /// </summary>
    public static bool Narrow(DType dtype, ReadOnlySpan<float> source, Span<byte> target)
    {
        bool fits = true;
        if (dtype == DType.Float32)
        {
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(source).CopyTo(target);
            return fits;
        }

        for (int i = 0; i < source.Length; i++)
        {
            ushort bits;
            if (dtype == DType.Float16)
            {
                Half half = (Half)source[i];
                fits &= Half.IsFinite(half) || !float.IsFinite(source[i]);
                bits = BitConverter.HalfToUInt16Bits(half);
            }
            else
            {
                uint wide = BitConverter.SingleToUInt32Bits(source[i]);
                bits = float.IsNaN(source[i])
                    ? (ushort)(wide >> 16 | 0x40)
                    : (ushort)(wide + 0x7FFF + (wide >> 16 & 1) >> 16);
                fits &= (bits & 0x7F80) != 0x7F80 || !float.IsFinite(source[i]);
            }

            target[2 * i] = (byte)bits;
            target[2 * i + 1] = (byte)(bits >> 8);
        }

        return fits;
    }
}
