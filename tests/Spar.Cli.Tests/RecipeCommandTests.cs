using System.Text.Json;
using System.Text.Json.Nodes;
using Spar.Cli.Recipes;
using Spar.Ground;
using Spar.Store;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

public sealed class RecipeCommandTests : IDisposable
{
    private readonly string _work = Directory.CreateTempSubdirectory("spar-recipes").FullName;

    public void Dispose() => Directory.Delete(_work, recursive: true);

    public static TheoryData<string> Kinds => [.. RecipeKind.All.Select(kind => kind.Name)];

    private static string Folder => Path.Combine(SharedData.ProjectRoot, "recipes");

    private string Write(string yaml)
    {
        string path = Path.Combine(_work, "r.yaml");
        File.WriteAllText(path, $"base_model: {Path.Combine(SharedData.ProjectRoot, "models", "nano")}\nprompt_set: compact\n{yaml}");
        return path;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_published_schema_is_up_to_date(string name)
    {
        RecipeKind kind = RecipeKind.All.Single(kind => kind.Name == name);
        string file = Path.Combine(Folder, kind.SchemaFile);
        Assert.True(RecipeSchema.Write(kind) == File.ReadAllText(file), $"Write it again: spar recipe schema --kind {name} > recipes/{kind.SchemaFile}");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_reference_has_every_key(string name)
    {
        RecipeKind kind = RecipeKind.All.Single(kind => kind.Name == name);
        string table = RecipeText.Reference(kind.Type);
        string docs = File.ReadAllText(Path.Combine(SharedData.ProjectRoot, "docs", "recipes.md"));
        Assert.True(docs.Contains(table, StringComparison.Ordinal), $"Put the table of spar recipe schema --kind {name} --markdown into docs/recipes.md again.");
        Assert.All(table.Split('\n', StringSplitOptions.RemoveEmptyEntries), row => Assert.DoesNotContain("|  |\n", row + "\n", StringComparison.Ordinal));
    }

    [Fact]
    public void The_schema_describes_types_values_and_what_is_needed()
    {
        JsonNode schema = JsonNode.Parse(RecipeSchema.Write(RecipeKind.Run))!;
        JsonNode keys = schema["properties"]!;
        Assert.Equal("base_model", Assert.Single(schema["required"]!.AsArray())!.GetValue<string>());
        Assert.Equal(["breadth_first", "depth_first"], keys["search"]!["properties"]!["order"]!["enum"]!.AsArray().Select(value => value!.GetValue<string>()));
        Assert.Equal("breadth_first", keys["search"]!["properties"]!["order"]!["default"]!.GetValue<string>());
        Assert.Equal(("number", 2e-7), (keys["dpo"]!["properties"]!["learning_rate"]!["type"]!.GetValue<string>(), keys["dpo"]!["properties"]!["learning_rate"]!["default"]!.GetValue<double>()));
        Assert.Equal("string", keys["judging"]!["properties"]!["judges"]!["items"]!["type"]!.GetValue<string>());
        Assert.Null(keys["dpo"]!["required"]);
        AllDescribed(schema);

        static void AllDescribed(JsonNode group)
        {
            Assert.False(group["additionalProperties"]!.GetValue<bool>());
            foreach ((string name, JsonNode? key) in group["properties"]!.AsObject())
            {
                Assert.True(key!["description"]?.GetValue<string>().Length > 5, name);
                if (key["properties"] is not null)
                {
                    AllDescribed(key);
                }
            }
        }
    }

    [Fact]
    public void Shipped_recipes_name_a_schema_that_is_there()
    {
        foreach (string path in Directory.GetFiles(Folder, "*.yaml").Append(Path.Combine(SharedData.ProjectRoot, "tests", "recipes", "kill-and-resume.yaml")))
        {
            string first = File.ReadLines(path).First();
            Assert.StartsWith("# yaml-language-server: $schema=", first, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(Path.GetDirectoryName(path)!, first.Split('=')[1])), path);
        }
    }

    [Fact]
    public void A_resolved_recipe_has_every_key_and_reads_back_the_same()
    {
        foreach (string path in new[] { Path.Combine(Folder, "quickstart.yaml"), Write("judging: { judges: [refiner, 'http://a/v1#m'], verifiers: [length] }\nrft: { learning_rate: 3e-05 }\n") })
        {
            RunFile recipe = StrictYaml.ReadFile<RunFile>(path);
            string resolved = RecipeText.Resolved(recipe);
            Assert.Equal(Json(recipe), Json(StrictYaml.Read<RunFile>(resolved, "resolved")));
            Assert.Equal(RecipeKey.Of(typeof(RunFile)).Sum(Keys), resolved.Split('\n').Count(line => line.Contains(':', StringComparison.Ordinal)));
        }

        static string Json(RunFile recipe) => JsonSerializer.Serialize(recipe, JsonSettings.Compact);

        // A group that is not given at all is one line.
        static int Keys(RecipeKey key) => 1 + (key.Value is null && RecipeKey.IsGroup(key.Type) ? 0 : key.Children.Sum(Keys));
    }

    [Fact]
    public async Task Check_names_every_fault_with_its_place()
    {
        (int code, string output, _) = await CliRunner.RunAsync("", "recipe", "check", Write("votes: 3\n"));
        Assert.Equal(0, code);
        Assert.Contains("can be run", output, StringComparison.Ordinal);
        string path = Write("votes: 0\nsearch:\n  max_depth: 0\n  gate: 2\nsft_prompts: 0\nnano: { stories: 3 }\njudging:\n  verifiers: [lenth]\n  judges: [no/such]\n");
        await CliRunner.FailsAsync(
            ["recipe", "check", path],
            $"{path}:3:1: votes must be at least 1 (it is 0).",
            $"{path}:5:3: search.max_depth must be at least 1 (it is 0).",
            $"{path}:6:3: search.gate must be between 0 and 1 (it is 2).",
            $"{path}:7:1: sft_prompts must be above 0 unless actor_sft.epochs is 0 (it is 0).",
            $"{path}:8:9: nano.stories must be between 0 and 1 (it is 3).",
            $"{path}:10:3: judging.verifiers cannot be used: The nano world has no constraint 'lenth'.",
            $"{path}:11:3: judging.judges must name checkpoints");
        await CliRunner.FailsAsync(["run", path], $"{path}:3:1: votes");
        await CliRunner.FailsAsync(["recipe", "check", Write("serch: {}\n")], ":3:1: unknown key 'serch'. Did you mean 'search'?");
    }

    [Fact]
    public async Task A_template_without_its_placeholder_is_refused()
    {
        string prompts = Directory.CreateDirectory(Path.Combine(_work, "prompts")).FullName;
        File.WriteAllText(Path.Combine(prompts, "judge.txt"), "judge {instruction}");
        File.WriteAllText(Path.Combine(prompts, "refine.txt"), "refine {instruction} {response} {critique}");
        File.WriteAllText(Path.Combine(prompts, "format.json"), """{ "verdict": "judgement:", "responseStart": "refined:" }""");
        string path = Path.Combine(_work, "p.yaml");
        File.WriteAllText(path, $"base_model: {Path.Combine(SharedData.ProjectRoot, "models", "nano")}\n# wording\nprompt_set: {prompts}\n");
        await CliRunner.FailsAsync(["recipe", "check", path], $"{path}:3:1: prompt_set", "judge.txt", "{response}");
    }

    [Fact]
    public async Task Show_prints_the_recipe_and_schema_the_schema()
    {
        string path = Write("votes: 3 # three\n");
        Assert.Contains("# three", (await CliRunner.RunAsync("", "recipe", "show", path)).Output, StringComparison.Ordinal);
        string resolved = (await CliRunner.RunAsync("", "recipe", "show", path, "--resolved")).Output;
        Assert.Contains("votes: 3\njudging:\n  valuation: votes\n", resolved, StringComparison.Ordinal);
        Assert.Equal(RecipeSchema.Write(RecipeKind.Pretrain), (await CliRunner.RunAsync("", "recipe", "schema", "--kind", "pretrain")).Output);
        Assert.Contains("| `search.branch` | 3 |", (await CliRunner.RunAsync("", "recipe", "schema", "--markdown")).Output, StringComparison.Ordinal);
    }
}
