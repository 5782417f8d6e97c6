using System.Text;
using Spar.Engine.Files;
using Spar.Engine.Models;
using Spar.Ground;

namespace Spar.Engine.Tokenization;

/// <summary>
/// Text to token ids and back, as a <c>tokenizer.json</c> says: byte-level BPE (GPT-2, Llama 3, Qwen2, GLM-4) and
/// sentencepiece-style BPE with byte fallback (Llama 2, Mistral). Gives the same ids as the reference implementation.
/// Thread-safe.
/// </summary>
public sealed class Tokenizer
{
    // An id beyond this is a broken file; tables are as long as the largest id.
    private const int MaxId = 1 << 22;

    private readonly string _source;
    private readonly byte[] _json;
    private readonly BpeModel _model;
    private readonly Normalizer _normalizer;
    private readonly PreTokenizer _preTokenizer;
    private readonly AddedTokenMatcher _rawTokens;
    private readonly AddedTokenMatcher _normalizedTokens;
    private readonly Dictionary<string, int> _addedIds = new(StringComparer.Ordinal);
    private readonly string?[] _tokens;
    private readonly (byte[] Bytes, bool IsByteToken, bool Special)[] _decoded;
    private readonly int[] _before;
    private readonly int[] _after;

    private Tokenizer(string source, byte[] json, TokenizerConfig config)
    {
        _source = source;
        _json = json;
        Config = config;
        JsonFile file = JsonFile.Parse(source, json);
        _normalizer = Normalizer.Read(file["normalizer"]);
        _preTokenizer = PreTokenizer.Read(file["pre_tokenizer"]);
        Decoder = TokenDecoder.Read(file["decoder"]);
        _model = BpeModel.Read(file["model"], _preTokenizer.ByteLevel);
        AddedToken[] added = AddedToken.ReadAll(file["added_tokens"]);
        _rawTokens = new AddedTokenMatcher(added.Where(token => !token.Normalized), token => token.Content);
        _normalizedTokens = new AddedTokenMatcher(added.Where(token => token.Normalized), token =>
        {
            int[]? origin = null;
            return _normalizer.Apply(token.Content, ref origin);
        });

        foreach (AddedToken token in added)
        {
            _addedIds[token.Content] = token.Id;
        }

        _tokens = BuildTokens(file, added);
        _decoded = new (byte[], bool, bool)[_tokens.Length];
        for (int id = 0; id < _tokens.Length; id++)
        {
            (byte[] bytes, bool isByteToken) = _tokens[id] is { } token ? Decoder.Decode(token) : ([], false);
            _decoded[id] = (bytes, isByteToken, false);
        }

        foreach (AddedToken token in added)
        {
            _decoded[token.Id].Special = token.Special;
        }

        (_before, _after) = ReadTemplate(file["post_processor"]);
    }

    /// <summary>Number of ids: the largest id of the vocabulary and the added tokens, plus one.</summary>
    public int VocabSize => _tokens.Length;

    /// <summary>
    /// The parts that tokens play, and the chat template; all null when the tokenizer came without
    /// <c>tokenizer_config.json</c>.
    /// </summary>
    public TokenizerConfig Config { get; private set; }

    internal TokenDecoder Decoder { get; }

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="pathOrDirectory">
    /// A <c>tokenizer.json</c>, or a folder with one; <c>tokenizer_config.json</c> and <c>chat_template.jinja</c>
    /// beside it are read too.
    /// </param>
    /// <exception cref="EngineException">
    /// A file is missing or broken, or uses a feature that is not supported; names file and key.
    /// </exception>
    public static Tokenizer Load(string pathOrDirectory)
    {
        string path = Directory.Exists(pathOrDirectory)
            ? Path.Combine(pathOrDirectory, "tokenizer.json")
            : pathOrDirectory;
        try
        {
            byte[] json = File.ReadAllBytes(path);
            return new Tokenizer(path, json, TokenizerConfig.Load(Path.GetDirectoryName(Path.GetFullPath(path))!));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            bool missing = e is FileNotFoundException or DirectoryNotFoundException;
            throw new EngineException($"Cannot read '{path}': {(missing ? "there is no such file." : e.Message)}", e);
        }
    }

    /// <summary>Makes a tokenizer from the content of a <c>tokenizer.json</c>.</summary>
    /// <param name="json">UTF-8 JSON.</param>
    /// <param name="name">What faults call it.</param>
    /// <param name="config">The parts that tokens play, or null for none.</param>
    /// <exception cref="EngineException">The content is broken or uses a feature that is not supported.</exception>
    public static Tokenizer Parse(byte[] json, string name, TokenizerConfig? config = null) =>
        new(name, json, config ?? new TokenizerConfig());

