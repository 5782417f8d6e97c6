namespace Spar.Engine.Checkpoints.Gguf;

/// <summary>
/// How a GGUF file stores a tensor's elements. Elements of a row come in blocks of <see cref="BlockElements"/>. In the
/// quantised types a block has one or more scales, each for <see cref="ScaledElements"/> elements, and an element is
/// scale * (code - <see cref="Zero"/>) or, where <see cref="HasOffset"/>, scale * code + offset. Source: ggml's
/// documentation of GGUF and of its block formats.
/// </summary>
/// <param name="Id">The number in the file.</param>
/// <param name="Name">The usual name, such as Q4_1.</param>
/// <param name="BlockElements">Elements a block; 1 for plain numbers.</param>
/// <param name="BlockBytes">Bytes a block.</param>
/// <param name="ScaledElements">Elements that share a scale; 0 for plain numbers.</param>
/// <param name="Zero">The code that stands for 0, where there are no offsets.</param>
/// <param name="HasOffset">Whether elements have an offset.</param>
internal sealed record GgufType(
    uint Id, string Name, int BlockElements, int BlockBytes, int ScaledElements = 0, int Zero = 0,
    bool HasOffset = false)
{
    public static readonly GgufType F32 = new(0, "F32", 1, 4);
    public static readonly GgufType F16 = new(1, "F16", 1, 2);
    public static readonly GgufType Q4_0 = new(2, "Q4_0", 32, 18, 32, 8);
    public static readonly GgufType Q4_1 = new(3, "Q4_1", 32, 20, 32, HasOffset: true);
    public static readonly GgufType Q5_0 = new(6, "Q5_0", 32, 22, 32, 16);
    public static readonly GgufType Q5_1 = new(7, "Q5_1", 32, 24, 32, HasOffset: true);
    public static readonly GgufType Q8_0 = new(8, "Q8_0", 32, 34, 32, 128);
    public static readonly GgufType Q4_K = new(12, "Q4_K", 256, 144, 32, HasOffset: true);
    public static readonly GgufType Q5_K = new(13, "Q5_K", 256, 176, 32, HasOffset: true);
    public static readonly GgufType Q6_K = new(14, "Q6_K", 256, 210, 16, 32);
    public static readonly GgufType BF16 = new(30, "BF16", 1, 2);

    /// <summary>The types that can be read.</summary>
    public static IReadOnlyList<GgufType> All { get; } =
        [F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K];

    private static readonly Dictionary<uint, string> s_others = new()
    {
        [9] = "Q8_1",
        [10] = "Q2_K",
        [11] = "Q3_K",
        [15] = "Q8_K",
        [16] = "IQ2_XXS",
        [17] = "IQ2_XS",
        [18] = "IQ3_XXS",
        [19] = "IQ1_S",
        [20] = "IQ4_NL",
        [21] = "IQ3_S",
        [22] = "IQ2_S",
        [23] = "IQ4_XS",
        [24] = "I8",
        [25] = "I16",
        [26] = "I32",
        [27] = "I64",
        [28] = "F64",
        [29] = "IQ1_M",
        [34] = "TQ1_0",
        [35] = "TQ2_0",
        [39] = "MXFP4",
    };

    /// <summary>Whether elements are codes with scales.</summary>
    public bool IsQuantized => ScaledElements > 0;

    /// <summary>The type of a number in a file, or null.</summary>
    public static GgufType? Find(uint id) => All.FirstOrDefault(type => type.Id == id);

    /// <summary>What to call a type that cannot be read.</summary>
    public static string NameOf(uint id) => s_others.TryGetValue(id, out string? name) ? name : $"number {id}";
}
