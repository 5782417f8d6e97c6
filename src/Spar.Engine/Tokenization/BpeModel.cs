using System.Collections.Concurrent;
using System.Text;
using Spar.Engine.Files;

namespace Spar.Engine.Tokenization;

/// <summary>A token with the number of UTF-8 bytes of the piece that it covers.</summary>
internal readonly record struct BpeToken(int Id, int Bytes);

/// <summary>
/// Byte-pair encoding: a piece begins as one symbol per byte (byte-level) or per character (sentencepiece style, with a
/// fallback to byte tokens), and the neighbouring pair with the lowest rank, leftmost first, is joined until no pair
/// has a rank. Source: Sennrich et al., arXiv 1508.07909. Thread-safe.
/// </summary>
internal sealed class BpeModel
{
    // Pieces worth remembering are words; the bound keeps a stream of random text from filling memory.
    private const int MaxCached = 1 << 16;
    private const int MaxCachedLength = 48;

    private readonly bool _byteLevel;
    private readonly bool _ignoreMerges;
    private readonly bool _fuseUnknown;
    private readonly int _unknownId;
    private readonly bool _byteFallback;
    private readonly int[] _byteIds = new int[256];
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _idsBySpan;
    private readonly Dictionary<long, (int Rank, int Id)> _merges;
    private ConcurrentDictionary<string, BpeToken[]> _cache = new(StringComparer.Ordinal);
    private int _cached;

    [ThreadStatic]
    private static Workspace? s_workspace;

    private BpeModel(JsonFile model, bool byteLevel)
    {
        _byteLevel = byteLevel;
        _ids = ReadVocab(model["vocab"]);
        _idsBySpan = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        _merges = ReadMerges(model["merges"], _ids);
        _ignoreMerges = Flag(model["ignore_merges"]);
        _fuseUnknown = Flag(model["fuse_unk"]);
        JsonFile unknown = model["unk_token"];
        _unknownId = unknown.IsNull ? -1
            : _ids.TryGetValue(unknown.Text(), out int id) ? id
            : throw unknown.Fault("must be in the vocabulary");
        for (int value = 0; value < 256; value++)
        {
            _byteIds[value] = byteLevel
                ? _ids.GetValueOrDefault(ByteLevelAlphabet.ToChar((byte)value).ToString(), -1)
                : _ids.GetValueOrDefault(ByteToken(value), -1);
        }

        _byteFallback = Flag(model["byte_fallback"]);
    }

    /// <summary>Ids by token, without added tokens.</summary>
    public IReadOnlyDictionary<string, int> Vocab => _ids;

