using System.Text;
using System.Text.Json.Nodes;
using Spar.Engine.Checkpoints;
using Spar.Engine.Models;
using Spar.Ground;
using Spar.Runtime.Composition;
using Spar.Runtime.Recipes;
using Spar.Runtime.Tests.Endpoints;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Composition;

/// <summary>What is found before a run that would else end it in the middle.</summary>
public sealed class PreflightTests : IDisposable
{
    private readonly string _model = Directory.CreateTempSubdirectory("spar-preflight-").FullName;

    public PreflightTests()
    {
        foreach (string file in Directory.GetFiles(Path.Combine(SharedData.ProjectRoot, "models", "nano")))
        {
            File.WriteAllBytes(Path.Combine(_model, Path.GetFileName(file)), File.ReadAllBytes(file));
        }
    }

    public void Dispose() => Directory.Delete(_model, recursive: true);

    [Fact]
    public async Task A_whole_model_has_no_faults() => Assert.Empty(await WarningsAsync(Small));

    [Fact]
    public async Task Weights_that_were_cut_short_are_found()
    {
        using (FileStream weights = File.OpenWrite(Path.Combine(_model, "model.safetensors")))
        {
            weights.SetLength(weights.Length - 100);
        }

        Assert.Contains("may be truncated", await FaultAsync(Small));
    }

    [Fact]
    public async Task Weights_of_another_shape_are_found()
    {
        Edit("config.json", config => config["intermediate_size"] = 512);
        Assert.Contains("mlp.gate_proj.weight' has shape [384, 128], but config.json asks for [512, 128]",
            await FaultAsync(Small));
    }

    [Fact]
    public async Task A_missing_shard_is_found()
    {
        File.Move(Path.Combine(_model, "model.safetensors"), Path.Combine(_model, "model-00001-of-00002.safetensors"));
        File.WriteAllText(
            Path.Combine(_model, "model.safetensors.index.json"),
            """{"weight_map": {"model.norm.weight": "model-00002-of-00002.safetensors"}}""");
        Assert.Contains("names a shard that is not in the folder", await FaultAsync(Small));
    }

    [Fact]
    public async Task A_misspelt_adapter_target_is_found() =>
        Assert.Contains(
            "dpo.lora.target_modules cannot be used: LoRA target module 'q_porj' is no linear layer of this model. "
            + "It has q_proj",
            await FaultAsync(Small + "dpo: { lora: { target_modules: [q_porj] } }\n"));

    [Fact]
    public async Task A_prompt_set_whose_question_does_not_fit_into_the_context_is_a_fault()
    {
        Assert.Contains(
            "rft.cutoff_tokens cannot be used", await FaultAsync(Small + "rft: { cutoff_tokens: 10 }\n"));
        Edit("config.json", config => config["max_position_embeddings"] = 128);
        Assert.Contains("context holds 128", await FaultAsync("prompt_set: full\n"));

        // Where nothing is judged, there is nothing to fit.
        const string None = "iterations: 0\nrefiner_sft: { epochs: 0 }\nrft: { epochs: 0 }\nevaluation: [{ name: ifeval }]\n";
        Assert.DoesNotContain("prompt_set", await FaultAsync(None + "prompt_set: full\n"));
    }

    [Fact]
    public void Limits_that_reach_beyond_the_context_are_warned_of_with_the_numbers()
    {
        RunRecipe recipe = RecipeDocument
            .Parse($"base_model: {_model}\nprompt_set: compact\njudge: {{ max_tokens: 450 }}\n", "r.yaml")
            .Bind<RunRecipe>();
        Assert.Contains(
            "prompt_set: a judgement may take 2510 tokens and the instruction (12 for the question of compact, 2048 for "
            + "respond.max_tokens, 450 for judge.max_tokens), and the context holds 512: what is longer is cut off, or "
            + "fails.",
            ModelFiles.Warnings(recipe));
    }

