namespace Spar.Engine.Inference;

/// <summary>
/// Decides which sequences run and which of their tokens are computed in the next forward pass. Knows the cache's
/// blocks, nothing of arithmetic, sampling or threads; the engine thread owns it.
/// <para>
/// A sequence is admitted when its known tokens find blocks, shared ones included. When a running one needs a further
/// block and none is free, the youngest gives up its blocks and waits; being computed again gives it the same bits.
/// </para>
/// </summary>
internal sealed partial class Scheduler
{
    private const int Size = KvCache.BlockSize;

    private readonly KvCache _cache;
    private readonly int _maxSequences;
    private readonly int _draftRows;
    private readonly Queue<Sequence> _waiting = new();
    private readonly Stack<Sequence> _preempted = new();
    private readonly List<Sequence> _running = [];
    private BlockPool _pool;

    /// <param name="cache">Whose blocks are given out.</param>
    /// <param name="maxSequences">Most sequences that run at once.</param>
    /// <param name="draftRows">
    /// Rows up to which a batch is filled with guessed tokens (<see cref="PromptLookup"/>); 0 guesses none.
    /// </param>
    public Scheduler(KvCache cache, int maxSequences, int draftRows = 0)
    {
        _cache = cache;
        _maxSequences = maxSequences;
        _draftRows = draftRows;
        _pool = new BlockPool(cache.Blocks);
    }

    /// <summary>Sequences that hold blocks, in order of admission.</summary>
    public IReadOnlyList<Sequence> Running => _running;

    /// <summary>Whether there is nothing to do.</summary>
    public bool IsIdle => _running.Count == 0 && _waiting.Count == 0 && _preempted.Count == 0;

    /// <summary>Blocks that no sequence uses.</summary>
    public int AvailableBlocks => _pool.Available;

    /// <summary>Times that a sequence lost its blocks.</summary>
    public int Preemptions { get; private set; }

    public void Add(Sequence sequence) => _waiting.Enqueue(sequence);

    /// <summary>Fills a batch. It may stay empty when every sequence was cancelled.</summary>
    public void Build(ForwardBatch batch)
    {
        batch.Clear();
        for (int i = 0; i < _running.Count; i++)
        {
            while (i < _running.Count && !MakeRoom(_running[i]))
            {
                Sequence youngest = _running[^1];
                _running.RemoveAt(_running.Count - 1);
                ReleaseBlocks(youngest);
                _preempted.Push(youngest);
                Preemptions++;
            }
        }

        while (_running.Count < _maxSequences && NextWaiting() is { } sequence && TryAdmit(sequence))
        {
            _running.Add(sequence);
            _ = _preempted.Count > 0 ? _preempted.Pop() : _waiting.Dequeue();
        }

        Guess();
        for (int i = 0; i < _running.Count; i++)
        {
            // Every sequence after this one keeps room for one row.
            AddRows(_running[i], batch, batch.Capacity - batch.Count - (_running.Count - 1 - i));
        }
    }

    /// <summary>Frees the blocks of the sequences that have ended.</summary>
    public void RemoveEnded(Predicate<Sequence> ended)
    {
        _running.RemoveAll(sequence =>
        {
            if (!ended(sequence))
            {
                return false;
            }

            ReleaseBlocks(sequence);
            return true;
        });
    }

    /// <summary>
    /// Drops all running sequences and forgets what the cache holds, after a pass that failed. Waiting sequences stay.
    /// </summary>
    /// <returns>The dropped ones.</returns>
    public IReadOnlyList<Sequence> Reset()
    {
        Sequence[] dropped = [.. _running];
        _running.Clear();
        _pool = new BlockPool(_cache.Blocks);
        return dropped;
    }

    /// <summary>Drops everything.</summary>
    /// <returns>All sequences, running or not.</returns>
    public IReadOnlyList<Sequence> Clear()
    {
        Sequence[] all = [.. Reset(), .. _preempted, .. _waiting];
        _preempted.Clear();
        _waiting.Clear();
        return all;
    }

    private void RegisterWhole(Sequence sequence, int place)
    {
        int block = sequence.Table[place];
        if (_pool.Owner[block] == sequence.Number && _pool.Known(block) < Size)
        {
            _pool.Register(block, Parent(sequence, place), sequence.Ids.Slice(place * Size, Size));
        }
    }

    private Sequence? NextWaiting()
    {
        while (_preempted.TryPeek(out Sequence? preempted))
        {
            if (!preempted.Job.IsCancelled)
            {
                return preempted;
            }

            _preempted.Pop();
        }

        while (_waiting.TryPeek(out Sequence? waiting))
        {
            if (!waiting.Job.IsCancelled)
            {
                return waiting;
            }

            _waiting.Dequeue();
        }

        return null;
    }

