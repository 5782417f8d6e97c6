using System.Text.Json;
using Microsoft.Data.Sqlite;
using Spar.Experiments.Synthetic;
using Spar.Judging;
using Spar.Recipes;
using Spar.Runtime.Composition;
using Spar.Runtime.Nano;
using Spar.Runtime.Recipes;
using Spar.Store;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Composition;

/// <summary>Which run directories belong to which recipes.</summary>
public sealed class RunIdentityTests : IDisposable
{
    private readonly string _work = Directory.CreateTempSubdirectory("spar-identity").FullName;

    public void Dispose() => Directory.Delete(_work, recursive: true);

    private static string Nano => Path.Combine(SharedData.ProjectRoot, "models", "nano");

    private static RunRecipe Quickstart(params string[] settings) => RecipeDocument.Read(
        Path.Combine(
            SharedData.ProjectRoot, "recipes",
            "quickstart-votes.yaml"), [$"base_model={Nano}", .. settings]).Bind<RunRecipe>();

    [Fact]
    public void What_decides_no_result_does_not_matter() =>
        Assert.Empty(Differences(Quickstart(), Quickstart("concurrency=3")));

    [Theory]
    [InlineData("dpo.learning_rate=2e-4", "dpo.learning_rate was 0.00015, is 0.0002")]
    [InlineData("search.order=dfs", "search.order was bfs, is dfs")]
    [InlineData("prompt_set=full", "prompt_set was compact, is full")]
    [InlineData("judging.verifiers=[length]", "judging.verifiers.0 was not set, is length")]
    [InlineData("nano.held_out_judged=3", "nano.held_out_judged was not set, is 3")]
    [InlineData("seed=18446744073709551615", "seed was 1, is 18446744073709551615")]
    public void A_difference_is_told_in_the_recipes_words(string setting, string difference) =>
        Assert.Equal(difference, Assert.Single(Differences(Quickstart(), Quickstart(setting))));

    [Fact]
    public void Every_key_that_decides_results_is_part_of_it()
    {
        // As an earlier version wrote the same recipe's, less what supervised training never used.
        IEnumerable<string> earlier = Earlier().Keys.Where(key => !key.EndsWith("ft.beta", StringComparison.Ordinal)
            && !key.EndsWith("ft.sftWeight", StringComparison.Ordinal));
        Assert.Equal(
            earlier.Select(RecipeKey.Spell).Order(StringComparer.Ordinal), RunIdentities.Of(Quickstart()).Values.Keys);
    }

    [Fact]
    public void A_model_is_the_same_wherever_it_lies_and_another_when_its_files_change()
    {
        string copy = Copy("copy");
        Assert.Empty(Differences(Quickstart(), Quickstart($"base_model={copy}")));
        Assert.Empty(Differences(Quickstart($"base_model={copy}"), Quickstart($"base_model={copy}/./")));
        File.WriteAllText(Path.Combine(copy, "README.md"), "Another description.");
        Assert.Empty(Differences(Quickstart(), Quickstart($"base_model={copy}")));

        RunIdentity before = RunIdentities.Of(Quickstart($"base_model={copy}"));
        File.AppendAllText(Path.Combine(copy, "config.json"), " ");
        Assert.Equal(
            $"base_model is still {copy}, but its content is not what the run began with",
            Assert.Single(before.DifferencesFrom(RunIdentities.Of(Quickstart($"base_model={copy}")))).ToString());
        Assert.Equal(
            $"base_model was {Nano}, is {copy}", Assert.Single(
                Differences(Quickstart(), Quickstart($"base_model={copy}"))));
    }

    [Fact]
    public void A_served_model_is_the_same_on_another_host()
    {
        RunRecipe Judged(string judge) => Quickstart($"judging.judges=[refiner, '{judge}']");
        Assert.Empty(Differences(Judged("http://a:8000/v1#qwen, big"), Judged("https://b/v1#qwen, big")));
        Assert.Equal(
            "judging.judges.1 was http://a/v1#m, is http://a/v1#n",
            Assert.Single(Differences(Judged("http://a/v1#m"), Judged("http://a/v1#n"))));
    }

    [Fact]
    public void A_constraint_file_counts_by_its_text()
    {
        string first = Path.Combine(_work, "first.jsonl");
        string second = Path.Combine(_work, "second.jsonl");
        File.WriteAllText(first, "{}");
        File.WriteAllText(second, "{}");
        Assert.Empty(Differences(
            Quickstart($"judging.constraint_file={first}"), Quickstart($"judging.constraint_file={second}")));
        RunIdentity before = RunIdentities.Of(Quickstart($"judging.constraint_file={first}"));
        File.WriteAllText(first, "{ }");
        Assert.Single(before.DifferencesFrom(RunIdentities.Of(Quickstart($"judging.constraint_file={first}"))));
    }

