using System.ComponentModel.DataAnnotations;
using Spar.Experiments.Synthetic;
using Spar.Nano.Synthetic;
using Spar.Recipes;

namespace Spar.Runtime.Recipes;

/// <summary>The file of <c>spar experiment synthetic</c>.</summary>
public sealed record SyntheticRecipe : IRecipeRules
{
    /// <summary>The checkpoint that both starts are trained from.</summary>
    [MinLength(1), RefersTo(Referent.Model)]
    public required string BaseModel { get; init; }

    /// <summary>
    /// Gives the letters of character sequences vectors of their own before the model learns to spell, for a base model
    /// that has never met single letters.
    /// </summary>
    public bool FreshLetters { get; init; }

    /// <summary>Character sequences.</summary>
    public PairSettings Letters { get; init; } = new();

    /// <summary>Start/end stories.</summary>
    public PairSettings Stories { get; init; } = new();

    /// <summary>Reads and checks a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SparException">The file cannot be used; the message names the key.</exception>
    public static SyntheticRecipe Read(string path)
    {
        RecipeDocument document = RecipeDocument.Read(path);
        SyntheticRecipe recipe = document.Bind<SyntheticRecipe>();
        document.Check(() =>
        {
            RecipeCheck check = new();
            check.Keys(recipe);
            check.ThrowIfFaulty();
        });
        return recipe;
    }

    /// <inheritdoc/>
    public void Check(RecipeCheck check)
    {
        check.That(
            Directory.Exists(BaseModel), "base_model",
            "must name the folder of a checkpoint (config.json, model.safetensors, tokenizer.json), from the recipe's "
            + "folder or from where you are; there is no such folder",
            BaseModel);
        foreach ((string key, PairSettings pairs) in new[] { ("letters", Letters), ("stories", Stories) })
        {
            const int most = SyntheticTasks.HeldOutCount;
            check.That(pairs.HeldOut <= most, $"{key}.held_out", $"must be at most {most}", pairs.HeldOut);
        }
    }
}
