using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Inference;

/// <summary>
/// Size of the generation engine, and the date that chat templates see. Nothing but <see cref="DType"/>
/// and <see cref="RoundActivations"/> changes what is generated, only how fast.
/// </summary>
public sealed record EngineOptions
{
    private const long LeastCacheBytes = 512L << 20;
    private const long MostCacheBytes = 8L << 30;

    /// <summary>Threads that compute, at least 1; null takes one a processor.</summary>
    public int? Threads { get; init; }

    /// <summary>The date that chat templates see; null takes <see cref="Chat.ChatTemplate.DefaultDate"/>.</summary>
    public DateOnly? TemplateDate { get; init; }

    /// <summary>Most requests that are computed at the same time, at least 1; further ones wait their turn.</summary>
    public int MaxSequences { get; init; } = 256;

    /// <summary>
    /// Tokens whose keys and values are kept, rounded up to blocks of 16; null takes what <see cref="MaxSequences"/>
    /// sequences of the model's full length need, at most an eighth of the memory that the process may use (but 512 MiB
    /// in any case and 8 GiB at most), and no less than one such sequence; memory is taken as it is needed. One request
    /// cannot be longer than this.
    /// </summary>
    public int? CacheTokens { get; init; }

    /// <summary>
    /// Rows up to which a pass with few sequences is filled with tokens that are guessed ahead, out of what the
    /// sequences hold already (<see cref="PromptLookup"/>): texts that repeat their prompts come several times as fast,
    /// with the same bits. 0 guesses none.
    /// </summary>
    public int DraftRows { get; init; } = 16;

    /// <summary>
    /// Whether activations are rounded to 8 bits, 32 at a time with a scale of their own, before they meet a quantised
    /// weight. Products are then about twice as fast; logits move
    /// by some tenths, which can change the more likely of two tokens. Models without quantised weights are not
    /// affected.
    /// </summary>
    public bool RoundActivations { get; init; }

    /// <summary>
    /// What the products of linear layers multiply: float32, which takes weights as they are, or bfloat16, to which
    /// weights (quantised ones too) and activations are then rounded, with float32 sums: several times as fast where
    /// the processor has AMX and many sequences are computed at the same time.
    /// </summary>
    public DType DType { get; init; } = DType.Float32;

    /// <summary>What the two settings say together.</summary>
    /// <exception cref="EngineException">They contradict each other, or the type is not one for products.</exception>
    internal Arithmetic Arithmetic => (DType, RoundActivations) switch
    {
        (DType.Float32, false) => Arithmetic.Exact,
        (DType.Float32, true) => Arithmetic.Rounded,
        (DType.BFloat16, false) => Arithmetic.BFloat16,
        (DType.BFloat16, true) => throw new EngineException(
            "Activations are rounded to 8 bits or to bfloat16, not both: choose one."),
        _ => throw new EngineException($"Products are computed in float32 or bfloat16, not in {DType}."),
    };

    /// <summary>The number of blocks of a model's cache.</summary>
    /// <param name="config">The model.</param>
    /// <exception cref="EngineException">A setting is out of range.</exception>
    internal int CacheBlocks(ModelConfig config)
    {
        Require(Threads is null or >= 1, nameof(Threads), Threads ?? 0);
        Require(MaxSequences >= 1, nameof(MaxSequences), MaxSequences);
        Require(DraftRows >= 0, nameof(DraftRows), DraftRows, 0);
        Require(CacheTokens is null or >= KvCache.BlockSize, nameof(CacheTokens), CacheTokens ?? 0, KvCache.BlockSize);
        long longest = config.MaxPositions;
        long bytes = Math.Clamp(
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 8, LeastCacheBytes, MostCacheBytes);
        long tokens = CacheTokens ?? Math.Max(
            longest, Math.Min(longest * MaxSequences, bytes / KvCache.BytesPerToken(config)));
        return checked((int)((tokens + KvCache.BlockSize - 1) / KvCache.BlockSize));
    }

    private static void Require(bool holds, string name, int value, int least = 1)
    {
        if (!holds)
        {
            throw new EngineException($"Engine option {name} is {value}; it must be at least {least}.");
        }
    }
}
