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
    public void Only_models_and_recipes_are_looked_for_beside_the_program()
    {
        Assert.Equal("models/../Spar.Cli.dll", ShippedFiles.Resolve("models/../Spar.Cli.dll"));
        Assert.Equal("models/none", ShippedFiles.Resolve("models/none"));
        Assert.Equal("none", ShippedFiles.ResolveRecipe("none"));
    }
}