    [Theory]
    [InlineData(128, 4, 512, "compact", "has 1 million parameters")]
    [InlineData(768, 12, 8192, "small", "million parameters")]
    [InlineData(4096, 8, 8192, "full", "million parameters")]
    [InlineData(4096, 8, 2048, "small", "full may take ")]
    public void The_prompt_set_comes_from_the_model_where_the_recipe_names_none(
        int hidden, int layers, int context, string set, string why)
    {
        if (hidden > 128)
        {
            Enlarge(hidden, layers, context);
        }

        RunRecipe recipe = RecipeDocument.Parse($"base_model: {_model}\n", "r.yaml").Bind<RunRecipe>();
        Assert.Equal("auto", recipe.Method.PromptSet);
        (string Set, string Why) derived = PromptSets.Derived(recipe)!.Value;
        Assert.Equal(set, derived.Set);
        Assert.Contains(why, derived.Why, StringComparison.Ordinal);
        Assert.Equal(set, PromptSets.Resolve(recipe).Method.PromptSet);
    }

    [Fact]
    public void A_served_model_is_asked_by_the_full_set_and_a_recipes_own_word_counts()
    {
        RunRecipe served = RecipeDocument.Parse("base_model: http://127.0.0.1:1/v1#m\n", "r.yaml").Bind<RunRecipe>();
        Assert.Equal("full", PromptSets.Of(served));
        RunRecipe named = RecipeDocument.Parse($"base_model: {_model}\nprompt_set: small\n", "r.yaml").Bind<RunRecipe>();
        Assert.Null(PromptSets.Derived(named));
        Assert.Equal("small", PromptSets.Of(named));
    }

    [Fact]
    public async Task Servers_are_asked_once_and_everything_wrong_is_in_one_list()
    {
        using LoopbackServer good = new(_ => LoopbackServer.Says("yes"));
        using LoopbackServer locked = new(_ => new Reply(401, """{"error": {"message": "Incorrect API key"}}"""));
        string gone = $"http://127.0.0.1:{FreePort.Next()}/v1#m";
        string fault = await FaultAsync(
            $"{Small}votes: 0\njudging:\n  judges: ['{good.Address}#m', '{locked.Address}#m', '{gone}', 'ftp://x#m']\n");
        Assert.Contains("votes must be at least 1", fault);
        Assert.Contains("Incorrect API key", fault);
        Assert.Contains(gone.Split('#')[0], fault);
        Assert.Contains("'ftp://x#m' names no served model", fault);
        Assert.Equal(4, fault.Split('\n').Length);
        Assert.Single(good.Requests);
        Assert.Single(locked.Requests);
    }

    private const string Small = "prompt_set: compact\nrespond: { max_tokens: 64 }\njudge: { max_tokens: 200 }\n";

    // A model of another size: its headers are whole, and its weights are a hole in the file.
    private void Enlarge(int hidden, int layers, int context)
    {
        Edit("config.json", config =>
        {
            config["hidden_size"] = hidden;
            config["num_hidden_layers"] = layers;
            config["max_position_embeddings"] = context;
            config["intermediate_size"] = 3 * hidden;
            config["head_dim"] = 64;
            config["num_attention_heads"] = hidden / 64;
            config["num_key_value_heads"] = hidden / 64;
        });
        JsonObject header = [];
        long at = 0;
        foreach ((string name, IReadOnlyList<int> shape) in ModelTensors.Shapes(
            ModelConfigFile.Load(Path.Combine(_model, "config.json"))).Select(one => (one.Name, (IReadOnlyList<int>)one.Shape)))
        {
            long bytes = shape.Aggregate(2L, (product, size) => product * size);
            header[name] = new JsonObject
            {
                ["dtype"] = "BF16",
                ["shape"] = new JsonArray([.. shape.Select(size => JsonValue.Create(size))]),
                ["data_offsets"] = new JsonArray(at, at + bytes),
            };
            at += bytes;
        }

        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        using FileStream file = File.Create(Path.Combine(_model, "model.safetensors"));
        file.Write(BitConverter.GetBytes((long)json.Length));
        file.Write(json);
        file.SetLength(8 + json.Length + at);
    }

    private void Edit(string name, Action<JsonObject> edit)
    {
        string path = Path.Combine(_model, name);
        JsonObject json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        edit(json);
        File.WriteAllText(path, json.ToJsonString());
    }

    private async Task<string> FaultAsync(string more) =>
        (await Assert.ThrowsAnyAsync<UserFaultException>(() => WarningsAsync(more))).Message;

    private async Task<IReadOnlyList<string>> WarningsAsync(string more) =>
        (
            await Preflight.ReadAsync(
                RecipeDocument.Parse($"base_model: {_model}\n{more}", "r.yaml"), _model, CancellationToken.None)
        ).Warnings;
}
