using System.Text.Json;
using Spar.Ground;

namespace Spar.Cli.Tests;

public sealed class ShippedTests
{
    [Fact]
    public async Task A_recipe_is_found_by_name_beside_the_program()
    {
        (int code, string output, string messages) = await CliRunner.RunAsync("", "recipe", "check", "quickstart");
        Assert.True(code == 0, messages);
        Assert.Contains("quickstart can be run", output, StringComparison.Ordinal);
        await CliRunner.FailsAsync(["recipe", "check", "quickstar"], "quickstar: no such file", "quickstart");
    }

    [Fact]
    public async Task The_model_that_comes_with_the_program_needs_no_path()
    {
        (int code, string output, string messages) = await CliRunner.RunAsync(
            "", "generate", "write a line about the sea.");
        Assert.True(code == 0, messages);
        Assert.NotEmpty(output.Trim());
        (_, string env, _) = await CliRunner.RunAsync("", "env", "--json");
        string place = JsonSerializer.Deserialize<Dictionary<string, string>>(env)!["models"].Split(" is ")[^1];
        Assert.True(File.Exists(Path.Combine(place, "model.safetensors")), place);
    }

    [Fact]
    public async Task A_new_folder_runs_as_it_is_and_is_never_written_over()
    {
        string folder = Path.Combine(Directory.CreateTempSubdirectory("spar-new").FullName, "mine");
        (int code, string output, string messages) = await CliRunner.RunAsync("", "new", folder);
        Assert.True(code == 0, messages);
        Assert.Contains("recipe.yaml", output, StringComparison.Ordinal);
        Assert.Equal(200, File.ReadAllLines(Path.Combine(folder, "prompts.jsonl")).Length);
        string recipe = Path.Combine(folder, "recipe.yaml");
        (code, output, messages) = await CliRunner.RunAsync("", "recipe", "check", recipe);
        Assert.True(code == 0, messages);
        Assert.DoesNotContain("warning", messages, StringComparison.Ordinal);
        (code, output, messages) = await CliRunner.RunAsync(
            "", "run", recipe, "--output", Path.Combine(folder, "run"), "--set", "prompts_per_iteration=6",
            "--set", "nano.held_out_prompts=4", "--set", "nano.held_out_repairs=2");
        Assert.True(code == 0, messages);
        Assert.Contains("iteration-1", output, StringComparison.Ordinal);
        Assert.Contains(
            "play-1 begins, 6 items", await File.ReadAllTextAsync(Path.Combine(folder, "run", "run.log")),
            StringComparison.Ordinal);
        await CliRunner.FailsAsync(["new", folder], "is there already");
        Directory.Delete(Path.GetDirectoryName(folder)!, recursive: true);
    }

    [Fact]
    public void Only_models_and_recipes_are_looked_for_beside_the_program()
    {
        Assert.Equal("models/../Spar.Cli.dll", ShippedFiles.Resolve("models/../Spar.Cli.dll"));
        Assert.Equal("models/none", ShippedFiles.Resolve("models/none"));
        Assert.Equal("none", ShippedFiles.ResolveRecipe("none"));
    }
}
