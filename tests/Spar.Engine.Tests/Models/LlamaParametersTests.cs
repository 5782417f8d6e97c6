using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Tests.Models;

public class LlamaParametersTests
{
    private static readonly ModelConfig s_config = new()
    {
        ModelType = "llama",
        VocabSize = 100,
        HiddenSize = 64,
        IntermediateSize = 96,
        LayerCount = 2,
        HeadCount = 4,
        KvHeadCount = 2,
        HeadDim = 16,
        MaxPositions = 64,
    };

    [Fact]
    public void New_parameters_follow_the_seed_and_the_stated_deviations()
    {
        LlamaParameters parameters = LlamaParameters.Initialize(s_config, 1);
        Assert.Equal(
            parameters.Layers[1].Down.Weight.Data,
            LlamaParameters.Initialize(s_config, 1).Layers[1].Down.Weight.Data
        );
        Assert.NotEqual(
            parameters.Layers[1].Down.Weight.Data,
            LlamaParameters.Initialize(s_config, 2).Layers[1].Down.Weight.Data
        );
        Assert.InRange(Deviation(parameters.Embedding), 0.019, 0.021);
        Assert.InRange(Deviation(parameters.Layers[0].Query.Weight), 0.019, 0.021);
        Assert.InRange(Deviation(parameters.Layers[0].Output.Weight), 0.0095, 0.0105);
        Assert.InRange(Deviation(parameters.Layers[1].Down.Weight), 0.0095, 0.0105);
        Assert.All(parameters.FinalNorm.Data, w => Assert.Equal(1, w));
    }

    [Fact]
    public void Names_and_order_are_those_of_Hugging_Face()
    {
        string[] names = [.. LlamaParameters.Initialize(s_config, 1).All.Select(p => p.Name)];
        Assert.Equal(21, names.Length);
        Assert.Equal("model.embed_tokens.weight", names[0]);
        Assert.Equal("model.layers.0.self_attn.q_proj.weight", names[2]);
        Assert.Equal("model.norm.weight", names[^2]);
        Assert.Equal("lm_head.weight", names[^1]);
        LlamaParameters tied = LlamaParameters.Initialize(s_config with { TieWordEmbeddings = true }, 1);
        Assert.Same(tied.Embedding, tied.Head.Weight);
        Assert.Equal(20, tied.All.Count);
    }

    [Fact]
    public void A_checkpoint_that_does_not_fit_is_refused_by_name_and_shape()
    {
        Dictionary<string, Tensor> tensors = new(LlamaParameters.Initialize(s_config, 1).ToDictionary());
        Assert.Equal(21, LlamaParameters.FromTensors(s_config, tensors).All.Count);
        tensors["model.layers.1.mlp.up_proj.weight"] = new Tensor(64, 96);
        EngineException wrong = Assert.Throws<EngineException>(() => LlamaParameters.FromTensors(s_config, tensors));
        Assert.Contains(
            "model.layers.1.mlp.up_proj.weight has shape [64, 96]; config.json asks for [96, 64]",
            wrong.Message
        );
        tensors.Remove("model.layers.1.mlp.up_proj.weight");
        EngineException missing = Assert.Throws<EngineException>(() => LlamaParameters.FromTensors(s_config, tensors));
        Assert.Contains("no tensor model.layers.1.mlp.up_proj.weight", missing.Message);
        Assert.Throws<EngineException>(() => LlamaParameters.Initialize(s_config with { KvHeadCount = 3 }, 1));
    }

    private static double Deviation(Tensor tensor) => Math.Sqrt(tensor.Data.Average(x => (double)x * x));
}
