using System.Text.Json.Nodes;
using Spar.Recipes;
using Spar.Runtime.Composition;
using Spar.Runtime.Pretraining;
using Spar.Runtime.Recipes;
using Spar.SelfPlay;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Recipes;

/// <summary>What is derived from the facts beside the keys, and that no key lacks them.</summary>
public sealed class RecipeKeyTests
{
    public static TheoryData<Type> Recipes =>
        [typeof(RunRecipe), typeof(PretrainRecipe), typeof(SyntheticRecipe)];

    public static TheoryData<string> Kinds => [.. RecipeKind.All.Select(kind => kind.Name)];

    private static string Folder => Path.Combine(SharedData.ProjectRoot, "recipes");

    private static RecipeKind Kind(string name) => RecipeKind.All.Single(kind => kind.Name == name);

    [Theory]
    [MemberData(nameof(Recipes))]
    public void Every_key_has_its_meaning_and_every_number_its_range(Type recipe)
    {
        Assert.All(AllKeys(recipe), key =>
        {
            Assert.True(KeyDescriptions.Of(key.Property).Length > 3, $"{key} has no docstring.");
            Assert.True(!key.IsNumber || key.Type == typeof(ulong) || key.Range is not null, $"{key} has no [Range].");
            Assert.True(key.IsNumber || key.Range is null, $"{key} has a [Range] and is no number.");
            Assert.True(
                key.Type != typeof(string) || key.MayBeNull || key.NotEmpty, $"{key} is a text without [MinLength].");
            Assert.True(
                key.Type != typeof(string) || key.RefersTo is not null || key.Decides == Results.None,
                $"{key} is a text without [RefersTo].");
        });
    }

