using System.Text;
using System.Text.Json.Nodes;
using Spar.Engine.Checkpoints;
using Spar.Engine.Inference;
using Spar.Engine.Models;
using Spar.Engine.Tensors;
using Spar.Engine.Tests.Inference;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Checkpoints;

public class LoraFileTests
{
    private static string Folder => SharedData.Path("fixtures", "lora", "llama-tiny-tied-r4");

    private static LlamaParameters Base()
    {
        Checkpoint checkpoint = Checkpoint.Load(SharedData.Path("fixtures", "models", "llama-tiny-tied"));
        return LlamaParameters.FromTensors(checkpoint.Config, checkpoint.Tensors);
    }

    [Fact]
    public void The_adapted_model_gives_the_logits_of_the_reference()
    {
        Checkpoint adapted = Checkpoint.Load(Folder);
        IReadOnlyDictionary<string, Tensor> golden = Safetensors.Load(Path.Combine(Folder, "golden.safetensors"));
        foreach (GoldenPrompt prompt in GoldenModel.Load("llama-tiny-tied").Prompts)
        {
            foreach (string kind in new[] { "adapter", "merged" })
            {
                if (golden.TryGetValue($"{kind}.logits.{prompt.Name}", out Tensor? expected))
                {
                    float[] logits = FamilyForwardTests.Logits(adapted, prompt.Ids, prompt.Ids.Length);
                    Assert.Equal(expected.Count, logits.Length);
                    Assert.All(expected.Data.Zip(logits), pair => Assert.Equal(pair.First, pair.Second, 2e-4));
                }
            }
        }
    }

    [Fact]
    public void Merged_weights_are_those_of_the_reference()
    {
        Checkpoint adapted = Checkpoint.Load(Folder);
        foreach ((string name, Tensor expected) in Safetensors.Load(Path.Combine(Folder, "merged_weights.safetensors")))
        {
            Assert.All(
                expected.Data.Zip(adapted.Tensors[name].Data),
                pair => Assert.Equal(pair.First, pair.Second, 1e-6)
            );
        }

        Assert.Equal(Base().Layers[0].Key.Weight.Data, adapted.Tensors["model.layers.0.self_attn.k_proj.weight"].Data);
    }