    /// <summary>The same tokenizer with other parts or another chat template.</summary>
    public Tokenizer WithConfig(TokenizerConfig config)
    {
        Tokenizer copy = (Tokenizer)MemberwiseClone();
        copy.Config = config;
        return copy;
    }

    /// <summary>
    /// Writes <c>tokenizer.json</c> and <c>tokenizer_config.json</c> (with the chat template) into a folder.
    /// </summary>
    /// <param name="directory">The folder; made if need be.</param>
    /// <exception cref="UserFaultException">The folder cannot be written.</exception>
    public void Save(string directory)
    {
        AtomicFile.Write(Path.Combine(directory, "tokenizer.json"), stream => stream.Write(_json));
        Config.Save(Path.Combine(directory, "tokenizer_config.json"));
    }

    /// <summary>Encodes text. Added tokens written in it are recognised.</summary>
    /// <param name="text">The text; half a surrogate pair counts as U+FFFD.</param>
    /// <param name="addSpecialTokens">
    /// True to put the begin (and end) tokens of the tokenizer's template around it.
    /// </param>
    public int[] Encode(string text, bool addSpecialTokens = false)
    {
        List<BpeToken> output = new(text.Length / 2 + 4);
        foreach ((Piece piece, int? id) in Segments(WellFormed(text), origin: null))
        {
            EncodeSegment(piece, id, output);
        }

        int[] begin = addSpecialTokens ? _before : [];
        int[] end = addSpecialTokens ? _after : [];
        int[] ids = new int[begin.Length + output.Count + end.Length];
        begin.CopyTo(ids, 0);
        for (int i = 0; i < output.Count; i++)
        {
            ids[begin.Length + i] = output[i].Id;
        }

        end.CopyTo(ids, begin.Length + output.Count);
        return ids;
    }

    /// <summary>Encodes text without special tokens around it, and tells where each token comes from.</summary>
    /// <param name="text">The text.</param>
    /// <returns>
    /// For each token its id and the range [Start, End) of <paramref name="text"/> in Unicode code points; parts of one
    /// character share its range.
    /// </returns>
    public IReadOnlyList<(int Id, int Start, int End)> EncodeWithOffsets(string text)
    {
        text = WellFormed(text);
        int[] codePoints = new int[text.Length + 1];
        for (int i = 0; i < text.Length; i++)
        {
            codePoints[i + 1] = codePoints[i] + (char.IsHighSurrogate(text[i]) ? 0 : 1);
        }

        List<(int, int, int)> result = [];
        List<BpeToken> output = [];
        foreach ((Piece piece, int? id) in Segments(text, [.. Enumerable.Range(0, text.Length)]))
        {
            foreach (Piece part in id is null ? _preTokenizer.Split(piece) : [piece])
            {
                output.Clear();
                if (id is int added)
                {
                    output.Add(new BpeToken(added, Encoding.UTF8.GetByteCount(part.Span)));
                }
                else
                {
                    _model.Encode(part.Span, output);
                }

                // unitOfByte[b] is the UTF-16 unit of the piece whose character holds byte b.
                List<int> unitOfByte = [];
                for (int i = 0; i < part.Length;)
                {
                    Rune.DecodeFromUtf16(part.Span[i..], out Rune rune, out int units);
                    unitOfByte.AddRange(Enumerable.Repeat(i, rune.Utf8SequenceLength));
                    i += units;
                }

                int at = 0;
                foreach (BpeToken token in output)
                {
                    int first = part.Origin![part.Start + unitOfByte[at]];
                    int last = part.Origin[part.Start + unitOfByte[at + token.Bytes - 1]];
                    result.Add((token.Id, codePoints[first], codePoints[last] + 1));
                    at += token.Bytes;
                }
            }
        }

        return result;
    }

    /// <summary>Decodes ids; bytes that form no character become U+FFFD.</summary>
    /// <param name="ids">Token ids; ids that the vocabulary lacks stand for no text.</param>
    /// <param name="skipSpecialTokens">True to leave special tokens out.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        StreamingDecoder decoder = new(this, skipSpecialTokens);
        foreach (int id in ids)
        {
            decoder.Add(id);
        }

