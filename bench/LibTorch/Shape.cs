namespace LibTorchPeer;

/// <summary>A Llama-style model and the rows of a step: SFT takes <c>Rows</c>, DPO two times <c>Pairs</c>.</summary>
internal sealed record Shape(
    int Vocabulary,
    int Hidden,
    int FeedForward,
    int Layers,
    int Heads,
    int KvHeads,
    int Length,
    int Rows,
    int Pairs
)
{
    /// <summary>Tokens at the start of a row that are no targets in "loss on the response" and DPO.</summary>
    public const int Prompt = 64;

    public static readonly Shape Nano = new(512, 128, 384, 4, 4, 4, Length: 192, Rows: 32, Pairs: 16);
    public static readonly Shape SmolLm2 = new(49152, 576, 1536, 30, 9, 3, Length: 512, Rows: 1, Pairs: 1);

    public int HeadSize => Hidden / Heads;
}
