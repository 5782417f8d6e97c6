using Spar.Runtime.Pretraining;

namespace Spar.Cli.Recipes;

/// <summary>A kind of recipe: a file that a command takes.</summary>
/// <param name="Name">What commands call it.</param>
/// <param name="Title">What it is for.</param>
/// <param name="Type">The record that it is read into.</param>
/// <param name="SchemaFile">Name of its schema in the recipes folder.</param>
/// <param name="Read">Reads and checks a file.</param>
internal sealed record RecipeKind(string Name, string Title, Type Type, string SchemaFile, Func<string, object> Read)
{
    /// <summary>Recipes of <c>spar run</c>.</summary>
    public static RecipeKind Run { get; } = new("run", "Recipe of spar run", typeof(RunFile), "recipe.schema.json", path => RunFile.Read(path));

    /// <summary>Recipes of <c>spar pretrain</c>.</summary>
    public static RecipeKind Pretrain { get; } = new("pretrain", "Recipe of spar pretrain", typeof(PretrainRecipe), "pretrain.schema.json", path =>
    {
        PretrainRecipe recipe = StrictYaml.ReadFile<PretrainRecipe>(path);
        YamlPlaces.Locate(path, recipe.Validate);
        return recipe;
    });

    /// <summary>All kinds.</summary>
    public static IReadOnlyList<RecipeKind> All { get; } = [Run, Pretrain];
}