    [Fact]
    public void A_run_of_an_earlier_version_is_still_its_recipes_and_from_then_on_knows_its_model()
    {
        string run = Path.Combine(_work, "run");
        RunStore.Open(run, RunIdentities.Of(Quickstart())).Dispose();
        SetIdentity(run, JsonSerializer.Serialize(Earlier()));
        using (RunStore reading = RunStore.OpenForReading(run))
        {
            Assert.Equal(
                ("3", "models/nano"), (reading.Identity.Values["iterations"], reading.Identity.Values["base_model"]));
        }

        Assert.Contains(
            "dpo.learning_rate was 0.00015, is 0.01",
            Assert.Throws<SparException>(
                () => RunStore.Open(run, RunIdentities.Of(Quickstart("dpo.learning_rate=0.01")))).Message,
            StringComparison.Ordinal);
        RunStore.Open(run, RunIdentities.Of(Quickstart())).Dispose();

        string copy = Copy("changed");
        File.AppendAllText(Path.Combine(copy, "config.json"), " ");
        Assert.Contains(
            "base_model was", Assert.Throws<SparException>(
                () => RunStore.Open(run, RunIdentities.Of(Quickstart($"base_model={copy}")))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_earlier_identity_with_lists_and_files_is_read()
    {
        string file = Path.Combine(_work, "c.jsonl");
        File.WriteAllText(file, "{}");
        RunRecipe recipe = Quickstart(
            $"judging.constraint_file={file}", "judging.verifiers=[length, words]", "dpo.lora={ rank: 4 }",
            "search.order=dfs");
        Dictionary<string, string> earlier = Earlier();
        earlier["judging.constraintFile"] = $"elsewhere/c.jsonl {Ground.StableHash.Of("{}"):x16}";
        earlier["judging.verifiers.0"] = "length";
        earlier["judging.verifiers.1"] = "words";
        earlier["dpo.lora.rank"] = "4";
        earlier["dpo.lora.alpha"] = "16";
        earlier["dpo.lora.targetModules.0"] = "all-linear";
        earlier["search.order"] = "depthFirst";
        string run = Path.Combine(_work, "run");
        RunStore.Open(run, RunIdentities.Of(recipe)).Dispose();
        SetIdentity(run, JsonSerializer.Serialize(earlier));
        RunStore.Open(run, RunIdentities.Of(recipe)).Dispose();
        SetIdentity(run, JsonSerializer.Serialize(earlier));
        JudgingSettings fewer = recipe.Method.Judging with { Verifiers = ["length"] };
        RunIdentity other = RunIdentities.Of(recipe with { Method = recipe.Method with { Judging = fewer } });
        Assert.Contains(
            "judging.verifiers.1 was words, is not set",
            Assert.Throws<SparException>(() => RunStore.Open(run, other)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://a/v1#m", "http://b:8000/v1#m", true)]
    [InlineData("http://a/v1#m", "http://a/v1#n", false)]
    public void A_served_judge_of_an_earlier_run_is_known_by_its_name(string earlier, string now, bool same)
    {
        string run = Path.Combine(_work, "run");
        RunStore.Open(run, RunIdentities.Of(Quickstart($"judging.judges=['{now}']"))).Dispose();
        Dictionary<string, string> values = new(Earlier()) { ["judging.judges.0"] = earlier };
        SetIdentity(run, JsonSerializer.Serialize(values));
        using RunStore reading = RunStore.OpenForReading(run);
        RunIdentity wanted = RunIdentities.Of(Quickstart($"judging.judges=['{now}']"));
        Assert.Equal(same, reading.Identity.DifferencesFrom(wanted).Count == 0);
    }

    [Fact]
    public void An_earlier_comparison_of_pairs_knows_whether_its_letters_were_fresh()
    {
        RunIdentity Fresh(string? change) =>
            new PairSettings().Identity(NanoSyntheticProblem.Letters, RunIdentities.OfModel(Nano), 1, change);
        string run = Path.Combine(_work, "run");
        RunStore.Open(run, Fresh(null)).Dispose();
        Dictionary<string, string> earlier = Fresh(null).Values.ToDictionary();
        earlier.Remove("base_model");
        earlier["baseModel"] = "models/nano with fresh letters";
        SetIdentity(run, JsonSerializer.Serialize(earlier));
        using RunStore reading = RunStore.OpenForReading(run);
        Assert.Empty(reading.Identity.DifferencesFrom(Fresh("with fresh letters")));
        Assert.Single(reading.Identity.DifferencesFrom(Fresh(null)));
    }

    private static IEnumerable<string> Differences(RunRecipe run, RunRecipe recipe) =>
        RunIdentities.Of(run).DifferencesFrom(RunIdentities.Of(recipe)).Select(difference => difference.ToString());

    private static Dictionary<string, string> Earlier() => JsonSerializer.Deserialize<Dictionary<string, string>>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "earlier-identity.json")))!;

    private static void SetIdentity(string run, string json)
    {
        using SqliteConnection connection = new($"Data Source={Path.Combine(run, "run.db")};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "UPDATE meta SET value = $json WHERE key = 'identity'";
        command.Parameters.AddWithValue("$json", json);
        Assert.Equal(1, command.ExecuteNonQuery());
    }

    private string Copy(string name)
    {
        string copy = Directory.CreateDirectory(Path.Combine(_work, name)).FullName;
        foreach (string file in Directory.GetFiles(Nano))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)), overwrite: true);
        }

        return copy;
    }
}
