using System.Text;
using System.Text.Json.Nodes;
using Spar.Engine.Checkpoints;
using Spar.Engine.Models;
using Spar.Engine.Tensors;
using Spar.Engine.Tests.Models;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Checkpoints;

public class ModelConfigFileTests
{
    public static TheoryData<string> Models =>
        ["llama3-tiny", "llama-tiny-tied", "llama-tiny-tied-bf16", "mistral-tiny", "qwen2-tiny", "glm-tiny"];

    [Theory]
    [MemberData(nameof(Models))]
    public void Both_layouts_give_the_same_config_and_a_saved_one_reads_back(string model)
    {
        string folder = SharedData.Path("fixtures", "models", model);
        ModelConfig config = ModelConfigFile.Load(Path.Combine(folder, "config.json"));
        string other = Directory.GetFiles(folder, "config.v*.json").Single();
        Assert.Equal(config, ModelConfigFile.Load(other));

        using TempFolder temp = new();
        ModelConfigFile.Save(temp.File("config.json"), config, DType.BFloat16);
        Assert.Equal(config, ModelConfigFile.Load(temp.File("config.json")));
        JsonNode saved = JsonNode.Parse(File.ReadAllText(temp.File("config.json")))!;
        JsonNode original = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!;
        Assert.Equal(original["architectures"]!.ToJsonString(), saved["architectures"]!.ToJsonString());
        Assert.Equal("bfloat16", (string?)saved["torch_dtype"]);
    }

    [Fact]
    public void Every_family_has_its_particulars()
    {
        ModelConfig Load(string model) =>
            ModelConfigFile.Load(SharedData.Path("fixtures", "models", model, "config.json"));
        ModelConfig llama3 = Load("llama3-tiny");
        Assert.Equal(new Llama3RopeScaling(8, 1, 4, 64), llama3.RopeScaling);
        Assert.Equal(
            (500000.0, 16, 16, 2, 1e-5),
            (llama3.RopeTheta, llama3.HeadDim, llama3.RotaryDim, llama3.KvHeadCount, llama3.RmsNormEps)
        );
        Assert.True(Load("llama-tiny-tied").TieWordEmbeddings);
        Assert.Equal(8, Load("mistral-tiny").SlidingWindow);
        ModelConfig qwen = ModelConfigFile.Load(SharedData.Path("fixtures", "models", "qwen2-tiny", "config.v4.json"));
        Assert.Equal((true, (int?)null), (qwen.QkvBias, qwen.SlidingWindow));
        ModelConfig glm = Load("glm-tiny");
        Assert.Equal((true, true, true, 8), (glm.QkvBias, glm.InterleavedRotary, glm.FusedGateUp, glm.RotaryDim));
        Assert.Equal([505, 508], glm.EosTokenIds);
    }

    [Theory]
    [MemberData(nameof(FamilyModel.Names), MemberType = typeof(FamilyModel))]
    public void Every_family_is_saved_so_that_it_reads_back(string name)
    {
        FamilyModel model = FamilyModel.Get(name);
        using TempFolder temp = new();
        ModelConfigFile.Save(temp.File("config.json"), model.Config);
        Assert.Equal(model.Config, ModelConfigFile.Load(temp.File("config.json")));
    }

    [Theory]
    [InlineData("qwen3", 128, false, null)]
    [InlineData("glm", 128, true, null)]
    [InlineData("glm4", 128, true, null)]
    [InlineData("qwen2", 32, true, null)]
    [InlineData("mistral", 32, false, 4096)]
    [InlineData("llama", 32, false, null)]
    public void Absent_keys_mean_what_the_family_says(string type, int headDim, bool bias, int? window)
    {
        using TempFolder temp = new();
        string json =
            $$"""{"model_type": "{{type}}", "vocab_size": 8, "hidden_size": 64, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 8}""";
        ModelConfig config = ModelConfigFile.Load(temp.Write("config.json", Encoding.UTF8.GetBytes(json)));
        Assert.Equal((headDim, bias, window), (config.HeadDim, config.QkvBias, config.SlidingWindow));
    }

