using Spar.Runtime.Composition;
using Spar.Runtime.Recipes;
using Spar.Seams;
using Spar.Search;

namespace Spar.Runtime.Tests.Recipes;

public sealed class RecipeDocumentTests : IDisposable
{
    private readonly string _work = Directory.CreateTempSubdirectory("spar-recipe-documents").FullName;

    public void Dispose() => Directory.Delete(_work, recursive: true);

    private static RunRecipe Bind(string yaml) => RecipeDocument.Parse(yaml, "r.yaml").Bind<RunRecipe>();

    private static string Fault(string yaml) =>
        Assert.ThrowsAny<SparException>(() => Bind(yaml)).Message;

    [Fact]
    public void A_recipe_changes_only_what_it_names()
    {
        RunRecipe recipe = Bind(
            "base_model: models/nano\ndpo: { beta: 0.2, learning_rate: 1e-4 }\nsearch: { order: dfs }\n");
        Assert.Equal("models/nano", recipe.Method.BaseModel);
        Assert.Equal(0.2, recipe.Method.Dpo.Beta);
        Assert.Equal(LearningRateSchedule.Linear, recipe.Method.Dpo.Schedule);
        Assert.Equal(SearchOrder.Dfs, recipe.Method.Search.Order);
        Assert.Equal(3, recipe.Method.Search.Branch);
        Assert.Equal(10_000, recipe.Method.PromptsPerIteration);
        Assert.Equal(500, recipe.Nano.HeldOutPrompts);
        Assert.Null(recipe.Method.Dpo.Lora);
    }

    [Fact]
    public void A_recipe_may_train_adapters()
    {
        RunRecipe recipe = Bind(
            "base_model: m\ndpo: { lora: { rank: 4, target_modules: [q_proj, v_proj] } }\n"
            + "rft: { lora: { alpha: 0 } }\n");
        Assert.Equal((4, 16.0), (recipe.Method.Dpo.Lora!.Rank, recipe.Method.Dpo.Lora.Alpha));
        Assert.Equal(["q_proj", "v_proj"], recipe.Method.Dpo.Lora.TargetModules);
        Assert.Equal(["all-linear"], recipe.Method.Rft.Lora!.TargetModules);
        Assert.Contains(
            "rft.lora.alpha must be above 0", Assert.ThrowsAny<SparException>(recipe.Method.Validate).Message);
    }

    [Theory]
    [InlineData("base_model: m\ndpo:\n  bta: 0.1\n", "r.yaml:3:3: unknown key 'dpo.bta'. Did you mean 'beta'?")]
    [InlineData("base_model: m\nactor_sft:\n  beta: 0.1\n", "r.yaml:3:3: unknown key 'actor_sft.beta'.")]
    [InlineData("base_model: m\nrft: { sft_weight: 1 }\n", "r.yaml:2:8: unknown key 'rft.sft_weight'.")]
    [InlineData("base_model: m\nitertions: 3\n", "r.yaml:2:1: unknown key 'itertions'. Did you mean 'iterations'?")]
    [InlineData(
        "base_model: m\niterations: three\n",
        "r.yaml:2:13: 'iterations' is 'three', but a whole number is expected here.")]
    [InlineData(
        "base_model: m\niterations: [3]\n",
        "r.yaml:2:13: 'iterations' is a list, but a whole number is expected here.")]
    [InlineData("base_model: m\nnano: 3\n", "r.yaml:2:7: 'nano' is a single value, but a group of keys (stories,")]
    [InlineData("base_model: m\niterations:\n", "r.yaml:2:12: 'iterations' has no value.")]
    [InlineData("base_model: ~\n", "r.yaml:1:13: 'base_model' has no value.")]
    [InlineData("base_model: m\njudging: { judges: [~] }\n", "r.yaml:2:21: an entry of 'judging.judges' has no value.")]
    [InlineData("iterations: 3\n", "r.yaml:1:1: the key 'base_model' is missing.")]
    [InlineData(
        "base_model: m\nsearch: { order: sideways }\n",
        "r.yaml:2:18: 'search.order' is 'sideways', but one of bfs, dfs is expected here.")]
    [InlineData("", "r.yaml: the file is empty.")]
    [InlineData("# only words\n", "r.yaml: the file is empty.")]
    [InlineData("- x\n", "r.yaml:1:1: the file is a list, but a group of keys")]
    [InlineData("? [a]\n: b\n", "r.yaml:1:3: a list cannot be a key.")]
    [InlineData("base_model: m\nvotes: 1\nvotes: 2\n", "r.yaml:3:1: the key 'votes' is given twice in one group.")]
    [InlineData("base_model: m\n---\nvotes: 3\n", "r.yaml:2:1: a second YAML document begins here")]
    [InlineData("base_model: m\nsearch:\n\tbranch: 3\n", "r.yaml:3:1: a tab stands where the line is indented")]
    [InlineData(
        "base_model: m\nsearch:\n  branch: 3\n \tmax_depth: 3\n",
        "r.yaml:4:2: a tab stands where the line is indented")]
    [InlineData("base_model: *m\n", "r.yaml:1:13: '*m' refers to nothing")]
    [InlineData(
        "base_model: m\nsearch: &s { branch: *s }\n",
        "r.yaml:2:22: '*s' refers to nothing that is complete before it.")]
    public void A_fault_is_named_with_its_place_and_a_remedy(string yaml, string message) =>
        Assert.Contains(Fault(yaml).Split('\n'), line => line.StartsWith(message, StringComparison.Ordinal));

