using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Spar.Engine.Models;
using Spar.Engine.Tests.Checkpoints;
using Spar.Engine.Tokenization;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Tokenization;

public class TokenizerTests
{
    private static readonly string[] s_folders =
    [
        "bpe-smol",
        "bpe-llama3",
        "bpe-qwen2",
        "bpe-glm",
        "sp-legacy",
        "sp-metaspace",
    ];

    // Text from characters that tokenizers treat in different ways: words, digits, spaces, marks, several planes,
    // special tokens.
    private static readonly Gen<string> s_texts = Gen.OneOf(
            Gen.Elements(
                "a",
                "the",
                "Hello",
                "'ll",
                "'S",
                " ",
                "  ",
                "\n",
                "\r\n",
                "\t",
                "0",
                "12",
                "345",
                ".",
                "!?",
                "\u00A0",
                "\u2581",
                "\u0000"
            ),
            Gen.Elements(
                "\u00E9",
                "e\u0301",
                "\u4F60",
                "\u0665",
                "\uD835\uDC00",
                "\uD835\uDFD8",
                "\uD83D\uDE80",
                "\uAC00",
                "\uD800",
                "\uDC00",
                "\u0338",
                "\uFFFD"
            ),
            Gen.Elements("<|eos|>", "<s>", "</s>", "<|user|>", "<|", "[gMASK]", "<0x0A>")
        )
        .ListOf()
        .Select(parts => string.Concat(parts));

