using System.Text.Json.Nodes;
using Spar.Nano;
using Spar.Runtime.Composition;
using Spar.Runtime.Models;
using Spar.Runtime.Recipes;
using Spar.Runtime.Tests.Endpoints;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Composition;

/// <summary>Actor and refiner that start from models of their own.</summary>
public sealed class RoleModelTests : IDisposable
{
    private static readonly string s_nano = Path.Combine(SharedData.ProjectRoot, "models", "nano");

    private readonly string _folder = Directory.CreateTempSubdirectory("spar-roles").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_served_refiner_that_is_not_trained_plays_with_a_checkpoint_that_is()
    {
        using LoopbackServer server = new((_, request) => Refine(request));
        RunRecipe recipe = Recipe($"refiner_model: {server.Address}#judge", "rft: { epochs: 0 }");
        using (RunStore store = RunStore.Open(_folder, RunIdentities.Of(recipe)))
        {
            await RunComposer
                .Compose(recipe, store, 1, new SilentObserver(), TimeProvider.System)
                .RunAsync(CancellationToken.None);
            Assert.NotEmpty(DataProduct.Find(store, 1)!.Pairs);
            Assert.NotEmpty(store.FindProduct<TrainedProduct>(StageNames.Actor(1))!.Steps);
        }

        // All that judges and refines went to the server, and only that.
        Assert.NotEmpty(server.Requests);
        Assert.All(server.Requests, request => Assert.Matches("^(judge|refine)\n", Asked(request)));

        // The run directory stands for its last models, the refiner's being the one that it started from.
        Assert.Equal($"{server.Address}#judge", ModelReference.Resolve(_folder, ModelRole.Refiner).Location);
        Assert.EndsWith("actor-1", ModelReference.Resolve(_folder).Location, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("refiner_model: SERVED", "", "refiner_model must be a checkpoint", "set rft.epochs to 0")]
    [InlineData("actor_model: SERVED", "", "actor_model must be a checkpoint", "set dpo.epochs to 0")]
    [InlineData("actor_model: nowhere", "", "actor_model must name the folder", "nowhere")]
    [InlineData("refiner_model: OTHER", "method: self_rewarding", "refiner_model must be what the other", "base_model")]
    public void What_cannot_be_trained_or_found_is_refused_by_its_key(
        string keys,
        string more,
        string words,
        string remedy
    )
    {
        CopyNano("other");
        string text = keys.Replace("SERVED", "http://127.0.0.1:9/v1#m", StringComparison.Ordinal)
            .Replace("OTHER", Path.Combine(_folder, "other"), StringComparison.Ordinal);
        SparException fault = Assert.Throws<SparException>(() => Recipe(text, more));
        string line = Assert.Single(fault.Message.Split('\n'));
        Assert.Contains(words, line, StringComparison.Ordinal);
        Assert.Contains(remedy, line, StringComparison.Ordinal);
    }

    [Fact]
    public void Base_model_may_be_served_where_both_parts_have_models_of_their_own()
    {
        CopyNano("other");
        string other = Path.Combine(_folder, "other");
        RunRecipe recipe = Recipe($"actor_model: {s_nano}\nrefiner_model: {other}", "", "http://127.0.0.1:9/v1#m");
        Assert.Equal((s_nano, other), (recipe.Method.ActorStart, recipe.Method.RefinerStart));
        IReadOnlyDictionary<string, string> identity = RunIdentities.Of(recipe).Values;
        Assert.Contains("sha256:", identity["actor_model"], StringComparison.Ordinal);
        Assert.Contains("sha256:", identity["refiner_model"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_recipe_lists_the_trainings_that_its_run_makes()
    {
        Assert.Equal(["actor_sft Actor 1", "refiner_sft Refiner 1", "dpo Actor 3", "rft Refiner 3"], Of(""));
        Assert.Equal(["actor_sft Actor 1", "refiner_sft Refiner 1"], Of("iterations: 0"));
        Assert.Equal(
            ["actor_sft Actor 1", "refiner_sft Refiner 1", "dpo Actor 1", "rft Refiner 1"],
            Of("iterative_training: false")
        );
        Assert.Equal(["refiner_sft Refiner 1", "dpo Actor 3"], Of("method: autoif\nactor_sft: { epochs: 0 }"));
        Assert.Equal(
            [
                "actor_sft Actor 1",
                "refiner_sft Refiner 1",
                "refiner_sft Actor 1",
                "backward_sft Actor 1",
                "iteration_sft Actor 3",
            ],
            Of("method: humpback")
        );

        static string[] Of(string keys) =>
            [
                .. RecipeDocument
                    .Parse($"base_model: m\n{keys}", "r.yaml")
                    .Bind<RunRecipe>()
                    .Method.Trainings()
                    .Select(one => $"{one.Key} {one.Role} {one.Times}"),
            ];
    }

    private static string Asked(JsonNode request) => request["messages"]!.AsArray()[^1]!["content"]!.GetValue<string>();

    // Whatever comes from the checkpoint is bad, and mended at once.
    private static Reply Refine(JsonNode request)
    {
        string asked = Asked(request);
        return LoopbackServer.Says(
            asked.StartsWith("refine\n", StringComparison.Ordinal) ? "mend it\nrefined: the cat is served"
            : $"read\njudgement: {(asked.Contains("the cat is served", StringComparison.Ordinal) ? "yes" : "no")}"
        );
    }

    private void CopyNano(string name)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        foreach (string file in Directory.GetFiles(s_nano))
        {
            File.WriteAllBytes(Path.Combine(folder, Path.GetFileName(file)), File.ReadAllBytes(file));
        }
    }

    private static RunRecipe Recipe(string models, string more, string? baseModel = null) =>
        RunComposer.Read(
            RecipeDocument.Parse(
                $$"""
                seed: 3
                base_model: {{baseModel ?? s_nano}}
                {{models}}
                prompt_set: compact
                iterations: 1
                actor_sft: { epochs: 0 }
                refiner_sft: { epochs: 0 }
                prompts_per_iteration: 4
                responses: 2
                votes: 1
                concurrency: 4
                respond: { temperature: 0.9, top_p: 0.9, max_tokens: 48 }
                judge: { max_tokens: 200 }
                dpo: { warmup_ratio: 0 }
                search: { branch: 2, max_depth: 1 }
                nano: { held_out_prompts: 2, held_out_repairs: 1 }
                {{more}}
                """,
                "recipe"
            )
        );
}
