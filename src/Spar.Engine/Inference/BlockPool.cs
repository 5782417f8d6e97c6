using System.Runtime.InteropServices;

namespace Spar.Engine.Inference;

/// <summary>
/// Keeps account of the blocks of a <see cref="KvCache"/>: who uses them, which tokens they hold, and which may be
/// evicted.
/// <para>
/// A block can be found again by the tokens that it holds and the block before it, so a chain of look-ups finds the
/// longest known prefix of a prompt. Look-ups compare tokens and the identity of the block before, not only hashes. A
/// block that nobody uses stays findable until its memory is needed; the one unused for longest goes first. Not
/// thread-safe: the engine thread owns it.
/// </para>
/// </summary>
internal sealed class BlockPool
{
    /// <summary>Stands for "no block before": the parent of a sequence's first block.</summary>
    public const long Root = -1;

    private const int Size = KvCache.BlockSize;

    private readonly int[] _references;
    private readonly int[] _versions;
    private readonly int[] _tokens;
    private readonly long[] _parents;
    private readonly int[] _known;
    private readonly Dictionary<ulong, int> _index = [];
    private readonly List<ulong>[] _keys;

    // Blocks without users, as a ring through entry Count: next of the ring's head is the first to be evicted.
    private readonly int[] _next;
    private readonly int[] _previous;

    /// <summary>Starts with all blocks free and unknown.</summary>
    /// <param name="blocks">Number of blocks, above 0.</param>
    public BlockPool(int blocks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blocks, 1);
        Count = blocks;
        _references = new int[blocks];
        _versions = new int[blocks];
        _tokens = new int[blocks * Size];
        _parents = new long[blocks];
        _known = new int[blocks];
        _keys = new List<ulong>[blocks];
        Filled = new int[blocks];
        Owner = new long[blocks];
        _next = new int[blocks + 1];
        _previous = new int[blocks + 1];
        _next[blocks] = _previous[blocks] = blocks;
        for (int block = 0; block < blocks; block++)
        {
            _keys[block] = [];
            Link(block, last: true);
        }
    }

    /// <summary>Number of blocks.</summary>
    public int Count { get; }

    /// <summary>Blocks without users: what <see cref="Allocate"/> can give out.</summary>
    public int Available { get; private set; }

    /// <summary>
    /// Per block: positions, from its start, whose keys and values are in memory or in the batch being built.
    /// </summary>
    public int[] Filled { get; }

    /// <summary>
    /// Per block: number of the sequence that may write beyond the tokens under which the block is known; 0 is nobody.
    /// </summary>
    public long[] Owner { get; }

    /// <summary>What a block is called as a parent; changes when the block is given out anew.</summary>
    /// <param name="block">The block.</param>
    public long Identity(int block) => ((long)_versions[block] << 32) | (uint)block;

    /// <summary>Users of a block.</summary>
    /// <param name="block">The block.</param>
    public int References(int block) => _references[block];

    /// <summary>Number of tokens, from its start, that a block is known by; 0 if it cannot be found.</summary>
    /// <param name="block">The block.</param>
    public int Known(int block) => _known[block];

    /// <summary>Takes the block that was unused for longest; what it held is forgotten.</summary>
    /// <param name="owner">Number of the sequence that will write it, above 0.</param>
    /// <returns>The block, or -1 when all are in use.</returns>
    public int Allocate(long owner)
    {
        int block = _next[Count];
        if (block == Count)
        {
            return -1;
        }

        Unlink(block);
        Forget(block);
        _versions[block]++;
        _references[block] = 1;
        Filled[block] = 0;
        Owner[block] = owner;
        return block;
    }

    /// <summary>Adds a user.</summary>
    /// <param name="block">A block that <see cref="Find"/> gave.</param>
    public void Retain(int block)
    {
        if (_references[block]++ == 0)
        {
            Unlink(block);
        }
    }

    /// <summary>
    /// Takes a user away. Release a sequence's blocks last to first: then a prefix outlives what hangs on it.
    /// </summary>
    /// <param name="block">The block.</param>
    /// <param name="owner">The sequence; if it owned the block, nobody does afterwards.</param>
    public void Release(int block, long owner)
    {
        if (Owner[block] == owner)
        {
            Owner[block] = 0;
        }

        if (--_references[block] == 0)
        {
            Link(block, last: _known[block] > 0);
        }
    }

    /// <summary>Looks a block up by its first tokens.</summary>
    /// <param name="parent"><see cref="Identity"/> of the block before it, or <see cref="Root"/>.</param>
    /// <param name="tokens">1 to 16 tokens.</param>
    /// <returns>The block, or -1.</returns>
    public int Find(long parent, ReadOnlySpan<int> tokens)
        => _index.TryGetValue(Hash(parent, tokens), out int block)
            && _parents[block] == parent
            && _known[block] >= tokens.Length
            && tokens.SequenceEqual(_tokens.AsSpan(block * Size, tokens.Length)) ? block : -1;

    /// <summary>
    /// Makes a block findable under its first tokens. Does nothing when another block is known under them already. May
    /// be called a second time with more tokens; the block is then known under both.
    /// </summary>
    /// <param name="block">A block in use.</param>
    /// <param name="parent"><see cref="Identity"/> of the block before it, or <see cref="Root"/>.</param>
    /// <param name="tokens">1 to 16 tokens.</param>
    public void Register(int block, long parent, ReadOnlySpan<int> tokens)
    {
        ulong key = Hash(parent, tokens);
        if (_index.TryAdd(key, block))
        {
            _keys[block].Add(key);
            _parents[block] = parent;
            _known[block] = tokens.Length;
            tokens.CopyTo(_tokens.AsSpan(block * Size));
        }
    }

    /// <summary>
    /// Makes a sequence the owner of a block that it alone uses: from <paramref name="lanes"/> on, what the block held
    /// is forgotten.
    /// </summary>
    /// <param name="block">A block with one user.</param>
    /// <param name="owner">The sequence's number.</param>
    /// <param name="lanes">Tokens to keep, 1 to 16; the block stays findable under them.</param>
    public void TakeOver(int block, long owner, int lanes)
    {
        if (_known[block] > lanes)
        {
            Forget(block);
            Register(block, _parents[block], _tokens.AsSpan(block * Size, lanes));
        }

        Owner[block] = owner;
        Filled[block] = Math.Min(Filled[block], lanes);
    }

    private static ulong Hash(long parent, ReadOnlySpan<int> tokens)
    {
        // FNV-1a over 64-bit words with a final mix.
        ulong hash = (14695981039346656037 ^ (ulong)parent) * 1099511628211;
        foreach (int token in tokens)
        {
            hash = (hash ^ (uint)token) * 1099511628211;
            hash ^= hash >> 29;
        }

        return hash ^ ((ulong)tokens.Length << 56);
    }

    private void Forget(int block)
    {
        foreach (ulong key in CollectionsMarshal.AsSpan(_keys[block]))
        {
            _index.Remove(key);
        }

        _keys[block].Clear();
        _known[block] = 0;
    }

    private void Link(int block, bool last)
    {
        int before = last ? _previous[Count] : Count;
        int after = _next[before];
        _previous[block] = before;
        _next[block] = after;
        _next[before] = block;
        _previous[after] = block;
        Available++;
    }

    private void Unlink(int block)
    {
        _next[_previous[block]] = _next[block];
        _previous[_next[block]] = _previous[block];
        Available--;
    }
}