    [Fact]
    public void Layers_with_and_without_a_window_may_be_mixed_only_with_the_window_last()
    {
        using TempFolder temp = new();
        ModelConfig Load(string types) =>
            ModelConfigFile.Load(
                temp.Write(
                    "config.json",
                    Encoding.UTF8.GetBytes(
                        $$"""{"model_type": "qwen3", "vocab_size": 8, "hidden_size": 64, "intermediate_size": 8, "num_hidden_layers": 3, "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 8, "sliding_window": 4, "use_sliding_window": true, "layer_types": [{{types}}]}"""
                    )
                )
            );
        ModelConfig config = Load("\"full_attention\", \"sliding_attention\", \"sliding_attention\"");
        Assert.Equal([int.MaxValue, 4, 4], [config.WindowOf(0), config.WindowOf(1), config.WindowOf(2)]);
        Assert.Null(Load("\"full_attention\", \"full_attention\", \"full_attention\"").SlidingWindow);
        Assert.Contains(
            "layer_types",
            Assert
                .Throws<EngineException>(() => Load("\"sliding_attention\", \"full_attention\", \"sliding_attention\""))
                .Message
        );
        Assert.Contains("3 layers", Assert.Throws<EngineException>(() => Load("\"full_attention\"")).Message);
    }

    [Theory]
    [InlineData("model_type", "\"gpt_neox\"", "model_type")]
    [InlineData("model_type", null, "model_type")]
    [InlineData("hidden_size", null, "hidden_size")]
    [InlineData("hidden_size", "\"64\"", "hidden_size")]
    [InlineData("hidden_size", "-1", "hidden_size")]
    [InlineData("hidden_size", "65", "num_attention_heads")]
    [InlineData("num_key_value_heads", "3", "num_key_value_heads")]
    [InlineData("head_dim", "15", "head_dim")]
    [InlineData("hidden_act", "\"gelu\"", "hidden_act")]
    [InlineData("mlp_bias", "true", "mlp_bias")]
    [InlineData("rope_scaling", "{\"rope_type\":\"yarn\",\"factor\":2}", "rope_type")]
    [InlineData("rope_scaling", "{\"type\":\"dynamic\",\"factor\":2}", "rope_scaling.type")]
    [InlineData("rope_scaling", "{\"rope_type\":\"longrope\",\"factor\":2}", "rope_type")]
    [InlineData("rope_scaling", "{\"rope_type\":\"linear\",\"factor\":0.5}", "factor")]
    [InlineData(
        "rope_parameters",
        "{\"rope_type\":\"yarn\",\"factor\":2,\"rope_theta\":1e4}",
        "rope_parameters.rope_type"
    )]
    [InlineData("rope_scaling", "{\"type\":\"llama3\",\"factor\":2}", "low_freq_factor")]
    [InlineData("rope_theta", "0", "rope_theta")]
    [InlineData("eos_token_id", "[1,512]", "vocab_size")]
    [InlineData("vocab_size", "1e30", "vocab_size")]
    public void A_bad_key_is_named(string key, string? value, string expected)
    {
        JsonObject json = JsonNode
            .Parse(File.ReadAllText(SharedData.Path("fixtures", "models", "llama-tiny-tied", "config.json")))!
            .AsObject();
        json.Remove(key);
        if (value is not null)
        {
            json[key] = JsonNode.Parse(value);
        }

        using TempFolder temp = new();
        string path = temp.Write("config.json", Encoding.UTF8.GetBytes(json.ToJsonString()));
        EngineException e = Assert.Throws<EngineException>(() => ModelConfigFile.Load(path));
        Assert.Contains(expected, e.Message);
        Assert.Contains(path, e.Message);
    }
}
