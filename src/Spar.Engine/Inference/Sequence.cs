namespace Spar.Engine.Inference;

/// <summary>
/// A sequence in the engine: its tokens, and the blocks that hold their keys and values. A generated token is appended
/// to the ids and is then no different from a prompt's: whatever is not in the cache yet is computed. That is why a
/// sequence can lose its blocks and come back.
/// </summary>
/// <param name="number">Unique, above 0.</param>
/// <param name="ids">Prompt; for scoring, prompt and continuation.</param>
/// <param name="promptLength">Prompt tokens.</param>
/// <param name="job">What is to be done with its logits.</param>
internal sealed class Sequence(long number, int[] ids, int promptLength, SequenceJob job)
{
    private int[] _ids = ids;

    /// <summary>Most tokens that are guessed ahead at once.</summary>
    public const int MostDraft = 15;

    private readonly int[] _draft = new int[MostDraft];

    public long Number { get; } = number;

    public SequenceJob Job { get; } = job;

    public int PromptLength { get; } = promptLength;

    /// <summary>Tokens to compute, from the start; all of them are known.</summary>
    public int Count { get; private set; } = ids.Length;

    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    /// <summary>Blocks in order of position; the first <see cref="Blocks"/> are in use.</summary>
    public int[] Table { get; private set; } = new int[(ids.Length / KvCache.BlockSize) + 2];

    public int Blocks { get; private set; }

    /// <summary>Position to look at next: every one before it is in the cache, or was when it was passed.</summary>
    public int Next { get; set; }

    /// <summary>
    /// Blocks at the start of the table that were found complete; nothing is ever written to them but what they hold.
    /// </summary>
    public int SharedBlocks { get; set; }

    /// <summary>
    /// Tokens of the block after these that was found by a prompt's last tokens; 0 if there is none, or it is the
    /// sequence's own by now.
    /// </summary>
    public int TailTokens { get; set; }

    /// <summary>Prompt tokens that were found when the sequence was first admitted; -1 before.</summary>
    public int CachedTokens { get; set; } = -1;

    /// <summary>Number of the first row of logits in the current batch, and how many there are.</summary>
    public int LogitStart { get; set; }

    /// <inheritdoc cref="LogitStart"/>
    public int LogitCount { get; set; }

    /// <summary>Tokens behind the known ones that the current batch tries out; none of them is the sequence's yet.</summary>
    public ReadOnlySpan<int> Draft => _draft.AsSpan(0, DraftCount);

    /// <summary>How many tokens are tried out.</summary>
    public int DraftCount { get; private set; }

    /// <summary>Position of the first of them.</summary>
    public int DraftStart { get; set; }

    /// <summary>How many may be tried out at once: more after guesses that were right, fewer after wrong ones.</summary>
    public int DraftLimit { get; private set; } = 4;

    /// <summary>First position whose logits are needed.</summary>
    public int FirstLogit => Job.ScoresPrompt ? PromptLength - 1 : Count - 1;

    /// <summary>Guesses the tokens that come next.</summary>
    /// <param name="most">Most tokens to guess, 0 or more.</param>
    public void Guess(int most) =>
        DraftCount = PromptLookup.Guess(Ids, _draft.AsSpan(0, Math.Min(most, Math.Min(DraftLimit, MostDraft))));

    /// <summary>Forgets the guess.</summary>
    public void DropDraft() => DraftCount = 0;

    /// <summary>Learns from a guess how far to guess the next time.</summary>
    /// <param name="right">Tokens of the guess that were right.</param>
    public void Judge(int right) =>
        DraftLimit = right == DraftCount ? Math.Min(MostDraft, 2 * DraftLimit) : Math.Max(1, Math.Max(right, DraftLimit / 2));

    public void Append(int id)
    {
        if (Count == _ids.Length)
        {
            Array.Resize(ref _ids, Count + 64);
        }

        _ids[Count++] = id;
    }

    public void AddBlock(int block)
    {
        if (Blocks == Table.Length)
        {
            // A new array: rows of a batch may hold the old one.
            int[] table = new int[2 * Blocks];
            Table.CopyTo(table, 0);
            Table = table;
        }

        Table[Blocks++] = block;
    }

    public void ClearBlocks()
    {
        Blocks = 0;
        Next = 0;
        SharedBlocks = 0;
        TailTokens = 0;
    }
}

/// <summary>What is done with a sequence's logits.</summary>
internal abstract class SequenceJob
{
    /// <summary>
    /// Whether logits are needed from the prompt's last token on, rather than of the last token only.
    /// </summary>
    public abstract bool ScoresPrompt { get; }

    /// <summary>The caller gave up.</summary>
    public abstract bool IsCancelled { get; }

    /// <summary>Most tokens that may still be drawn.</summary>
    public abstract int TokensLeft(Sequence sequence);

    /// <summary>
    /// Takes one row of logits. Runs on any thread of the engine, for one row of a sequence at a time and in order. Rows
    /// behind a guess that was wrong are not taken.
    /// </summary>
    /// <returns>Whether the sequence has ended.</returns>
    public abstract bool Take(Sequence sequence, ReadOnlySpan<float> logits, Sampling.Sampler sampler);

    /// <summary>Hands the result over.</summary>
    public abstract void Complete(Sequence sequence);

    /// <summary>Hands a fault over instead.</summary>
    public abstract void Fail(Exception fault);
}