    /// <summary>Finds the longest known prefix and allocates the blocks for the rest of the known tokens.</summary>
    private bool TryAdmit(Sequence sequence)
    {
        ReadOnlySpan<int> ids = sequence.Ids;
        long parent = BlockPool.Root;
        while ((sequence.Blocks + 1) * Size <= ids.Length
            && Share(sequence, parent, ids.Slice(sequence.Blocks * Size, Size)))
        {
            parent = _pool.Identity(sequence.Table[sequence.Blocks - 1]);
        }

        sequence.SharedBlocks = sequence.Blocks;
        int tail = sequence.PromptLength % Size;
        if (sequence.Blocks == sequence.PromptLength / Size && tail > 0
            && Share(sequence, parent, ids.Slice(sequence.Blocks * Size, tail)))
        {
            sequence.TailTokens = tail;
        }

        int needed = ((ids.Length + Size - 1) / Size) - sequence.Blocks;
        if (needed + _running.Count > _pool.Available && (_running.Count > 0 || needed > _pool.Available))
        {
            ReleaseBlocks(sequence);
            return false;
        }

        for (int block = sequence.Blocks; needed > 0; block++, needed--)
        {
            sequence.AddBlock(_pool.Allocate(sequence.Number));
            int start = block * Size;
            if (block == sequence.PromptLength / Size && tail > 0)
            {
                _pool.Register(sequence.Table[block], Parent(sequence, block), ids.Slice(start, tail));
            }

            if (start + Size <= ids.Length)
            {
                _pool.Register(sequence.Table[block], Parent(sequence, block), ids.Slice(start, Size));
            }
        }

        if (sequence.CachedTokens < 0)
        {
            sequence.CachedTokens = Math.Min(
                (sequence.SharedBlocks * Size) + sequence.TailTokens, sequence.PromptLength - 1);
        }

        return true;
    }

    private bool Share(Sequence sequence, long parent, ReadOnlySpan<int> tokens)
    {
        int block = _pool.Find(parent, tokens);
        if (block < 0)
        {
            return false;
        }

        _pool.Retain(block);
        sequence.AddBlock(block);
        return true;
    }

    private long Parent(Sequence sequence, int block) =>
        block == 0 ? BlockPool.Root : _pool.Identity(sequence.Table[block - 1]);

    /// <summary>
    /// Sees to it that the sequence's known tokens have blocks that it may write. False when a block is lacking.
    /// </summary>
    private bool MakeRoom(Sequence sequence)
    {
        if (sequence.TailTokens > 0 && sequence.Count > (sequence.SharedBlocks * Size) + sequence.TailTokens
            && !MakeTailOwn(sequence))
        {
            return false;
        }

        while (sequence.Blocks * Size < sequence.Count)
        {
            int block = _pool.Allocate(sequence.Number);
            if (block < 0)
            {
                return false;
            }

            sequence.AddBlock(block);
        }

        return true;
    }

    /// <summary>Copies a tail block that others use too, as soon as the shared tokens are all in it.</summary>
    private bool MakeTailOwn(Sequence sequence)
    {
        int shared = sequence.Table[sequence.SharedBlocks];
        if (_pool.References(shared) == 1)
        {
            _pool.TakeOver(shared, sequence.Number, sequence.TailTokens);
        }
        else if (_pool.Filled[shared] >= sequence.TailTokens)
        {
            int own = _pool.Allocate(sequence.Number);
            if (own < 0)
            {
                return false;
            }

            _cache.Copy(shared, own);
            _pool.Filled[own] = sequence.TailTokens;
            _pool.Release(shared, sequence.Number);
            sequence.Table[sequence.SharedBlocks] = own;
        }
        else
        {
            return true;
        }

        sequence.TailTokens = 0;
        return true;
    }

    /// <summary>
    /// Adds the tokens that are not in the cache yet, and those whose logits are needed, up to a number of rows.
    /// </summary>
    private void AddRows(Sequence sequence, ForwardBatch batch, int budget)
    {
        int firstLogit = sequence.FirstLogit;
        int sharedEnd = (sequence.SharedBlocks * Size) + sequence.TailTokens;
        sequence.LogitCount = 0;
        for (; sequence.Next < sequence.Count && budget > 0; sequence.Next++)
        {
            int position = sequence.Next;
            int block = sequence.Table[position / Size];
            int lane = position % Size;
            if (sequence.TailTokens > 0 && position >= sharedEnd)
            {
                return; // the tail block is shared still: it is copied before the next batch
            }

            if (lane < _pool.Filled[block] && position < firstLogit)
            {
                continue;
            }

            int number = batch.Add(sequence.Ids[position], position, sequence.Table, position >= firstLogit);
            if (number >= 0 && sequence.LogitCount++ == 0)
            {
                sequence.LogitStart = number;
            }

            _pool.Filled[block] = Math.Max(_pool.Filled[block], lane + 1);
            if (lane == Size - 1)
            {
                RegisterWhole(sequence, position / Size);
            }

            budget--;
        }

        if (sequence.DraftCount > budget)
        {
            sequence.DropDraft();
        }

        sequence.DraftStart = sequence.Count;
        for (int i = 0; i < sequence.DraftCount; i++)
        {
            batch.Add(sequence.Draft[i], sequence.Count + i, sequence.Table, needsLogits: true);
            sequence.LogitCount++;
        }
    }

    private void ReleaseBlocks(Sequence sequence)
    {
        for (int i = sequence.Blocks - 1; i >= 0; i--)
        {
            _pool.Release(sequence.Table[i], sequence.Number);
        }

        sequence.ClearBlocks();
    }
}
