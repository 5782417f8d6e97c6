using Spar.Cli.Recipes;
using Spar.Seams;

namespace Spar.Cli.Tests;

public class StrictYamlTests
{
    [Fact]
    public void A_recipe_changes_only_what_it_names()
    {
        RunFile file = StrictYaml.Read<RunFile>("base_model: models/nano\ndpo: { beta: 0.2, learning_rate: 1e-4 }\nsearch: { order: depth_first }\n", "r.yaml");
        Assert.Equal("models/nano", file.BaseModel);
        Assert.Equal(0.2, file.Dpo.Beta);
        Assert.Equal(LearningRateSchedule.Linear, file.Dpo.Schedule);
        Assert.Equal(Search.SearchOrder.DepthFirst, file.Search.Order);
        Assert.Equal(3, file.Search.Branch);
        Assert.Equal(10_000, file.PromptsPerIteration);
        Assert.Null(file.Dpo.Lora);
    }

    [Fact]
    public void A_recipe_may_train_adapters()
    {
        RunFile file = StrictYaml.Read<RunFile>("base_model: m\ndpo: { lora: { rank: 4, target_modules: [q_proj, v_proj] } }\nrft: { lora: { alpha: 0 } }\n", "r.yaml");
        Assert.Equal((4, 16.0), (file.Dpo.Lora!.Rank, file.Dpo.Lora.Alpha));
        Assert.Equal(["q_proj", "v_proj"], file.Dpo.Lora.TargetModules);
        Assert.Equal(["all-linear"], file.Rft.Lora!.TargetModules);
        Assert.Contains("rft.lora.alpha must be above 0", Assert.ThrowsAny<SparException>(file.Validate).Message);
    }

    [Theory]
    [InlineData("base_model: m\ndpo:\n  bta: 0.1\n", "r.yaml:3:3: unknown key 'dpo.bta'. Did you mean 'beta'?")]
    [InlineData("base_model: m\nactor_sft:\n  beta: 0.1\n", "r.yaml:3:3: unknown key 'actor_sft.beta'.")]
    [InlineData("base_model: m\nrft: { sft_weight: 1 }\n", "r.yaml:2:8: unknown key 'rft.sft_weight'.")]
    [InlineData("base_model: m\nitertions: 3\n", "r.yaml:2:1: unknown key 'itertions'. Did you mean 'iterations'?")]
    [InlineData("base_model: m\niterations: three\n", "r.yaml:2:13: 'iterations' is 'three', but a whole number is expected here.")]
    [InlineData("base_model: m\niterations: [3]\n", "r.yaml:2:13: 'iterations' is a list, but a whole number is expected here.")]
    [InlineData("iterations: 3\n", "r.yaml:1:1: the key 'base_model' is missing.")]
    [InlineData("base_model: m\nsearch: { order: sideways }\n", "r.yaml:2:18: 'search.order' is 'sideways', but one of breadth_first, depth_first is expected here.")]
    [InlineData("", "r.yaml: the file is empty.")]
    [InlineData("- x\n", "r.yaml:1:1: the file is a list, but a group of keys")]
    public void A_fault_is_named_with_its_place_and_a_remedy(string yaml, string message)
    {
        SparException fault = Assert.ThrowsAny<SparException>(() => StrictYaml.Read<RunFile>(yaml, "r.yaml"));
        Assert.StartsWith(message, fault.Message);
    }

    [Theory]
    [InlineData("base_model: [unclosed\n")]
    [InlineData("a: b: c\n")]
    public void Broken_yaml_is_named_as_such(string yaml)
    {
        SparException fault = Assert.ThrowsAny<SparException>(() => StrictYaml.Read<RunFile>(yaml, "r.yaml"));
        Assert.Matches(@"^r\.yaml:\d+:\d+: this is not valid YAML", fault.Message);
    }

    [Fact]
    public void The_shipped_recipes_are_valid()
    {
        string root = TestSupport.SharedData.ProjectRoot;
        foreach (string path in Directory.GetFiles(Path.Combine(root, "recipes"), "*.yaml"))
        {
            if (path.EndsWith("nano-pretrain.yaml", StringComparison.Ordinal))
            {
                StrictYaml.ReadFile<Runtime.Pretraining.PretrainRecipe>(path).Validate();
            }
            else
            {
                StrictYaml.ReadFile<RunFile>(path).Validate();
            }
        }
    }
}
