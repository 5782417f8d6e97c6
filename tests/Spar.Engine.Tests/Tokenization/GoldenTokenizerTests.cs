using System.Text.Json;
using Spar.Engine.Tokenization;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Tokenization;

/// <summary>Parity with the reference tokenizers, from shared/fixtures/tokenizers and shared/models.</summary>
public class GoldenTokenizerTests
{
    public static TheoryData<string> Folders =>
        ["bpe-smol", "bpe-llama3", "bpe-qwen2", "bpe-glm", "sp-legacy", "sp-metaspace"];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Ids_tokens_offsets_and_decoding_match(string folder)
    {
        Tokenizer tokenizer = Tokenizer.Load(SharedData.Path("fixtures", "tokenizers", folder));
        JsonElement golden = Golden("fixtures", "tokenizers", folder, "golden_tokenizer.json");
        Assert.Equal(golden.GetProperty("vocab_size").GetInt32(), tokenizer.VocabSize);
        foreach (JsonElement encoding in golden.GetProperty("encodings").EnumerateArray())
        {
            string text = encoding.GetProperty("text").GetString()!;
            int[] ids = Ints(encoding.GetProperty("ids"));
            int[] withSpecial = Ints(encoding.GetProperty("ids_with_special"));
            Assert.Equal(ids, tokenizer.Encode(text));
            Assert.Equal(withSpecial, tokenizer.Encode(text, addSpecialTokens: true));
            Assert.Equal(
                encoding.GetProperty("tokens").EnumerateArray().Select(t => t.GetString()),
                ids.Select(tokenizer.IdToToken)
            );
            Assert.Equal(ids, ids.Select(id => tokenizer.TokenToId(tokenizer.IdToToken(id)!)!.Value));
            var offsets = encoding
                .GetProperty("offsets")
                .EnumerateArray()
                .Select(o => (o[0].GetInt32(), o[1].GetInt32()));
            Assert.Equal(ids.Zip(offsets, (id, o) => (id, o.Item1, o.Item2)), tokenizer.EncodeWithOffsets(text));
            Assert.Equal(encoding.GetProperty("decoded").GetString(), tokenizer.Decode(ids, skipSpecialTokens: false));
            Assert.Equal(
                encoding.GetProperty("decoded_skip_special").GetString(),
                tokenizer.Decode(withSpecial, skipSpecialTokens: true)
            );
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Prefixes_decode_as_the_reference_does(string folder)
    {
        Tokenizer tokenizer = Tokenizer.Load(SharedData.Path("fixtures", "tokenizers", folder));
        JsonElement golden = Golden("fixtures", "tokenizers", folder, "golden_tokenizer.json")
            .GetProperty("prefix_decode");
        int[] ids = Ints(golden.GetProperty("ids"));
        StreamingDecoder stream = new(tokenizer, skipSpecialTokens: false);
        string streamed = "";
        foreach (
            (JsonElement expected, int length) in golden
                .GetProperty("decoded_prefixes")
                .EnumerateArray()
                .Select((e, i) => (e, i + 1))
        )
        {
            Assert.Equal(expected.GetString(), tokenizer.Decode(ids.AsSpan(0, length), skipSpecialTokens: false));
            streamed += stream.Append(ids[length - 1]);
            Assert.DoesNotContain('\uFFFD', streamed);
            Assert.StartsWith(streamed, expected.GetString(), StringComparison.Ordinal);
        }

        Assert.Equal(golden.GetProperty("text").GetString(), streamed + stream.Flush());
    }

    [Fact]
    public void SmolLM2_matches()
    {
        Tokenizer tokenizer = Tokenizer.Load(SharedData.Path("models", "smollm2-135m-instruct", "tokenizer.json"));
        JsonElement golden = Golden("models", "smollm2-135m-instruct", "golden.json");
        foreach (JsonElement example in golden.GetProperty("tokenize").EnumerateArray())
        {
            string text = example.GetProperty("text").GetString()!;
            int[] ids = Ints(example.GetProperty("ids"));
            Assert.Equal(ids, tokenizer.Encode(text));
            Assert.Equal(text, tokenizer.Decode(ids, skipSpecialTokens: false));
        }

        foreach (JsonElement example in golden.GetProperty("decode").EnumerateArray())
        {
            Assert.Equal(
                example.GetProperty("text").GetString(),
                tokenizer.Decode(Ints(example.GetProperty("ids")), skipSpecialTokens: false)
            );
        }
    }

    internal static JsonElement Golden(params string[] path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(SharedData.Path(path)));
        return document.RootElement.Clone();
    }

    internal static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];
}