    [Fact]
    public void A_saved_adapter_reads_back_and_keeps_the_bytes_and_names()
    {
        using TempFolder temp = new();
        LlamaParameters model = Base();
        LoraAdapter adapter = LoraFile.Load(Folder, model);
        Assert.Equal((4, 8.0, 2.0), (adapter.Settings.Rank, adapter.Settings.Alpha, adapter.Settings.Scale));
        LoraFile.Save(temp.Root, adapter, "base");
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(Folder, "adapter_model.safetensors")),
            File.ReadAllBytes(temp.File("adapter_model.safetensors"))
        );
        LoraAdapter again = LoraFile.Load(temp.Root, model);
        Assert.Equal(adapter.All.Select(p => p.Name), again.All.Select(p => p.Name));
        JsonObject theirs = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "adapter_config.json")))!.AsObject();
        foreach (
            (string key, JsonNode? value) in JsonNode
                .Parse(File.ReadAllText(temp.File("adapter_config.json")))!
                .AsObject()
        )
        {
            Assert.True(
                key == "base_model_name_or_path" || JsonNode.DeepEquals(theirs[key], value),
                $"{key}: {value?.ToJsonString()}"
            );
        }
    }

    [Theory]
    [InlineData("\"all-linear\"", 14)]
    [InlineData("[\"q_proj\", \"down_proj\"]", 4)]
    [InlineData("[\"model.layers.1.mlp.up_proj\"]", 1)]
    [InlineData("\".*\\\\.0\\\\.self_attn\\\\.[qk]_proj\"", 2)]
    public void Targets_are_found_by_list_pattern_or_all_linear(string targets, int count)
    {
        using TempFolder temp = new();
        LlamaParameters model = Base();
        LoraAdapter adapter = LoraAdapter.Initialize(model, Settings(targets), 1);
        Assert.Equal(count, adapter.Modules.Count);
        Assert.Equal(16 / Math.Sqrt(2), adapter.Settings.Scale, 1e-12);
        Assert.All(adapter.Modules, module => Assert.All(module.B.Data, b => Assert.Equal(0, b)));
        LoraFile.Save(temp.Root, adapter, SharedData.Path("fixtures", "models", "llama-tiny-tied"));
        Assert.Equal(count, LoraFile.Load(temp.Root, model).Modules.Count);
        Checkpoint unchanged = Checkpoint.Load(temp.Root);
        Assert.All(model.All, p => Assert.Equal(p.Tensor.Data, unchanged.Tensors[p.Name].Data));
    }

    private static LoraSettings Settings(string targets)
    {
        JsonNode value = JsonNode.Parse(targets)!;
        bool pattern = value is JsonValue && (string)value! != LoraSettings.AllLinear;
        return new LoraSettings
        {
            Rank = 2,
            Alpha = 16,
            RankStabilized = true,
            TargetPattern = pattern ? (string)value! : null,
            TargetModules = value is JsonArray list
                ? [.. list.Select(item => (string)item!)]
                : [LoraSettings.AllLinear],
        };
    }

    [Theory]
    [InlineData("use_dora", "true", "use_dora")]
    [InlineData("bias", "\"all\"", "bias")]
    [InlineData("peft_type", "\"IA3\"", "peft_type")]
    [InlineData("modules_to_save", "[\"lm_head\"]", "modules_to_save")]
    [InlineData("rank_pattern", "{\"q_proj\": 8}", "rank_pattern")]
    [InlineData("layers_to_transform", "[0]", "layers_to_transform")]
    [InlineData("fan_in_fan_out", "true", "fan_in_fan_out")]
    [InlineData("init_lora_weights", "\"pissa\"", "init_lora_weights")]
    [InlineData("r", "0", "'r'")]
    [InlineData("r", "8", "has shape [4, 64]")]
    [InlineData("lora_alpha", "0", "lora_alpha")]
    [InlineData("target_modules", "[\"q_proj\", \"w_proj\"]", "'w_proj' is no linear layer")]
    [InlineData(
        "target_modules",
        "[\"q_proj\"]",
        "has tensor 'base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight'"
    )]
    [InlineData(
        "target_modules",
        "[\"q_proj\", \"v_proj\", \"o_proj\"]",
        "lacks tensor 'base_model.model.model.layers.0.self_attn.o_proj.lora_A.weight'"
    )]
    [InlineData("target_modules", "\"(\"", "pattern '('")]
    [InlineData("target_modules", "[\"lm_head\"]", "lm_head")]
    [InlineData("base_model_name_or_path", "\"nowhere\"", "base_model_name_or_path")]
    [InlineData("base_model_name_or_path", "\".\"", "base_model_name_or_path")]
    public void What_is_not_supported_or_does_not_fit_is_refused_by_name(string key, string value, string expected)
    {
        using TempFolder temp = new();
        temp.With(Folder);
        JsonObject json = JsonNode.Parse(File.ReadAllText(temp.File("adapter_config.json")))!.AsObject();
        json["base_model_name_or_path"] = SharedData.Path("fixtures", "models", "llama-tiny-tied");
        json[key] = JsonNode.Parse(value);
        temp.Write("adapter_config.json", Encoding.UTF8.GetBytes(json.ToJsonString()));
        Assert.Contains(expected, Assert.Throws<EngineException>(() => Checkpoint.Load(temp.Root)).Message);
    }

    [Fact]
    public async Task A_chat_client_opens_an_adapter_with_its_base_models_tokenizer()
    {
        using EmbeddedChatClient client = EmbeddedChatClient.Load(Folder, new EngineOptions { Threads = 1 });
        Assert.NotEmpty(
            (
                await client.GetResponseAsync(
                    [new(Microsoft.Extensions.AI.ChatRole.User, "Hello")],
                    new() { MaxOutputTokens = 3 }
                )
            ).Messages
        );
    }
}
