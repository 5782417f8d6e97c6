using System.Text.Json;
using Spar.Engine.Checkpoints;
using Spar.Engine.Tensors;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

/// <summary><c>spar model</c>, with folders and GGUF files.</summary>
public sealed class ModelCommandTests : IDisposable
{
    private readonly string _work = Directory.CreateTempSubdirectory("spar-model").FullName;

    public void Dispose() => Directory.Delete(_work, recursive: true);

    private static Task<(int Code, string Output, string Messages)> Spar(params string[] args) =>
        CliRunner.RunAsync("", ["model", .. args]);

    private static string Nano => Path.Combine(SharedData.ProjectRoot, "models", "nano");

    private string Write(string name, string content)
    {
        string path = Path.Combine(_work, name);
        File.WriteAllText(path, content);
        return path;
    }

    [Theory]
    [InlineData("folder")]
    [InlineData("gguf")]
    public async Task Logits_are_those_of_the_reference(string kind)
    {
        string folder = SharedData.Path("fixtures", "models", "llama3-tiny");
        string model = kind == "gguf" ? SharedData.Path("fixtures", "gguf", "llama3-tiny-F32.gguf") : folder;
        JsonElement[] prompts =
        [
            .. JsonDocument
                .Parse(File.ReadAllText(Path.Combine(folder, "golden.json")))
                .RootElement.GetProperty("prompts")
                .EnumerateArray(),
        ];
        string tokens = Write(
            "tokens.json",
            $"[{string.Join(',', prompts.Select(p => p.GetProperty("ids").GetRawText()))}]"
        );
        string output = Path.Combine(_work, "out", "logits.safetensors");
        (int code, _, string messages) = await Spar("logits", model, "--tokens", tokens, "--output", output);
        Assert.True(code == 0, messages);
        IReadOnlyDictionary<string, Tensor> expected = Safetensors.Load(Path.Combine(folder, "golden.safetensors"));
        IReadOnlyDictionary<string, Tensor> actual = Safetensors.Load(output);
        Assert.Equal(prompts.Length, actual.Count);
        for (int i = 0; i < prompts.Length; i++)
        {
            Tensor given = actual[i.ToString()],
                golden = expected[prompts[i].GetProperty("logits_key").GetString()!];
            Assert.Equal([prompts[i].GetProperty("ids").GetArrayLength(), 512], given.Shape);
            for (int j = 0; j < golden.Count; j++)
            {
                Assert.Equal(golden.Data[^(j + 1)], given.Data[^(j + 1)], 2e-4f);
            }
        }
    }

    [Fact]
    public async Task Tokenize_reads_texts_and_objects()
    {
        string model = SharedData.Path("fixtures", "gguf", "llama3-tiny-F32.gguf");
        string input = Write("texts.jsonl", "{\"text\": \"hello  world\"}\n\n\"a\\nb\"\n");
        (int code, string output, string messages) = await Spar("tokenize", model, "--input", input);
        Assert.True(code == 0, messages);
        Engine.Tokenization.Tokenizer tokenizer = Engine.Tokenization.Tokenizer.Load(
            SharedData.Path("fixtures", "models", "llama3-tiny")
        );
        string[] expected =
        [
            .. new[] { "hello  world", "a\nb" }.Select(text =>
                $"{{\"ids\":[{string.Join(',', tokenizer.Encode(text))}]}}"
            ),
        ];
        Assert.Equal(expected, output.TrimEnd().Split('\n'));
        (_, output, _) = await Spar("tokenize", model, "--input", input, "--add-special-tokens");
        Assert.StartsWith($"{{\"ids\":[{tokenizer.TokenToId("<|bos|>")},", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Info_describes_folders_and_files()
    {
        (int code, string output, string messages) = await Spar("info", Nano);
        Assert.True(code == 0, messages);
        Assert.Contains("to train", output, StringComparison.Ordinal);
        JsonElement folder = await InfoAsync(SharedData.Path("fixtures", "models", "llama3-tiny-sharded"));
        JsonElement file = await InfoAsync(SharedData.Path("fixtures", "gguf", "llama3-tiny-F32.gguf"));
        foreach (
            string same in new[]
            {
                "family",
                "parameters",
                "contextLength",
                "vocabSize",
                "hiddenSize",
                "headDim",
                "tokenizerSize",
                "chatTemplate",
            }
        )
        {
            Assert.Equal(folder.GetProperty(same).GetRawText(), file.GetProperty(same).GetRawText());
        }

        Assert.Equal("llama", file.GetProperty("family").GetString());
        JsonElement quantised = await InfoAsync(SharedData.Path("fixtures", "gguf", "llama3-tiny-Q4_0.gguf"));
        Assert.Contains(
            "Q4_0",
            quantised.GetProperty("types").EnumerateArray().Select(type => type.GetProperty("type").GetString())
        );
        Assert.True(
            quantised.GetProperty("memory").GetProperty("weights").GetInt64()
                < file.GetProperty("memory").GetProperty("weights").GetInt64() / 2
        );
    }

    [Fact]
    public async Task Chat_holds_a_conversation_with_a_published_file()
    {
        string model = SharedData.Path("models", "smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf");
        (int code, string output, string messages) = await CliRunner.RunAsync(
            "What is the capital of France?\nAnd of Italy?\n",
            "chat",
            "--model",
            model,
            "--max-tokens",
            "24"
        );
        Assert.True(code == 0, messages);
        Assert.Contains("Paris", output, StringComparison.Ordinal);
        Assert.Contains("Rome", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Faults_are_one_message()
    {
        await CliRunner.FailsAsync(["model", "info", Path.Combine(_work, "none")], "no model folder");
        await CliRunner.FailsAsync(["model", "info", Write("x.gguf", "GGUF")], "x.gguf", "4 bytes");
        await CliRunner.FailsAsync(
            ["model", "logits", Nano, "--tokens", Write("t.json", "[[]]"), "--output", "x"],
            "t.json"
        );
        await CliRunner.FailsAsync(
            ["model", "logits", Nano, "--tokens", Write("t.json", "[[99999]]"), "--output", "x"],
            "99999"
        );
        await CliRunner.FailsAsync(
            ["model", "logits", Nano, "--tokens", Write("t.json", "{"), "--output", "x"],
            "t.json"
        );
        await CliRunner.FailsAsync(["model", "tokenize", Nano, "--input", Write("t.jsonl", "\"a\"\n7\n")], "line 2");
    }

    private static async Task<JsonElement> InfoAsync(string model)
    {
        (int code, string output, string messages) = await Spar("info", model, "--json");
        Assert.True(code == 0, messages);
        return JsonDocument.Parse(output).RootElement;
    }
}
