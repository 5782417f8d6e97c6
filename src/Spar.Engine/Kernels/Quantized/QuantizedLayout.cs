namespace Spar.Engine.Kernels.Quantized;

/// <summary>How a quantised row's scales are given and kept. h: half precision, 2 bytes little endian.</summary>
internal enum ScaleKind
{
    /// <summary>h scale for each 32 elements.</summary>
    Half,

    /// <summary>h scale and h offset for each 32 elements.</summary>
    HalfWithOffset,

    /// <summary>
    /// For each 256 elements h d and h m, then for each 32 of them a byte s, then for each 32 a byte o: scale d s,
    /// offset -(m o).
    /// </summary>
    Super,

    /// <summary>For each 256 elements h d, then for each 16 of them a signed byte s: scale d s.</summary>
    SuperOf16,
}

/// <summary>
/// The form of a quantised matrix: an element is scale * (code - zero) + offset, with scales and offsets that a run of
/// elements of a row share. Knows nothing of file formats.
/// </summary>
/// <param name="Nibbles">Whether codes have 4 bits (0 .. 15) rather than 8.</param>
/// <param name="Zero">The code that stands for 0; not 0 only for kinds without offset.</param>
/// <param name="Scales">How scales are kept.</param>
internal readonly record struct QuantizedLayout(bool Nibbles, int Zero, ScaleKind Scales)
{
    /// <summary>
    /// Whether 8-bit codes lie as <see cref="DotInstructions"/> takes them, unsigned and four inputs of a row side by
    /// side; only where that is supported, and for rounded activations alone.
    /// </summary>
    public bool Fours { get; init; }

    /// <summary>Whether rounded activations are kept as bytes rather than 16-bit numbers.</summary>
    public bool TakesBytes => Nibbles || Fours;

    /// <summary>Elements of a row that the activations' scales are for, and that the kernels take at a time.</summary>
    public const int Block = 32;

    /// <summary>Rows whose elements lie side by side: a panel.</summary>
    public const int PanelRows = 16;

    /// <summary>Elements of a row that one piece of scales is for: rows must be multiples of it.</summary>
    public int GroupElements => Scales is ScaleKind.Super or ScaleKind.SuperOf16 ? 256 : Block;

    /// <summary>Bytes of scales a row has for each <see cref="GroupElements"/>.</summary>
    public int GroupScaleBytes => Scales switch
    {
        ScaleKind.Half => 2,
        ScaleKind.HalfWithOffset => 4,
        ScaleKind.Super => 20,
        _ => 18,
    };

    /// <summary>Bytes of codes that a panel has for each <see cref="Block"/>.</summary>
    public int BlockCodeBytes => Nibbles ? Block * PanelRows / 2 : Block * PanelRows;
}