    /// <summary>Reads the <c>model</c> section.</summary>
    /// <exception cref="EngineException">
    /// Another kind of model, an unsupported setting, or merges that contradict the vocabulary.
    /// </exception>
    public static BpeModel Read(JsonFile model, bool byteLevel)
    {
        JsonFile type = model["type"];
        if (type.IsNull ? model["merges"].IsNull : type.Text() != "BPE")
        {
            throw type.Fault("must be BPE (other tokenizer models are not supported)");
        }

        foreach (string key in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
        {
            if (!model[key].IsNull && model[key].Text().Length > 0)
            {
                throw model[key].Fault("is not supported");
            }
        }

        if (!model["dropout"].IsNull && model["dropout"].Number() != 0)
        {
            throw model["dropout"].Fault("must be null or 0 (random tokenization is not supported)");
        }

        return new BpeModel(model, byteLevel);
    }

    /// <summary>The token that stands for one byte in a sentencepiece-style vocabulary.</summary>
    public static string ByteToken(int value) => $"<0x{value:X2}>";

    /// <summary>Encodes one piece, adding its tokens to <paramref name="output"/>.</summary>
    public void Encode(ReadOnlySpan<char> piece, List<BpeToken> output)
    {
        if (piece.Length > MaxCachedLength)
        {
            output.AddRange(Merge(piece));
            return;
        }

        ConcurrentDictionary<string, BpeToken[]> current = _cache;
        if (!current.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(piece, out BpeToken[]? tokens))
        {
            tokens = Merge(piece).ToArray();
            if (Interlocked.Increment(ref _cached) > MaxCached)
            {
                _cache = current = new(StringComparer.Ordinal);
                Interlocked.Exchange(ref _cached, 1);
            }

            current.TryAdd(piece.ToString(), tokens);
        }

        output.AddRange(tokens);
    }

    private ReadOnlySpan<BpeToken> Merge(ReadOnlySpan<char> piece)
    {
        Workspace work = s_workspace ??= new();
        work.Reset(Encoding.UTF8.GetMaxByteCount(piece.Length));
        if (_byteLevel)
        {
            AddBytes(piece, work);
        }
        else
        {
            AddCharacters(piece, work);
        }

        if (_ignoreMerges && work.Whole is { } whole)
        {
            work.Count = 1;
            work.Symbols[0] = new BpeToken(whole, Encoding.UTF8.GetByteCount(piece));
        }
        else
        {
            work.Merge(_merges);
        }

        return work.Symbols.AsSpan(0, work.Count);
    }

    private void AddBytes(ReadOnlySpan<char> piece, Workspace work)
    {
        Span<byte> bytes = work.Bytes.AsSpan(0, Encoding.UTF8.GetBytes(piece, work.Bytes));
        foreach (byte value in bytes)
        {
            if (_byteIds[value] >= 0 || _unknownId >= 0)
            {
                work.Symbols[work.Count++] = new BpeToken(_byteIds[value] >= 0 ? _byteIds[value] : _unknownId, 1);
            }
        }

        if (_ignoreMerges)
        {
            Span<char> spelled = bytes.Length <= 256 ? stackalloc char[bytes.Length] : new char[bytes.Length];
            for (int i = 0; i < bytes.Length; i++)
            {
                spelled[i] = ByteLevelAlphabet.ToChar(bytes[i]);
            }

            work.Whole = _idsBySpan.TryGetValue(spelled, out int id) ? id : null;
        }
    }

    private void AddCharacters(ReadOnlySpan<char> piece, Workspace work)
    {
        Span<byte> utf8 = stackalloc byte[4];
        bool afterUnknown = false;
        for (int i = 0; i < piece.Length;)
        {
            Rune.DecodeFromUtf16(piece[i..], out Rune rune, out int units);
            Span<byte> bytes = utf8[..rune.EncodeToUtf8(utf8)];
            if (_idsBySpan.TryGetValue(piece.Slice(i, units), out int id))
            {
                work.Symbols[work.Count++] = new BpeToken(id, bytes.Length);
                afterUnknown = false;
            }
            else if (_byteFallback && AllKnown(bytes))
            {
                foreach (byte value in bytes)
                {
                    work.Symbols[work.Count++] = new BpeToken(_byteIds[value], 1);
                }

                afterUnknown = false;
            }
            else if (_unknownId >= 0)
            {
                if (afterUnknown && _fuseUnknown)
                {
                    work.Symbols[work.Count - 1] = new BpeToken(
                        _unknownId, work.Symbols[work.Count - 1].Bytes + bytes.Length);
                }
                else
                {
                    work.Symbols[work.Count++] = new BpeToken(_unknownId, bytes.Length);
                }

                afterUnknown = true;
            }

            i += units;
        }

        if (_ignoreMerges)
        {
            work.Whole = _idsBySpan.TryGetValue(piece, out int id) ? id : null;
        }
    }

    private bool AllKnown(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            if (_byteIds[value] < 0)
            {
                return false;
            }
        }

        return true;
    }

    private static bool Flag(JsonFile json) => !json.IsNull && json.Bool();

