using System.Text.Json;
using Spar.Engine.Checkpoints;
using Spar.Engine.Checkpoints.Gguf;
using Spar.Engine.Tests.Tokenization;
using Spar.Engine.Tokenization;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Checkpoints.Gguf;

/// <summary>Tokenizers carried over into GGUF metadata, as llama.cpp's converter does, and read back.</summary>
public class GgufTokenizerTests
{
    [Theory]
    [InlineData("bpe-smol", "smollm")]
    [InlineData("bpe-llama3", "llama-bpe")]
    [InlineData("bpe-qwen2", "qwen2")]
    [InlineData("bpe-glm", "chatglm-bpe")]
    public void Byte_level_tokenizers_give_the_reference_ids(string folder, string pre)
    {
        JsonElement json = GoldenTokenizerTests.Golden("fixtures", "tokenizers", folder, "tokenizer.json");
        string[] merges =
        [
            .. json.GetProperty("model")
                .GetProperty("merges")
                .EnumerateArray()
                .Select(merge =>
                    merge.ValueKind == JsonValueKind.String
                        ? merge.GetString()!
                        : $"{merge[0].GetString()} {merge[1].GetString()}"
                ),
        ];
        GgufWriter writer = Vocabulary(json)
            .Key("tokenizer.ggml.model", "gpt2")
            .Key("tokenizer.ggml.pre", pre)
            .Key("tokenizer.ggml.merges", merges);
        Check(folder, writer);
    }

    [Fact]
    public void Sentencepiece_tokenizers_give_the_reference_ids()
    {
        JsonElement json = GoldenTokenizerTests.Golden("fixtures", "tokenizers", "sp-legacy", "tokenizer.json");
        GgufWriter writer = Vocabulary(json)
            .Key("tokenizer.ggml.model", "llama")
            .Key("tokenizer.ggml.unknown_token_id", 0u);
        Check("sp-legacy", writer);
    }

    private static GgufWriter Vocabulary(JsonElement json)
    {
        JsonElement model = json.GetProperty("model");
        Dictionary<int, string> tokens = model
            .GetProperty("vocab")
            .EnumerateObject()
            .ToDictionary(p => p.Value.GetInt32(), p => p.Name);
        Dictionary<int, int> types = tokens.ToDictionary(t => t.Key, t => t.Value is ['<', '0', 'x', ..] ? 6 : 1);
        foreach (JsonElement added in json.GetProperty("added_tokens").EnumerateArray())
        {
            int id = added.GetProperty("id").GetInt32();
            tokens[id] = added.GetProperty("content").GetString()!;
            types[id] =
                tokens[id] == "<unk>" ? 2
                : added.GetProperty("special").GetBoolean() ? 3
                : 4;
        }

        // Sentencepiece gives a token the score -rank of the merge that makes it.
        Dictionary<string, int> ranks = [];
        foreach (JsonElement merge in model.GetProperty("merges").EnumerateArray())
        {
            ranks.TryAdd(
                merge.ValueKind == JsonValueKind.String
                    ? merge.GetString()!.Replace(" ", "", StringComparison.Ordinal)
                    : merge[0].GetString() + merge[1].GetString(),
                ranks.Count
            );
        }

        return new GgufWriter()
            .Key("tokenizer.ggml.tokens", Enumerable.Range(0, tokens.Count).Select(id => tokens[id]).ToArray())
            .Key("tokenizer.ggml.token_type", Enumerable.Range(0, tokens.Count).Select(id => types[id]).ToArray())
            .Key(
                "tokenizer.ggml.scores",
                Enumerable
                    .Range(0, tokens.Count)
                    .Select(id => -(float)ranks.GetValueOrDefault(tokens[id], tokens.Count))
                    .ToArray()
            );
    }

    private static void Check(string folder, GgufWriter writer)
    {
        using TempFolder temporary = new();
        Tokenizer tokenizer = Checkpoint.LoadTokenizer(temporary.Write("t.gguf", writer.ToBytes()));
        foreach (
            JsonElement encoding in GoldenTokenizerTests
                .Golden("fixtures", "tokenizers", folder, "golden_tokenizer.json")
                .GetProperty("encodings")
                .EnumerateArray()
        )
        {
            string text = encoding.GetProperty("text").GetString()!;
            int[] ids = GoldenTokenizerTests.Ints(encoding.GetProperty("ids"));
            Assert.Equal(ids, tokenizer.Encode(text));
            Assert.Equal(encoding.GetProperty("decoded").GetString(), tokenizer.Decode(ids, skipSpecialTokens: false));
        }
    }
}