    [Fact]
    public void Every_key_of_a_run_says_which_results_it_decides() => Assert.All(
        RecipeKey.OfType(typeof(RunRecipe)),
        key => Assert.True(key.Property.IsDefined(typeof(DecidesAttribute), false), $"{key} has no [Decides]."));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Defaults_keep_to_their_ranges(string name)
    {
        RecipeCheck check = new();
        check.Keys(Kind(name).Type == typeof(RunRecipe)
            ? RecipeDocument.Parse("base_model: m", "r").Bind<RunRecipe>()
            : RecipeDocument.Parse("output: o\nwork: w", "r").Bind<PretrainRecipe>());
        check.ThrowIfFaulty();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_published_schema_is_up_to_date(string name)
    {
        string file = Path.Combine(Folder, Kind(name).SchemaFile);
        Assert.True(
            Kind(name).Schema() == File.ReadAllText(file),
            $"Write it again: spar recipe schema --kind {name} > recipes/{Kind(name).SchemaFile}");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_reference_has_every_key(string name)
    {
        string table = RecipeText.Reference(Kind(name).Type);
        string docs = File.ReadAllText(Path.Combine(SharedData.ProjectRoot, "docs", "recipes.md"));
        Assert.True(
            docs.Contains(table, StringComparison.Ordinal),
            $"Put the table of spar recipe schema --kind {name} --markdown into docs/recipes.md again.");
    }

    [Fact]
    public void The_schema_describes_types_ranges_values_and_what_is_needed()
    {
        JsonNode schema = JsonNode.Parse(RecipeKind.Run.Schema())!;
        JsonNode keys = schema["properties"]!;
        JsonNode Key(string group, string name) => keys[group]!["properties"]![name]!;
        Assert.Equal("base_model", Assert.Single(schema["required"]!.AsArray())!.GetValue<string>());
        Assert.Equal(
            ["bfs", "dfs"], Key("search", "order")["enum"]!.AsArray().Select(
                value => value!.GetValue<string>()));
        Assert.Equal("bfs", Key("search", "order")["default"]!.GetValue<string>());
        Assert.Equal(
            ("number", 2e-7, 0),
            (
                Key("dpo", "learning_rate")["type"]!.GetValue<string>(),
                Key("dpo", "learning_rate")["default"]!.GetValue<double>(),
                Key("dpo", "learning_rate")["exclusiveMinimum"]!.GetValue<int>()));
        Assert.Equal(1, keys["votes"]!["minimum"]!.GetValue<int>());
        Assert.Null(keys["votes"]!["maximum"]);
        Assert.Equal(
            (0, 1),
            (Key("search", "gate")["minimum"]!.GetValue<int>(), Key("search", "gate")["maximum"]!.GetValue<int>()));
        Assert.Equal("""["integer","null"]""", Key("nano", "held_out_judged")["type"]!.ToJsonString());
        Assert.Equal("string", Key("judging", "judges")["items"]!["type"]!.GetValue<string>());
        Assert.Equal(1, Key("dpo", "lora")["properties"]!["target_modules"]!["minItems"]!.GetValue<int>());
        Assert.Null(keys["dpo"]!["required"]);
        AllClosed(schema);

        static void AllClosed(JsonNode group)
        {
            Assert.False(group["additionalProperties"]!.GetValue<bool>());
            Assert.All(
                group["properties"]!.AsObject().Where(key => key.Value!["properties"] is not null),
                key => AllClosed(key.Value!));
        }
    }

    [Fact]
    public void Shipped_recipes_name_a_schema_that_is_there()
    {
        foreach (string path in Directory.GetFiles(Folder, "*.yaml")
            .Append(Path.Combine(SharedData.ProjectRoot, "tests", "recipes", "kill-and-resume.yaml")))
        {
            string first = File.ReadLines(path).First();
            Assert.StartsWith("# yaml-language-server: $schema=", first, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(Path.GetDirectoryName(path)!, first.Split('=')[1])), path);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(
        "judging: { judges: [refiner, 'http://a/v1#m'], verifiers: [length] }\nrft: { learning_rate: 3e-05 }\n")]
    [InlineData(
        "judging: { constraint_file: 'null', verifiers: ['~', 'a: b', '# c', ''] }\nnano: { held_out_judged: 3 }\n")]
    [InlineData("dpo: { lora: { rank: 4 } }\n")]
    public void A_resolved_recipe_has_every_key_and_reads_back_the_same(string yaml)
    {
        RunRecipe recipe = RecipeDocument.Parse($"base_model: models/nano\n{yaml}", "r").Bind<RunRecipe>();
        string resolved = RecipeText.Resolved(recipe);
        RunRecipe again = RecipeDocument.Parse(resolved, "resolved").Bind<RunRecipe>();
        Assert.Equal(Flat(recipe), Flat(again));
        Assert.All(
            AllKeys(RecipeKey.OfValue(recipe), lists: false),
            key => Assert.Contains($"{key.Name}:", resolved, StringComparison.Ordinal));

        static string Flat(RunRecipe recipe) => string.Join('\n', RecipeKeys.Deciding(recipe, (_, text) => text));
    }

    [Fact]
    public void The_start_of_a_recipe_has_nothing_of_self_play()
    {
        RunRecipe recipe = RecipeDocument.Parse(
            "base_model: m\nseed: 4\nvotes: 3\nresponses: 7\nmethod: self\niterations: 9\ndpo: { beta: 3 }\n"
            + "judging: { verifiers: [length] }\n"
            + "actor_sft: { epochs: 2 }\nnano: { stories: 0.5, check_error: 0.5 }\n", "r").Bind<RunRecipe>();
        RunRecipe plain = RecipeDocument.Parse(
            "base_model: m\nseed: 4\nvotes: 3\niterations: 0\nactor_sft: { epochs: 2 }\nnano: { stories: 0.5 }\n",
            "r").Bind<RunRecipe>();
        Assert.Equal(RecipeText.Resolved(plain), RecipeText.Resolved(recipe.Start()));
        Assert.Equal((9, 0.5), (recipe.Method.Iterations, recipe.Nano.CheckError));
        Assert.Equal((RowName.Iteration(9), RowName.Sft), (recipe.LastRow, recipe.Start().LastRow));
    }

    private static IEnumerable<RecipeKey> AllKeys(Type recipe) => AllKeys(RecipeKey.OfType(recipe));

    private static IEnumerable<RecipeKey> AllKeys(IEnumerable<RecipeKey> keys, bool lists = true) =>
        keys.SelectMany(key =>
            (key.Value is null && key.HoldsGroup) || (!lists && !key.HoldsGroup)
                ? [key]
                : AllKeys(key.Children, lists).Prepend(key));
}