    private static Dictionary<string, int> ReadVocab(JsonFile json)
    {
        Dictionary<string, int> vocab = new(StringComparer.Ordinal);
        foreach ((string token, JsonFile id) in json.Properties())
        {
            vocab.Add(token, id.Int());
        }

        return vocab;
    }

    // Merges come as "a b" strings or as ["a", "b"] pairs; the place in the list is the rank.
    private static Dictionary<long, (int Rank, int Id)> ReadMerges(JsonFile json, Dictionary<string, int> vocab)
    {
        Dictionary<long, (int, int)> merges = [];
        foreach (JsonFile merge in json.Items())
        {
            string[] pair = merge.Element.ValueKind == System.Text.Json.JsonValueKind.Array
                ? [.. merge.Items().Select(part => part.Text())]
                : merge.Text().Split(' ');
            if (pair.Length != 2 || !vocab.TryGetValue(pair[0], out int left)
                || !vocab.TryGetValue(pair[1], out int right)
                || !vocab.TryGetValue(pair[0] + pair[1], out int joined))
            {
                throw merge.Fault("must name two tokens of the vocabulary whose concatenation is in it too");
            }

            merges.TryAdd(Pair(left, right), (merges.Count, joined));
        }

        return merges;
    }

    private static long Pair(int left, int right) => (long)left << 32 | (uint)right;

    /// <summary>
    /// One thread's scratch space: the symbols of a piece as a linked list, and the queue of pairs that may be joined.
    /// </summary>
    private sealed class Workspace
    {
        private readonly PriorityQueue<(int At, int Left, int Right), long> _queue = new();
        private int[] _next = [];
        private int[] _previous = [];

        public BpeToken[] Symbols { get; private set; } = [];

        public byte[] Bytes { get; private set; } = [];

        public int Count { get; set; }

        public int? Whole { get; set; }

        public void Reset(int capacity)
        {
            if (Symbols.Length < capacity)
            {
                Symbols = new BpeToken[capacity];
                Bytes = new byte[capacity];
                _next = new int[capacity];
                _previous = new int[capacity];
            }

            Count = 0;
            Whole = null;
        }

        public void Merge(Dictionary<long, (int Rank, int Id)> merges)
        {
            _queue.Clear();
            for (int i = 0; i < Count; i++)
            {
                (_next[i], _previous[i]) = (i + 1, i - 1);
                if (i > 0)
                {
                    Offer(i - 1, i, merges);
                }
            }

            while (_queue.TryDequeue(out (int At, int Left, int Right) pair, out _))
            {
                // Symbols that were joined since have another id, or 0 bytes when they were swallowed.
                int right = _next[pair.At];
                if (right >= Count || Symbols[pair.At].Id != pair.Left || Symbols[right].Id != pair.Right
                    || Symbols[pair.At].Bytes == 0)
                {
                    continue;
                }

                Symbols[pair.At] = new BpeToken(
                    merges[Pair(pair.Left, pair.Right)].Id, Symbols[pair.At].Bytes + Symbols[right].Bytes);
                Symbols[right] = default;
                _next[pair.At] = _next[right];
                if (_next[right] < Count)
                {
                    _previous[_next[right]] = pair.At;
                    Offer(pair.At, _next[right], merges);
                }

                if (_previous[pair.At] >= 0)
                {
                    Offer(_previous[pair.At], pair.At, merges);
                }
            }

            int count = 0;
            for (int i = 0; i < Count; i = _next[i])
            {
                Symbols[count++] = Symbols[i];
            }

            Count = count;
        }

        private void Offer(int at, int right, Dictionary<long, (int Rank, int Id)> merges)
        {
            if (merges.TryGetValue(Pair(Symbols[at].Id, Symbols[right].Id), out (int Rank, int Id) merge))
            {
                _queue.Enqueue((at, Symbols[at].Id, Symbols[right].Id), (long)merge.Rank << 32 | (uint)at);
            }
        }
    }
}