        return decoder.Flush();
    }

    /// <summary>The id of a token as the vocabulary spells it, or null.</summary>
    public int? TokenToId(string token) =>
        _addedIds.TryGetValue(token, out int id) || _model.Vocab.TryGetValue(token, out id) ? id : null;

    /// <summary>The token of an id as the vocabulary spells it, or null.</summary>
    public string? IdToToken(int id) => (uint)id < (uint)_tokens.Length ? _tokens[id] : null;

    /// <summary>
    /// Checks that a model can take every id of this tokenizer. A model may have more ids than the tokenizer (padding).
    /// </summary>
    /// <exception cref="EngineException">The tokenizer has ids that the model lacks.</exception>
    public void CheckFits(ModelConfig config)
    {
        if (VocabSize > config.VocabSize)
        {
            throw new EngineException(
                $"The tokenizer '{_source}' has ids up to {VocabSize - 1}, but the {config.ModelType} model has a "
                + $"vocab_size of {config.VocabSize}. Use the tokenizer that came with the model.");
        }
    }

    /// <summary>The pieces of a text within which BPE merges; added tokens are left out.</summary>
    internal IEnumerable<Piece> Pieces(string text) =>
        Segments(WellFormed(text), origin: null).Where(segment => segment.Id is null)
            .SelectMany(segment => _preTokenizer.Split(segment.Piece));

    internal bool TryGetDecoded(int id, out byte[] bytes, out bool isByteToken, out bool special)
    {
        bool known = (uint)id < (uint)_decoded.Length && _tokens[id] is not null;
        (bytes, isByteToken, special) = known ? _decoded[id] : ([], false, false);
        return known;
    }

    // Cuts text at the added tokens: first those to be found in the text as given, then, normalised, the others.
    private List<(Piece Piece, int? Id)> Segments(string text, int[]? origin)
    {
        List<(Piece Piece, int? Id)> raw = [];
        _rawTokens.Split(new Piece(text, 0, text.Length, origin, AtSourceStart: true), raw);
        List<(Piece, int?)> segments = new(raw.Count);
        foreach ((Piece piece, int? id) in raw)
        {
            if (id is not null)
            {
                segments.Add((piece, id));
                continue;
            }

            int[]? pieceOrigin = origin is null ? null : [.. origin.AsSpan(piece.Start, piece.Length)];
            string normalized = _normalizer.Apply(
                piece.Length == text.Length ? text : piece.Span.ToString(), ref pieceOrigin);
            _normalizedTokens.Split(
                new Piece(normalized, 0, normalized.Length, pieceOrigin, piece.AtSourceStart), segments);
        }

        return segments;
    }

    private void EncodeSegment(Piece piece, int? id, List<BpeToken> output)
    {
        if (id is int added)
        {
            output.Add(new BpeToken(added, 0));
            return;
        }

        foreach (Piece part in _preTokenizer.Split(piece))
        {
            _model.Encode(part.Span, output);
        }
    }

    private string?[] BuildTokens(JsonFile file, AddedToken[] added)
    {
        int largest = _model.Vocab.Values.Concat(added.Select(token => token.Id)).DefaultIfEmpty(-1).Max();
        if (largest is < 0 or > MaxId)
        {
            throw file["model"]["vocab"].Fault($"must have ids from 0 to {MaxId}");
        }

        string?[] table = new string?[largest + 1];
        foreach ((string token, int id) in _model.Vocab.Concat(
            added.Select(token => KeyValuePair.Create(token.Content, token.Id))))
        {
            if (table[id] is { } other && other != token)
            {
                throw new EngineException(
                    $"'{_source}': key 'model.vocab' gives id {id} to both '{other}' and '{token}'.");
            }

            table[id] = token;
        }

        return table;
    }

    // The ids that a TemplateProcessing puts before and after a text.
    private (int[] Before, int[] After) ReadTemplate(JsonFile processor)
    {
        if (processor.IsNull || processor["type"].Text() == "ByteLevel")
        {
            return ([], []);
        }

        switch (processor["type"].Text())
        {
            case "Sequence":
                (int[] Before, int[] After)[] parts = [.. processor["processors"].Items().Select(ReadTemplate)];
                return (
                    [.. parts.Reverse().SelectMany(part => part.Before)],
                    [.. parts.SelectMany(part => part.After)]);
            case "TemplateProcessing":
                List<int> begin = [];
                List<int> end = [];
                List<int> current = begin;
                foreach (JsonFile item in processor["single"].Items())
                {
                    if (!item["Sequence"].IsNull)
                    {
                        current = end;
                        continue;
                    }

                    string name = item["SpecialToken"]["id"].Text();
                    current.AddRange(
                        processor["special_tokens"][name]["ids"].Items().Select(id => id.Int(0, _tokens.Length - 1)));
                }

                return ([.. begin], [.. end]);
            default:
                throw processor["type"].Fault(
                    "must be Sequence, ByteLevel or TemplateProcessing (other post-processors are not supported)");
        }
    }

    // JSON and files cannot hold half a surrogate pair, so no reference exists for it; U+FFFD is what UTF-8 makes of
    // it.
    private static string WellFormed(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
        {
            return text;
        }

        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
    }
}
