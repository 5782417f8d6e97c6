using System.Globalization;
using Spar.Engine.Inspection;
using Spar.Ground;
using Spar.Runtime.Models;
using Spar.Runtime.Recipes;
using Spar.SelfPlay;
using Spar.Templates;

namespace Spar.Runtime.Composition;

/// <summary>Which of the prompt sets that come with the program suits a model.</summary>
public static class PromptSets
{
    // A chat model of less than a billion parameters keeps to no marks; one of less than ten million is of the kind of
    // models/nano, which knows its own wording alone.
    private const long SmallParameters = 1_000_000_000;
    private const long NanoParameters = 10_000_000;

    /// <summary>
    /// The name or folder of a run's prompt set: what the recipe says, or what suits the model that judges and refines.
    /// </summary>
    /// <param name="recipe">The recipe.</param>
    public static string Of(RunRecipe recipe) => Resolve(recipe).Method.PromptSet;

    /// <summary>The recipe with its prompt set named, also where it leaves the choice to its models.</summary>
    /// <param name="recipe">The recipe.</param>
    public static RunRecipe Resolve(RunRecipe recipe) =>
        Derived(recipe) is { } derived
            ? recipe with { Method = recipe.Method with { PromptSet = derived.Set } }
            : recipe;

    /// <summary>The set that a recipe leaves to its models, and why it is this one; null where it names one.</summary>
    /// <param name="recipe">The recipe.</param>
    public static (string Set, string Why)? Derived(RunRecipe recipe) =>
        recipe.Method.PromptSet == Recipe.DerivedPromptSet
            ? Choose(recipe.Method.RefinerStart, recipe.Method, recipe.TemplateDate)
            : null;

    /// <summary>The set that suits a model.</summary>
    /// <param name="model">A checkpoint, or a served model.</param>
    /// <param name="method">Gives the limits of responses and judgements.</param>
    public static string For(string model, Recipe method) => Choose(model, method, null).Set;

    /// <summary>The set that suits a model, and why.</summary>
    /// <param name="model">A checkpoint, or a served model.</param>
    /// <param name="method">Gives the limits of responses and judgements.</param>
    /// <param name="date">What chat templates see; null for their default.</param>
    /// <returns>The set's name, and the reason as a clause.</returns>
    public static (string Set, string Why) Choose(string model, Recipe method, DateOnly? date)
    {
        const string Full = "full", Small = "small";
        if (ModelReference.IsServed(model) || !Path.Exists(model))
        {
            return (Full, "of a served model neither size nor context is known");
        }

        try
        {
            long parameters = ModelSummary.Read(model).Parameters;
            string size = string.Create(
                CultureInfo.InvariantCulture, $"the model has {parameters / 1e6:0.#} million parameters");
            if (parameters < SmallParameters)
            {
                return (parameters < NanoParameters ? "compact" : Small, size);
            }

            return ModelRoom.Of(model, date) is { } room && room.Longest(TemplateSet.Load(Full), method) is long longest
                && longest > room.Context
                    ? (Small, string.Create(
                        CultureInfo.InvariantCulture,
                        $"full may take {longest} tokens and the model's context holds {room.Context}"))
                    : (Full, size);
        }
        catch (UserFaultException)
        {
            return (Full, "the model cannot be looked into");
        }
    }
}