    [Theory]
    [InlineData("base_model: [unclosed\n")]
    [InlineData("a: b: c\n")]
    [InlineData("a: \"\\q\"\n")]
    [InlineData("a: \"\\U00110000\"\n")]
    public void Broken_yaml_is_named_as_such(string yaml) =>
        Assert.Matches(@"^r\.yaml(:\d+:\d+)?: this is not valid YAML", Fault(yaml));

    [Fact]
    public void All_faults_are_named_at_once_in_the_order_of_the_file()
    {
        string[] lines = Fault(
            "itertions: 3\nvotes: many\ndpo: { bta: 1, epoch: 2 }\nzzzzzzzzzzzzzzzz: 1\n").Split('\n');
        Assert.Equal(
            ["r.yaml:1:1: the key 'base_model' is missing.",
                "r.yaml:1:1: unknown key 'itertions'. Did you mean 'iterations'?",
                "r.yaml:2:8: 'votes' is 'many', but a whole number is expected here.",
                "r.yaml:3:8: unknown key 'dpo.bta'. Did you mean 'beta'?",
                "r.yaml:3:16: unknown key 'dpo.epoch'. Did you mean 'epochs'?"],
            [.. lines.Take(2).Order(StringComparer.Ordinal), .. lines[2..5]]);
        Assert.StartsWith(
            "r.yaml:4:1: unknown key 'zzzzzzzzzzzzzzzz'. Known keys here: actor_model, actor_sft, ", lines[5],
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_alias_stands_for_what_it_names()
    {
        RunRecipe recipe = Bind(
            "base_model: m\nactor_sft: &sft { learning_rate: 1e-4, epochs: 2 }\nrefiner_sft: *sft\n");
        Assert.Equal((1e-4, 2.0), (recipe.Method.RefinerSft.LearningRate, recipe.Method.RefinerSft.Epochs));
    }

    [Fact]
    public void Depth_size_and_expansion_are_bounded()
    {
        Assert.Contains(
            "nested more than 32 levels", Fault("a: " + new string('[', 100_000)), StringComparison.Ordinal);
        Assert.Contains(
            "nested more than 32 levels", Fault(string.Concat(Enumerable.Repeat("- ", 100_000))),
            StringComparison.Ordinal);
        string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + string.Concat(Enumerable.Range(1, 8).Select(i =>
            $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));
        Assert.Contains("aliases counted as what they stand for", Fault(bomb), StringComparison.Ordinal);
        string path = Write(new string('x', 50_000_000));
        Assert.Contains($"{path}: the file has more than 1 MiB", Unreadable(path), StringComparison.Ordinal);
        string message = Fault($"base_model: m\n{new string('k', 900_000)}: 1\nvotes: {new string('9', 100_000)}\n");
        Assert.InRange(message.Length, 1, 2000);
    }

    [Fact]
    public void What_is_no_text_is_refused_and_never_quoted_raw()
    {
        string path = Path.Combine(_work, "binary.yaml");
        File.WriteAllBytes(path, [0x7f, .. "ELF"u8, 2, 1, 0, 0, 0xff]);
        Assert.Contains("not UTF-8 text", Unreadable(path), StringComparison.Ordinal);
        File.WriteAllBytes(path, [.. "base_model: m\0"u8]);
        Assert.Equal(
            $"{path}:1:14: the character U+0000 is not allowed in YAML. Is this a text file?", Unreadable(path));
        Assert.StartsWith(
            "r.yaml:2:8: the character U+001B", Fault("base_model: m\nvotes: \u001b[31m\n"), StringComparison.Ordinal);
        Assert.Contains(
            "'votes' is '␛[31m\ufffd'", Fault("base_model: m\nvotes: \"\\e[31m\\u202E\"\n"), StringComparison.Ordinal);
        Assert.Contains("unknown key '␇'", Fault("base_model: m\n\"\\a\": 1\n"), StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', Unreadable(Path.Combine(_work, "no\u001b[31m.yaml")));
    }

    [Fact]
    public void A_file_may_begin_with_a_byte_order_mark()
    {
        string path = Path.Combine(_work, "bom.yaml");
        File.WriteAllBytes(path, [0xef, 0xbb, 0xbf, .. "base_model: m\r\nvotes: 3\r\n"u8]);
        Assert.Equal(3, RecipeDocument.Read(path).Bind<RunRecipe>().Method.Votes);
    }

    [Fact]
    public void What_cannot_be_read_is_one_clear_line()
    {
        Assert.Contains("this is a folder", Unreadable(_work), StringComparison.Ordinal);
        Assert.Contains("no such file", Unreadable(Path.Combine(_work, "none.yaml")), StringComparison.Ordinal);
        Assert.Contains("no such file", Unreadable(Path.Combine(_work, "none", "none.yaml")), StringComparison.Ordinal);
        Assert.Contains("cannot be read", Unreadable(""), StringComparison.Ordinal);
        Assert.Contains("the file is empty", Unreadable(Write("")), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows() && Environment.UserName != "root")
        {
            string path = Write("base_model: m\n");
            File.SetUnixFileMode(path, UnixFileMode.None);
            Assert.Contains("cannot be read", Unreadable(path), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Settings_take_the_place_of_the_files_keys_and_are_checked_like_them()
    {
        string path = Write("base_model: m\ndpo: { beta: 0.3 }\n");
        RunRecipe recipe = RecipeDocument.Read(
            path, ["dpo.learning_rate=1e-5", "judging.verifiers=[length, words]", "votes=3"]).Bind<RunRecipe>();
        Assert.Equal((1e-5, 0.3, 3), (recipe.Method.Dpo.LearningRate, recipe.Method.Dpo.Beta, recipe.Method.Votes));
        Assert.Equal(["length", "words"], recipe.Method.Judging.Verifiers);

        Assert.Equal(
            "--set dpo.lerning_rate=1: unknown key 'dpo.lerning_rate'. Did you mean 'learning_rate'?", Unreadable(
                path, "dpo.lerning_rate=1"));
        Assert.StartsWith(
            "--set votes=many: 'votes' is 'many', but a whole number", Unreadable(path, "votes=many"),
            StringComparison.Ordinal);
        Assert.StartsWith("--set votes=: 'votes' has no value", Unreadable(path, "votes="), StringComparison.Ordinal);
        Assert.StartsWith("--set votes: give a key and its value", Unreadable(path, "votes"), StringComparison.Ordinal);
        Assert.Matches(@"^--set votes=\[:\d+:\d+: this is not valid YAML", Unreadable(path, "votes=["));
        RecipeDocument document = RecipeDocument.Read(path, ["search.gate=2"]);
        RunRecipe faulty = document.Bind<RunRecipe>();
        Assert.Equal(
            "--set search.gate=2: search.gate must be between 0 and 1 (it is 2).",
            Assert.Throws<SparException>(() => document.Check(faulty.Method.Validate)).Message);
    }

    [Fact]
    public void A_path_begins_in_the_recipes_folder_or_else_where_the_command_runs()
    {
        string here = Path.GetFileName(Directory.CreateTempSubdirectory("spar-here").FullName);
        Directory.CreateDirectory(here);
        Directory.CreateDirectory(Path.Combine(_work, "beside"));
        Directory.CreateDirectory(Path.Combine(_work, "compact"));
        string path = Write(
            $"base_model: beside\nprompt_set: compact\njudging: {{ judges: [refiner, {here}, 'http://a/v1#m'] }}\n");
        try
        {
            RecipeDocument document = RecipeDocument.Read(path);
            RunRecipe recipe = document.Bind<RunRecipe>();
            Assert.Equal(Path.Combine(_work, "beside"), recipe.Method.BaseModel);
            Assert.Equal(["refiner", here, "http://a/v1#m"], recipe.Method.Judging.Judges);
            Assert.Equal("compact", recipe.Method.PromptSet);
            Assert.Empty(document.Notes);

            Directory.CreateDirectory(Path.Combine(_work, here));
            recipe = document.Bind<RunRecipe>();
            Assert.Equal(Path.Combine(_work, here), recipe.Method.Judging.Judges[1]);
            Assert.StartsWith(
                $"There are two of {here}: {Path.Combine(_work, here)}, beside the recipe",
                Assert.Single(document.Notes), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(here);
        }
    }

    [Fact]
    public void The_shipped_recipes_are_valid()
    {
        string root = TestSupport.SharedData.ProjectRoot;
        foreach (string path in Directory.GetFiles(Path.Combine(root, "recipes"), "*.yaml"))
        {
            if (path.EndsWith("nano-pretrain.yaml", StringComparison.Ordinal))
            {
                RecipeKind.Pretrain.Read(RecipeDocument.Read(path));
            }
            else
            {
                RecipeDocument.Read(path).Bind<RunRecipe>().Method.Validate();
            }
        }
    }

    private static string Unreadable(string path, params string[] settings) =>
        Assert.ThrowsAny<SparException>(() => RecipeDocument.Read(path, settings).Bind<RunRecipe>()).Message;

    private string Write(string text)
    {
        string path = Path.Combine(_work, "r.yaml");
        File.WriteAllText(path, text);
        return path;
    }
}
