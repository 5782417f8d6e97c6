using Spar.Runtime.Pretraining;
using Spar.Runtime.Recipes;

namespace Spar.Runtime.Composition;

/// <summary>A kind of recipe: a file that a command takes.</summary>
/// <param name="Name">What commands call it.</param>
/// <param name="Title">What it is for.</param>
/// <param name="Type">The record that it is read into.</param>
/// <param name="SchemaFile">Name of its schema in the recipes folder.</param>
/// <param name="Read">Reads and checks a file.</param>
public sealed record RecipeKind(
    string Name, string Title, Type Type, string SchemaFile, Func<RecipeDocument, object> Read)
{
    /// <summary>The name.</summary>
    public override string ToString() => Name;

    /// <summary>Recipes of <c>spar run</c>.</summary>
    public static RecipeKind Run { get; } = new(
        "run", "Recipe of spar run", typeof(RunRecipe), "recipe.schema.json", RunComposer.Read);

    /// <summary>Recipes of <c>spar pretrain</c>.</summary>
    public static RecipeKind Pretrain { get; } =
        new("pretrain", "Recipe of spar pretrain", typeof(PretrainRecipe), "pretrain.schema.json", document =>
        {
            PretrainRecipe recipe = document.Bind<PretrainRecipe>();
            document.Check(recipe.Validate);
            return recipe;
        });

    /// <summary>All kinds.</summary>
    public static IReadOnlyList<RecipeKind> All { get; } = [Run, Pretrain];

    /// <summary>The JSON schema, by which editors complete and check a recipe's keys.</summary>
    public string Schema() => RecipeSchema.Write(Type, Title);
}
