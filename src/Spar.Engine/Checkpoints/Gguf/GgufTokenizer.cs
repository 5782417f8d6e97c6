using System.Text.Json;
using System.Text.Json.Nodes;
using Spar.Engine.Tokenization;
using Spar.Ground;

namespace Spar.Engine.Checkpoints.Gguf;

/// <summary>
/// The tokenizer in a GGUF file's metadata, as the <c>tokenizer.json</c> that it was converted from: byte-level BPE
/// with the pre-tokenizer that <c>tokenizer.ggml.pre</c> names, or sentencepiece-style BPE, whose merges follow from
/// the scores of the tokens.
/// </summary>
internal static class GgufTokenizer
{
    private const string Prefix = "tokenizer.ggml.";
    private const string Llama3Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
        + @"|\s+(?!\S)|\s+";
    private const string Qwen2Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
        + @"|\s+(?!\S)|\s+";
    private const string TekkenPattern =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
        + @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
        + @"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private enum TokenType
    {
        Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6,
    }

    // How a kind of byte-level BPE cuts text.
    private sealed record PreTokenizerKind(
        string? Pattern = null, bool Digits = false, bool IgnoreMerges = false, bool Nfc = false, bool AddsBos = false);

    private static readonly Dictionary<string, PreTokenizerKind> s_kinds = new()
    {
        ["default"] = new(),
        ["gpt-2"] = new(),
        ["phi-2"] = new(),
        ["olmo"] = new(),
        ["mpt"] = new(),
        ["smollm"] = new(Digits: true),
        ["starcoder"] = new(Digits: true),
        ["refact"] = new(Digits: true),
        ["command-r"] = new(Digits: true),
        ["llama-bpe"] = new(Llama3Pattern, IgnoreMerges: true, AddsBos: true),
        ["llama3"] = new(Llama3Pattern, IgnoreMerges: true, AddsBos: true),
        ["llama-v3"] = new(Llama3Pattern, IgnoreMerges: true, AddsBos: true),
        ["chatglm-bpe"] = new(Llama3Pattern, IgnoreMerges: true),
        ["glm4"] = new(Llama3Pattern, IgnoreMerges: true),
        ["qwen2"] = new(Qwen2Pattern, Nfc: true),
        ["deepseek-r1-qwen"] = new(Qwen2Pattern, Nfc: true),
        ["tekken"] = new(TekkenPattern, IgnoreMerges: true, AddsBos: true),
    };

    /// <summary>Reads the tokenizer, its special tokens and its chat template.</summary>
    /// <exception cref="EngineException">
    /// The kind is not supported, or the lists contradict each other; names file and key.
    /// </exception>
    public static Tokenizer Read(GgufFile file)
    {
        GgufMetadata keys = file.Metadata;
        string[] tokens = keys.Texts(Prefix + "tokens");
        if (tokens.Length == 0)
        {
            throw keys.Fault(Prefix + "tokens", "must be a list of at least one token (the file holds no tokenizer)");
        }

        long[] types = keys.Integers(Prefix + "token_type");
        if (types.Length != 0 && types.Length != tokens.Length)
        {
            throw keys.Fault(Prefix + "token_type", $"must have one entry for each of the {tokens.Length} tokens");
        }

        TokenType TypeOf(int id) => types.Length == 0 ? TokenType.Normal : (TokenType)types[id];
        JsonObject json = keys.Text(Prefix + "model") switch
        {
            "gpt2" => ByteLevel(keys, tokens, TypeOf),
            "llama" => Sentencepiece(keys, tokens, TypeOf),
            _ => throw keys.Fault(Prefix + "model", "must be gpt2 or llama (other tokenizers are not supported)"),
        };
        IEnumerable<int> added =
            Enumerable.Range(0, tokens.Length).Where(id => IsAdded(TypeOf(id)) && tokens[id].Length > 0);
        json["added_tokens"] = new JsonArray([.. added.Select(id => (JsonNode)new JsonObject
        {
            ["id"] = id,
            ["content"] = tokens[id],
            ["special"] = TypeOf(id) != TokenType.UserDefined,
        })]);
        string? Token(string name) =>
            keys.Has(Prefix + name) ? tokens[keys.Int(Prefix + name, 0, tokens.Length - 1)] : null;
        TokenizerConfig config = new()
        {
            BosToken = Token("bos_token_id"),
            EosToken = Token("eos_token_id"),
            PadToken = Token("padding_token_id"),
            UnkToken = Token("unknown_token_id"),
            ChatTemplate = keys.TextOrNull("tokenizer.chat_template"),
        };
        return Tokenizer.Parse(JsonSerializer.SerializeToUtf8Bytes(json, JsonSettings.Compact), file.Path, config);
    }

