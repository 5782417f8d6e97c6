namespace Spar.Engine.Inference;

/// <summary>
/// The rows of one forward pass: any mix of prompt tokens and generated ones, of any sequences. Filled anew for every
/// pass; holds no state beyond that.
/// </summary>
/// <param name="capacity">Most rows that it can hold, above 0.</param>
internal sealed class ForwardBatch(int capacity)
{
    /// <summary>Token of each row, [<see cref="Count"/>].</summary>
    public int[] Tokens { get; } = new int[capacity];

    /// <summary>Position of each row's token in its sequence.</summary>
    public int[] Positions { get; } = new int[capacity];

    /// <summary>
    /// Blocks of each row's sequence: entry p / 16 holds position p. Rows of one sequence share the array.
    /// </summary>
    public int[][] Tables { get; } = new int[capacity][];

    /// <summary>The rows whose logits are needed, [<see cref="LogitCount"/>].</summary>
    public int[] LogitRows { get; } = new int[capacity];

    /// <summary>Most rows.</summary>
    public int Capacity { get; } = capacity;

    /// <summary>Rows in use.</summary>
    public int Count { get; private set; }

    /// <summary>Rows whose logits are needed.</summary>
    public int LogitCount { get; private set; }

    /// <summary>Forgets all rows.</summary>
    public void Clear()
    {
        Array.Clear(Tables, 0, Count);
        Count = 0;
        LogitCount = 0;
    }

    /// <summary>
    /// Adds a row. Every earlier position of its sequence must be in the cache already, or be a row of this batch.
    /// </summary>
    /// <param name="token">The token id.</param>
    /// <param name="position">Its position, from 0.</param>
    /// <param name="table">Blocks of its sequence, covering the position.</param>
    /// <param name="needsLogits">Whether the next token's logits are needed.</param>
    /// <returns>The number of its row of logits, or -1 if they are not needed.</returns>
    public int Add(int token, int position, int[] table, bool needsLogits)
    {
        int row = Count++;
        Tokens[row] = token;
        Positions[row] = position;
        Tables[row] = table;
        if (!needsLogits)
        {
            return -1;
        }

        LogitRows[LogitCount] = row;
        return LogitCount++;
    }
}