    [Fact]
    public void Byte_level_text_survives_the_round_trip()
    {
        Tokenizer[] tokenizers = [.. new[] { "bpe-smol", "bpe-llama3", "bpe-glm" }.Select(Load)];
        Prop.ForAll(
                s_texts.ToArbitrary(),
                text =>
                {
                    string wellFormed = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
                    return tokenizers.All(t => t.Decode(t.Encode(text), skipSpecialTokens: false) == wellFormed);
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    [Fact]
    public void A_stream_of_any_ids_is_the_decoding_and_never_ends_within_a_character()
    {
        Tokenizer[] tokenizers = [.. s_folders.Select(Load)];
        Gen<int[]> ids = Gen.OneOf(Gen.Choose(-1, 520), Gen.Choose(3, 260)).ArrayOf();
        Prop.ForAll(
                ids.ToArbitrary(),
                Gen.Elements(true, false).ToArbitrary(),
                (sequence, skip) =>
                    tokenizers.All(tokenizer =>
                    {
                        StreamingDecoder decoder = new(tokenizer, skip);
                        string streamed = "";
                        foreach (int id in sequence)
                        {
                            streamed += decoder.Append(id);
                            if (streamed.Length > 0 && char.IsHighSurrogate(streamed[^1]))
                            {
                                return false;
                            }
                        }

                        return streamed + decoder.Flush() == tokenizer.Decode(sequence, skip);
                    })
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    [Fact]
    public void Offsets_cover_the_text_in_order_and_ids_agree_with_Encode()
    {
        Tokenizer[] tokenizers = [.. s_folders.Select(Load)];
        Prop.ForAll(
                s_texts.ToArbitrary(),
                text =>
                {
                    int length = Encoding.UTF32.GetByteCount(text) / 4;
                    return tokenizers.All(tokenizer =>
                    {
                        var offsets = tokenizer.EncodeWithOffsets(text);
                        return offsets.Select(o => o.Id).SequenceEqual(tokenizer.Encode(text))
                            && offsets.All(o => 0 <= o.Start && o.Start < o.End && o.End <= length);
                    });
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    [Fact]
    public void One_tokenizer_serves_many_threads()
    {
        Tokenizer tokenizer = Load("bpe-llama3");
        string[] texts =
        [
            .. Enumerable
                .Range(0, 2000)
                .Select(i => $"Item {i * 7919} says {Convert.ToString(i * 31, 16)} \uD83D\uDE80 {i}"),
        ];
        Tokenizer alone = Load("bpe-llama3");
        int[][] expected = [.. texts.Select(text => alone.Encode(text))];
        int[][] actual = new int[texts.Length][];
        Parallel.For(0, texts.Length, i => actual[i] = tokenizer.Encode(texts[i]));
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void A_long_word_takes_no_quadratic_time()
    {
        // Merging by scanning all pairs at each step would take 10^11 steps here.
        string word = string.Concat(Enumerable.Repeat("the", 100_000));
        Tokenizer tokenizer = Load("sp-legacy");
        Assert.Equal(word, tokenizer.Decode(tokenizer.Encode(word)));
    }

    [Fact]
    public void Digits_stand_alone_where_the_file_says_so()
    {
        Tokenizer tokenizer = Load("bpe-smol");
        Assert.Equal(["a", "1", "2", "b"], tokenizer.Encode("a12b").Select(tokenizer.IdToToken));
    }

    [Theory]
    [InlineData("\\p{L}+", "\uD835\uDC00b", "\u0122", "b", true)] // a letter beyond U+FFFF and a letter: one piece
    [InlineData("\\p{L}+", "\uD83D\uDE80b", "\u0122", "b", false)] // a symbol beyond U+FFFF is none
    [InlineData("\\p{N}{1,2}", "\uD835\uDFD8\uD835\uDFD8", "\u013A", "\u00F0", true)] // counted by characters
    [InlineData("\\p{N}{1}", "\uD835\uDFD8\uD835\uDFD8", "\u013A", "\u00F0", false)]
    public void Patterns_see_characters_beyond_the_basic_plane(
        string pattern,
        string text,
        string left,
        string right,
        bool joined
    )
    {
        // The merge joins the last byte of the first character with the first byte of the next: only within one piece.
        Tokenizer tokenizer = Edited(
            "bpe-llama3",
            json =>
            {
                json["pre_tokenizer"]!["pretokenizers"]![0]!["pattern"]!["Regex"] = pattern;
                json["model"]!["vocab"]![left + right] = 512;
                json["model"]!["merges"] = new JsonArray(new JsonArray(left, right));
            }
        );
        Assert.Equal(joined, tokenizer.Encode(text).Contains(512));
    }

    [Fact]
    public void Prefix_space_is_added_where_the_file_says_so()
    {
        Tokenizer with = Edited(
            "bpe-smol",
            json => json["pre_tokenizer"]!["pretokenizers"]![1]!["add_prefix_space"] = true
        );
        Assert.Equal(Load("bpe-smol").Encode(" the"), with.Encode("the"));
        Assert.Equal(with.Encode(" the"), with.Encode("the"));
    }

    [Fact]
    public void Added_tokens_honour_their_flags()
    {
        Tokenizer tokenizer = Edited(
            "bpe-smol",
            json =>
            {
                JsonArray added = json["added_tokens"]!.AsArray();
                added.Add(
                    JsonNode.Parse(
                        """{"id":512,"content":"<x>","lstrip":true,"rstrip":true,"normalized":false,"special":false,"single_word":false}"""
                    )
                );
                added.Add(
                    JsonNode.Parse(
                        """{"id":513,"content":"<x>y","lstrip":false,"rstrip":false,"normalized":true,"special":true,"single_word":false}"""
                    )
                );
                added.Add(
                    JsonNode.Parse(
                        """{"id":514,"content":"the","lstrip":false,"rstrip":false,"normalized":false,"special":true,"single_word":true}"""
                    )
                );
            }
        );
        Assert.Equal(515, tokenizer.VocabSize);
        int[] a = tokenizer.Encode("a");
        Assert.Equal([.. a, 512, .. a], tokenizer.Encode("a \n<x>  a"));
        Assert.Equal([512, .. tokenizer.Encode("y")], tokenizer.Encode("<x>y")); // tokens found in the text as given come first
        Assert.Equal([514], tokenizer.Encode("the"));
        Assert.DoesNotContain(514, tokenizer.Encode("then"));
        Assert.Equal("<x>", tokenizer.Decode([512, 514], skipSpecialTokens: true));
    }

    [Fact]
    public void A_tokenizer_with_more_ids_than_the_model_is_refused()
    {
        Tokenizer tokenizer = Load("bpe-smol");
        ModelConfig config = new()
        {
            ModelType = "llama",
            VocabSize = 512,
            HiddenSize = 8,
            IntermediateSize = 8,
            LayerCount = 1,
            HeadCount = 1,
            KvHeadCount = 1,
            HeadDim = 8,
            MaxPositions = 8,
        };
        tokenizer.CheckFits(config);
        string message = Assert
            .Throws<EngineException>(() => tokenizer.CheckFits(config with { VocabSize = 511 }))
            .Message;
        Assert.Contains("tokenizer.json", message);
        Assert.Contains("vocab_size of 511", message);
    }

    [Fact]
    public void Saving_keeps_the_tokenizer_and_its_chat_template()
    {
        using TempFolder folder = new();
        Tokenizer original = Load("bpe-qwen2");
        Assert.Contains("for message in messages", original.Config.ChatTemplate);
        original.Save(folder.Root);
        Tokenizer loaded = Tokenizer.Load(folder.Root);
        Assert.Equivalent(original.Config, loaded.Config, strict: true);
        Assert.Equal("<|eos|>", loaded.Config.EosToken);
        Assert.Equal(original.Encode("caf\u00E9 42"), loaded.Encode("caf\u00E9 42"));
        Assert.Null(original.WithConfig(new TokenizerConfig()).Config.ChatTemplate);
    }

    [Theory]
    [InlineData("model.type", "\"Unigram\"", "model.type")]
    [InlineData("model.vocab", null, "model.vocab")]
    [InlineData("model.vocab", "{\"a\":-1}", "model.vocab.a")]
    [InlineData("model.merges", "[\"a\"]", "model.merges[0]")]
    [InlineData("model.merges", "[[\"zz\",\"yy\"]]", "model.merges[0]")]
    [InlineData("model.unk_token", "\"nope\"", "model.unk_token")]
    [InlineData("model.dropout", "0.1", "model.dropout")]
    [InlineData("normalizer", "{\"type\":\"BertNormalizer\"}", "normalizer.type")]
    [InlineData("pre_tokenizer", "{\"type\":\"BertPreTokenizer\"}", "pre_tokenizer.type")]
    [InlineData(
        "pre_tokenizer",
        "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},\"behavior\":\"Isolated\"}",
        "pre_tokenizer.pattern"
    )]
    [InlineData(
        "pre_tokenizer",
        "{\"type\":\"Split\",\"pattern\":{\"String\":\"x\"},\"behavior\":\"Removed\"}",
        "pre_tokenizer.behavior"
    )]
    [InlineData("added_tokens", "[{\"id\":2000000000,\"content\":\"x\"}]", "ids from 0")]
    [InlineData("decoder", null, "decoder")]
    [InlineData("post_processor", "{\"type\":\"BertProcessing\"}", "post_processor.type")]
    [InlineData("added_tokens", "[{\"id\":0,\"content\":\"\"}]", "added_tokens[0].content")]
    [InlineData("added_tokens", "[{\"id\":0,\"content\":\"other\"}]", "id 0")]
    public void A_bad_key_is_named(string key, string? value, string expected)
    {
        EngineException e = Assert.Throws<EngineException>(() =>
            Edited(
                "bpe-smol",
                json =>
                {
                    string[] path = key.Split('.');
                    JsonObject parent = path.Length == 1 ? json : json[path[0]]!.AsObject();
                    parent.Remove(path[^1]);
                    if (value is not null)
                    {
                        parent[path[^1]] = JsonNode.Parse(value);
                    }
                }
            )
        );
        Assert.Contains(expected, e.Message);
        Assert.Contains("edited.json", e.Message);
    }

    [Fact]
    public void Mutated_files_load_or_fail_clearly()
    {
        byte[] valid = File.ReadAllBytes(SharedData.Path("fixtures", "tokenizers", "sp-legacy", "tokenizer.json"));
        // The settings are at the file's beginning, so half of the mutations go there.
        Gen<(int At, byte Value)[]> mutations = (
            from at in Gen.OneOf(Gen.Choose(0, 4000), Gen.Choose(0, valid.Length - 1))
            from value in Gen.OneOf(Gen.Choose(0, 255), Gen.Elements("0123456789[]{},:\"atru".Select(c => (int)c)))
            select (at, (byte)value)
        ).ArrayOf(2);
        Prop.ForAll(
                mutations.ToArbitrary(),
                changes =>
                {
                    byte[] bytes = [.. valid];
                    foreach ((int at, byte value) in changes)
                    {
                        bytes[at] = value;
                    }

                    try
                    {
                        Tokenizer tokenizer = Tokenizer.Parse(bytes, "mutated.json");
                        int[] ids = tokenizer.Encode("Hello <s> caf\u00E9 \uD83D\uDE80", addSpecialTokens: true);
                        return tokenizer.Decode(ids) is not null
                            && tokenizer.EncodeWithOffsets("Hello \u4F60").Count >= 0;
                    }
                    catch (EngineException)
                    {
                        return true;
                    }
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        using TempFolder folder = new();
        Assert.Contains("tokenizer.json", Assert.Throws<EngineException>(() => Tokenizer.Load(folder.Root)).Message);
        Assert.Contains(
            "none.json",
            Assert.Throws<EngineException>(() => Tokenizer.Load(folder.File("none.json"))).Message
        );
    }

    private static Tokenizer Load(string folder) => Tokenizer.Load(SharedData.Path("fixtures", "tokenizers", folder));

    private static Tokenizer Edited(string folder, Action<JsonObject> edit)
    {
        JsonObject json = JsonNode
            .Parse(File.ReadAllText(SharedData.Path("fixtures", "tokenizers", folder, "tokenizer.json")))!
            .AsObject();
        edit(json);
        return Tokenizer.Parse(Encoding.UTF8.GetBytes(json.ToJsonString()), "edited.json");
    }
}
