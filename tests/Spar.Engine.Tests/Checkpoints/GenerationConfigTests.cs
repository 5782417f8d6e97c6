using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Spar.Engine.Checkpoints;
using Spar.Engine.Inference;
using Spar.Engine.Inspection;
using Spar.Engine.Models;
using Spar.Engine.Tokenization;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Checkpoints;

public class GenerationConfigTests
{
    [Theory]
    [InlineData("7", "7", new[] { 7 })]
    [InlineData("7", "[8, 7, 9]", new[] { 7, 8, 9 })]
    [InlineData("[7, 8]", "9", new[] { 7, 8, 9 })]
    [InlineData("null", "9", new[] { 9 })]
    [InlineData("-1", "[9, null, -1]", new[] { 9 })]
    [InlineData("7", "null", new[] { 7 })]
    [InlineData("7", null, new[] { 7 })]
    [InlineData(null, "9", new[] { 9 })]
    [InlineData(null, null, new int[0])]
    public void Ids_that_end_a_generation_come_from_both_files_in_any_spelling(
        string? config,
        string? generation,
        int[] expected
    )
    {
        using TempFolder folder = new();
        folder.With(SharedData.Path("fixtures", "models", "llama3-tiny"));
        Set(folder.File("config.json"), config);
        Set(folder.File(GenerationConfig.FileName), generation);
        Assert.Equal(expected, ModelConfigFile.Load(folder.File("config.json")).EndTokenIds);
    }

    [Fact]
    public void A_folder_without_the_file_and_files_with_a_byte_order_mark_are_read()
    {
        using TempFolder folder = new();
        folder.With(SharedData.Path("fixtures", "models", "llama3-tiny"));
        File.Delete(folder.File(GenerationConfig.FileName));
        Assert.Empty(GenerationConfig.Load(folder.Root).EosTokenIds);
        Assert.Null(GenerationConfig.Load(folder.Root).Temperature);
        folder.Write(
            GenerationConfig.FileName,
            Encoding.UTF8.GetBytes("\uFEFF{\"eos_token_id\": 9, \"temperature\": 0.6}")
        );
        folder.Write("config.json", [.. Encoding.UTF8.GetPreamble(), .. File.ReadAllBytes(folder.File("config.json"))]);
        Assert.Contains(9, ModelConfigFile.Load(folder.File("config.json")).EndTokenIds);
        Assert.Equal(0.6, GenerationConfig.Load(folder.Root).Temperature);
    }

    [Theory]
    [InlineData("{\"eos_token_id\": \"x\"}", "eos_token_id")]
    [InlineData("{\"eos_token_id\": [1.5]}", "eos_token_id[0]")]
    [InlineData("{\"temperature\": \"hot\"}", "temperature")]
    [InlineData("{", "not valid JSON")]
    public void A_broken_file_is_named_with_its_key(string json, string expected)
    {
        using TempFolder folder = new();
        folder.Write(GenerationConfig.FileName, Encoding.UTF8.GetBytes(json));
        string message = Assert.Throws<EngineException>(() => GenerationConfig.Load(folder.Root)).Message;
        Assert.Contains(GenerationConfig.FileName, message);
        Assert.Contains(expected, message);
    }

    [Fact]
    public async Task A_generation_ends_at_an_id_that_only_generation_config_has()
    {
        using TempFolder folder = new();
        folder.With(SharedData.Path("fixtures", "models", "llama3-tiny"));
        string whole = await AnswerAsync(folder.Root);
        Assert.Contains('M', whole);
        int end = Tokenizer.Load(folder.Root).TokenToId("M")!.Value;
        int known = ModelConfigFile.Load(folder.File("config.json")).EndTokenIds[0];
        Set(folder.File(GenerationConfig.FileName), $"[{known}, {end}]");
        Assert.Equal(whole[..whole.IndexOf('M')], await AnswerAsync(folder.Root));
    }

    [Fact]
    public void A_saved_checkpoint_keeps_the_file_and_the_ids_of_config_as_they_were()
    {
        using TempFolder source = new(),
            target = new();
        source.With(SharedData.Path("fixtures", "models", "llama3-tiny"));
        byte[] generation = Encoding.UTF8.GetBytes(
            "{ \"eos_token_id\": [3, 4],\n \"temperature\": 0.6, \"unknown\": {\"a\": 1} }"
        );
        source.Write(GenerationConfig.FileName, generation);
        Set(source.File("config.json"), "2");
        Checkpoint checkpoint = Checkpoint.Load(source.Root);
        Checkpoint.Save(target.Root, checkpoint.Config, checkpoint.Tensors, tokenizerSource: source.Root);
        Assert.Equal(generation, File.ReadAllBytes(target.File(GenerationConfig.FileName)));
        Assert.Equal(2, JsonNode.Parse(File.ReadAllText(target.File("config.json")))!["eos_token_id"]!.GetValue<int>());
        ModelConfig again = ModelConfigFile.Load(target.File("config.json"));
        Assert.Equal([2, 3, 4], again.EndTokenIds);
        Checkpoint.Save(target.Root, again, checkpoint.Tensors, tokenizerSource: target.Root);
        Assert.Equal(generation, File.ReadAllBytes(target.File(GenerationConfig.FileName)));
    }

    [Fact]
    public void A_summary_tells_what_ends_a_generation_and_how_the_makers_sample()
    {
        using TempFolder folder = new();
        folder.With(SharedData.Path("fixtures", "models", "llama3-tiny"));
        folder.Write(
            GenerationConfig.FileName,
            "{\"eos_token_id\": 5, \"do_sample\": true, \"top_p\": 0.9, \"top_k\": 20}"u8
        );
        ModelSummary summary = ModelSummary.Read(folder.Root);
        Tokenizer tokenizer = Tokenizer.Load(folder.Root);
        Assert.Contains((5, tokenizer.IdToToken(5)), summary.EndTokens);
        Assert.Contains(summary.EndTokens, token => token.Token == tokenizer.Config.EosToken);
        Assert.Equal((true, 0.9, 20), (summary.Generation.DoSample, summary.Generation.TopP, summary.Generation.TopK));
    }

    // Sets eos_token_id in a JSON file; null takes it out.
    private static void Set(string path, string? value)
    {
        JsonObject json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        json.Remove("eos_token_id");
        if (value is not null)
        {
            json["eos_token_id"] = JsonNode.Parse(value);
        }

        File.WriteAllText(path, json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
    }

    private static async Task<string> AnswerAsync(string folder)
    {
        using EmbeddedChatClient client = EmbeddedChatClient.Load(folder, new EngineOptions { Threads = 1 });
        return (
            await client.GetResponseAsync(
                [new ChatMessage(ChatRole.User, "ab")],
                new ChatOptions { MaxOutputTokens = 12 },
                CancellationToken.None
            )
        ).Text;
    }
}