    // Tokens that are found in text as they are written, rather than put together by merges.
    private static bool IsAdded(TokenType type) =>
        type is TokenType.Control or TokenType.UserDefined or TokenType.Unknown;

    private static JsonObject ByteLevel(GgufMetadata keys, string[] tokens, Func<int, TokenType> typeOf)
    {
        string name = keys.TextOrNull(Prefix + "pre") ?? "default";
        if (!s_kinds.TryGetValue(name, out PreTokenizerKind? kind))
        {
            throw keys.Fault(
                Prefix + "pre",
                $"must be one of {string.Join(", ", s_kinds.Keys)} (other pre-tokenizers are not supported)");
        }

        List<JsonNode> steps = [];
        if (kind.Digits)
        {
            steps.Add(new JsonObject { ["type"] = "Digits", ["individual_digits"] = true });
        }

        if (kind.Pattern is not null)
        {
            steps.Add(new JsonObject
            {
                ["type"] = "Split",
                ["pattern"] = new JsonObject { ["Regex"] = kind.Pattern },
                ["behavior"] = "Isolated",
                ["invert"] = false,
            });
        }

        steps.Add(new JsonObject
        {
            ["type"] = "ByteLevel",
            ["add_prefix_space"] = keys.Bool(Prefix + "add_space_prefix", false),
            ["use_regex"] = kind.Pattern is null,
        });
        string[] merges = keys.Texts(Prefix + "merges");
        if (merges.Length == 0)
        {
            throw keys.Fault(Prefix + "merges", "must be a list of at least one merge");
        }

        return new JsonObject
        {
            ["version"] = "1.0",
            ["normalizer"] = kind.Nfc ? new JsonObject { ["type"] = "NFC" } : null,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray([.. steps]) },
            ["post_processor"] = PostProcessor(keys, tokens, kind.AddsBos),
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["ignore_merges"] = kind.IgnoreMerges,
                ["vocab"] = Vocabulary(keys, tokens, typeOf),
                ["merges"] = new JsonArray([.. merges.Select(merge => (JsonNode)merge)]),
            },
        };
    }

    private static JsonObject Sentencepiece(GgufMetadata keys, string[] tokens, Func<int, TokenType> typeOf)
    {
        float[] scores = keys.Numbers(Prefix + "scores");
        if (scores.Length != tokens.Length)
        {
            throw keys.Fault(Prefix + "scores", $"must have one entry for each of the {tokens.Length} tokens");
        }

        List<JsonNode> normalizers = [];
        List<JsonNode> decoders =
        [
            Replace("\u2581", " "),
            new JsonObject { ["type"] = "ByteFallback" },
            new JsonObject { ["type"] = "Fuse" },
        ];
        if (keys.Bool(Prefix + "add_space_prefix", true))
        {
            normalizers.Add(new JsonObject { ["type"] = "Prepend", ["prepend"] = "\u2581" });
            decoders.Add(new JsonObject { ["type"] = "Strip", ["content"] = " ", ["start"] = 1, ["stop"] = 0 });
        }

        normalizers.Add(Replace(" ", "\u2581"));
        return new JsonObject
        {
            ["version"] = "1.0",
            ["normalizer"] =
                new JsonObject { ["type"] = "Sequence", ["normalizers"] = new JsonArray([.. normalizers]) },
            ["pre_tokenizer"] = null,
            ["post_processor"] = PostProcessor(keys, tokens, addsBos: true),
            ["decoder"] = new JsonObject { ["type"] = "Sequence", ["decoders"] = new JsonArray([.. decoders]) },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["unk_token"] = keys.Has(Prefix + "unknown_token_id")
                    ? tokens[keys.Int(Prefix + "unknown_token_id", 0, tokens.Length - 1)]
                    : null,
                ["fuse_unk"] = true,
                ["byte_fallback"] = true,
                ["vocab"] = Vocabulary(keys, tokens, _ => TokenType.Normal),
                ["merges"] = new JsonArray([.. Merges(tokens, scores, typeOf)]),
            },
        };
    }

    private static JsonObject Replace(string pattern, string content) =>
        new() { ["type"] = "Replace", ["pattern"] = new JsonObject { ["String"] = pattern }, ["content"] = content };

    // Every way to put a token together from two others, best score first, then in the order of the parts' ids: what
    // sentencepiece's own search does.
    private static IEnumerable<JsonNode> Merges(string[] tokens, float[] scores, Func<int, TokenType> typeOf)
    {
        Dictionary<string, int> ids = [];
        for (int id = 0; id < tokens.Length; id++)
        {
            if (typeOf(id) == TokenType.Normal)
            {
                ids.TryAdd(tokens[id], id);
            }
        }

        List<(int Left, int Right, int Whole)> merges = [];
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup =
            ids.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach ((string token, int id) in ids)
        {
            for (int cut = 1; cut < token.Length && token.Length <= 256; cut++)
            {
                if (lookup.TryGetValue(token.AsSpan(0, cut), out int left)
                    && lookup.TryGetValue(token.AsSpan(cut), out int right))
                {
                    merges.Add((left, right, id));
                }
            }
        }

        return merges.OrderByDescending(merge => scores[merge.Whole])
            .ThenBy(merge => merge.Whole).ThenBy(merge => merge.Left).ThenBy(merge => merge.Right)
            .Select(merge => (JsonNode)new JsonArray(tokens[merge.Left], tokens[merge.Right]));
    }

    private static JsonObject Vocabulary(GgufMetadata keys, string[] tokens, Func<int, TokenType> typeOf)
    {
        JsonObject vocabulary = [];
        for (int id = 0; id < tokens.Length; id++)
        {
            if (!IsAdded(typeOf(id)) && !vocabulary.TryAdd(tokens[id], id))
            {
                throw keys.Fault(
                    Prefix + "tokens", $"has the token '{tokens[id]}' twice, the second time as number {id}");
            }
        }

        return vocabulary;
    }

    // The begin and end tokens that are put around a text on request.
    private static JsonObject? PostProcessor(GgufMetadata keys, string[] tokens, bool addsBos)
    {
        List<JsonNode> single = [new JsonObject { ["Sequence"] = new JsonObject { ["id"] = "A", ["type_id"] = 0 } }];
        JsonObject special = [];
        void Add(string flag, bool otherwise, string key, int place)
        {
            if (keys.Bool(Prefix + flag, otherwise && keys.Has(Prefix + key)))
            {
                int id = keys.Int(Prefix + key, 0, tokens.Length - 1);
                single.Insert(
                    place,
                    new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = tokens[id], ["type_id"] = 0 } });
                special[tokens[id]] = new JsonObject
                {
                    ["id"] = tokens[id],
                    ["ids"] = new JsonArray(id),
                    ["tokens"] = new JsonArray(tokens[id]),
                };
            }
        }

        Add("add_bos_token", addsBos, "bos_token_id", 0);
        Add("add_eos_token", false, "eos_token_id", single.Count);
        return special.Count == 0 ? null : new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray([.. single]),
            ["special_tokens"] = special,
        };
    }
}
