using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Spar.Engine.Chat;
using Spar.Engine.Checkpoints;
using Spar.Engine.Checkpoints.Gguf;
using Spar.Engine.Inference;
using Spar.Engine.Tensors;
using Spar.Engine.Tests.Chat;
using Spar.Engine.Tests.Inference;
using Spar.Engine.Tests.Tokenization;
using Spar.Engine.Tokenization;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Checkpoints.Gguf;

/// <summary>Parity with the reference reader and library, from shared/fixtures/gguf.</summary>
public class GgufGoldenTests
{
    public static TheoryData<string, string> Files
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach (string model in new[] { "llama-tiny-tied", "llama3-tiny" })
            {
                foreach (string kind in new[] { "F32", "F16", "Q8_0", "Q4_0", "Q4_1" })
                {
                    data.Add(model, kind);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Dequantised_tensors_have_the_reference_bits(string model, string kind)
    {
        JsonElement golden = GoldenTokenizerTests
            .Golden("fixtures", "gguf", $"{model}.golden.json")
            .GetProperty("files")
            .EnumerateArray()
            .Single(file => file.GetProperty("kind").GetString() == kind);
        using GgufFile file = GgufFile.Open(SharedData.Path("fixtures", "gguf", $"{model}-{kind}.gguf"));
        JsonProperty[] expected = [.. golden.GetProperty("tensors").EnumerateObject()];
        Assert.Equal(expected.Select(t => t.Name).Order(), file.Tensors.Keys.Order());
        foreach (JsonProperty property in expected)
        {
            GgufTensor tensor = file.Tensors[property.Name];
            Assert.Equal(property.Value.GetProperty("type").GetString(), tensor.Type.Name);
            Assert.Equal(GoldenTokenizerTests.Ints(property.Value.GetProperty("shape_row_major")), tensor.Shape);
            float[] values = new float[tensor.Rows * tensor.RowLength];
            for (int row = 0; row < tensor.Rows; row++)
            {
                GgufBlocks.Dequantize(
                    tensor.Type,
                    file.Row(tensor, row),
                    values.AsSpan(row * tensor.RowLength, tensor.RowLength)
                );
            }

            Assert.Equal(
                property.Value.GetProperty("sha256_f32").GetString(),
                Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(values.AsSpan())))
            );
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Logits_match_the_reference(string model, string kind)
    {
        GoldenModel baseModel = GoldenModel.Load(model);
        GoldenPrompt prompt = baseModel.Prompts.Single(prompt => prompt.Name == "len17");
        string path = SharedData.Path("fixtures", "gguf", $"{model}-{kind}.gguf");
        Tensor expected =
            kind == "F32"
                ? baseModel.Tensors[prompt.LogitsKey]
                : Safetensors.Load(SharedData.Path("fixtures", "gguf", $"{model}.golden.safetensors"))[
                    $"{kind}.logits.len17"
                ];
        using ModelWeights weights = ModelWeights.Open(path);
        float[] exact = Logits.Of(weights, prompt.Ids);
        Close(expected.Data, exact, 2e-4f);

        // Widened as a whole or on the way.
        Checkpoint checkpoint = Checkpoint.Load(path);
        Close(Logits.Of(checkpoint.Config, checkpoint.Tensors, prompt.Ids), exact, 1e-4f);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Logits_have_the_same_bits_however_they_are_computed_and_rounded_activations_stay_close(
        string model,
        string kind
    )
    {
        int[] ids = GoldenModel.Load(model).Prompts.Single(prompt => prompt.Name == "len17").Ids;
        using ModelWeights weights = ModelWeights.Open(SharedData.Path("fixtures", "gguf", $"{model}-{kind}.gguf"));
        float[] exact = Logits.Of(weights, ids),
            rounded = Logits.Of(weights, ids, Arithmetic.Rounded);
        Assert.Equal(kind is "F32" or "F16", exact.AsSpan().SequenceEqual(rounded));
        double error = Math.Sqrt(exact.Zip(rounded, (a, b) => (double)(a - b) * (a - b)).Average());
        Assert.InRange(error, 0, 0.1);
        Assert.Equal(rounded, Logits.Of(weights, ids, Arithmetic.Rounded, threads: 1));
        Assert.Equal(rounded, Logits.Of(weights, ids, Arithmetic.Rounded, passRows: 1));
        Assert.Equal(rounded, Logits.Of(weights, ids, Arithmetic.Rounded, passRows: 5));
        Assert.Equal(exact, Logits.Of(weights, ids, passRows: 3));
        Assert.Equal(exact, Logits.Of(weights, ids, threads: 1, passRows: 1));
    }

    [Theory]
    [InlineData("llama-tiny-tied")]
    [InlineData("llama3-tiny")]
    public void A_float32_file_is_the_checkpoint_that_it_was_made_from(string model)
    {
        Checkpoint original = GoldenModel.Load(model).Checkpoint;
        Checkpoint converted = Checkpoint.Load(SharedData.Path("fixtures", "gguf", $"{model}-F32.gguf"));
        Assert.Equal(
            original.Config with
            {
                EosTokenIds = converted.Config.EosTokenIds,
                BosTokenId = converted.Config.BosTokenId,
                PadTokenId = converted.Config.PadTokenId,
            },
            converted.Config
        );
        Assert.Equal(original.Tensors.Keys.Order(), converted.Tensors.Keys.Order());
        foreach ((string name, Tensor tensor) in original.Tensors)
        {
            Assert.Equal(tensor.Shape, converted.Tensors[name].Shape);
            Assert.Equal(tensor.Data, converted.Tensors[name].Data);
        }
    }

    [Theory]
    [InlineData("llama-tiny-tied", "bpe-smol")]
    [InlineData("llama3-tiny", "bpe-llama3")]
    public void The_embedded_tokenizer_and_template_match(string model, string folder)
    {
        string path = SharedData.Path("fixtures", "gguf", $"{model}-Q4_0.gguf");
        Tokenizer tokenizer = Checkpoint.LoadTokenizer(path);
        JsonElement golden = GoldenTokenizerTests.Golden("fixtures", "tokenizers", folder, "golden_tokenizer.json");
        foreach (JsonElement encoding in golden.GetProperty("encodings").EnumerateArray())
        {
            string text = encoding.GetProperty("text").GetString()!;
            int[] withSpecial = GoldenTokenizerTests.Ints(encoding.GetProperty("ids_with_special"));
            Assert.Equal(GoldenTokenizerTests.Ints(encoding.GetProperty("ids")), tokenizer.Encode(text));
            Assert.Equal(withSpecial, tokenizer.Encode(text, addSpecialTokens: true));
            Assert.Equal(encoding.GetProperty("decoded_skip_special").GetString(), tokenizer.Decode(withSpecial));
        }

        ChatTemplate template = ChatTemplate.For(tokenizer);
        foreach (JsonElement chat in golden.GetProperty("chat").EnumerateArray())
        {
            Message[] messages = GoldenMessages.Of(chat);
            Assert.Equal(
                chat.GetProperty("rendered").GetString(),
                template.Render(messages, chat.GetProperty("add_generation_prompt").GetBoolean())
            );
        }

        using EmbeddedChatClient client = EmbeddedChatClient.Load(
            path,
            new EngineOptions { Threads = 1, CacheTokens = 64 }
        );
        Assert.NotNull(client.GetService(typeof(Tokenizer)));
    }

    internal static void Close(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            float difference = Math.Abs(expected[i] - actual[i]);
            Assert.True(difference <= tolerance, $"element {i}: off by {difference}");
        }
    }
}
