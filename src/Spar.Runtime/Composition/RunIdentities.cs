using Spar.Ground;
using Spar.Judging;
using Spar.Recipes;
using Spar.Runtime.Models;
using Spar.Runtime.Prompts;
using Spar.Runtime.Recipes;
using Spar.Store;
using Spar.Templates;

namespace Spar.Runtime.Composition;

/// <summary>
/// What decides a run's results, derived from its recipe: models, files and prompt sets count by their content.
/// </summary>
public static class RunIdentities
{
    /// <summary>The identity of a recipe's run.</summary>
    /// <param name="recipe">A checked recipe.</param>
    /// <exception cref="SparException">Something that the recipe points to cannot be read.</exception>
    public static RunIdentity Of(RunRecipe recipe) => new(RecipeKeys.Deciding(
        PromptSets.Resolve(ModelTrainers.Plain(recipe)), (referent, text) => Name(referent, text, recipe.Servers)));

    /// <summary>The beginning of the keys that say which prompts a run has.</summary>
    internal const string PromptKeys = "prompts.";

    /// <summary>The part of an identity that says which prompts a run has.</summary>
    /// <param name="prompts">The recipe's group of prompts.</param>
    /// <exception cref="SparException">A file cannot be read.</exception>
    internal static RunIdentity OfPrompts(PromptSettings prompts) =>
        new(RecipeKeys.Deciding(prompts, (referent, text) => Name(referent, text), PromptKeys));

    /// <summary>The beginning of the keys that say who teaches.</summary>
    internal const string TeacherKeys = "teacher.";

    /// <summary>The part of an identity that says who teaches.</summary>
    /// <param name="teacher">The recipe's group.</param>
    /// <exception cref="SparException">A file cannot be read.</exception>
    /// <param name="servers">The recipe's servers.</param>
    internal static RunIdentity OfTeacher(TeacherSettings teacher, ServerSettings servers) =>
        new(RecipeKeys.Deciding(teacher, (referent, text) => Name(referent, text, servers), TeacherKeys));

    /// <summary>A model as identities name it.</summary>
    /// <param name="model">A checkpoint, or a served model.</param>
    /// <exception cref="SparException">The checkpoint cannot be read.</exception>
    /// <param name="servers">The recipe's servers; null where there is no recipe.</param>
    public static string OfModel(string model, ServerSettings? servers = null) =>
        Name(Referent.Model, model, servers);

    private static string Name(Referent referent, string text, ServerSettings? servers = null) => referent switch
    {
        Referent.JudgeModel when text == JudgingSettings.Refiner => text,
        _ when referent.IsModel() && ModelReference.IsServed(text) =>
            Served(ModelReference.Resolve(text), servers),
        _ when referent.IsModel() => RunIdentity.OfFiles(text, ModelDigest.Of(text)),
        Referent.PromptSet => RunIdentity.OfText(text, TemplateSet.Load(text).Digest),
        Referent.Rows => RunIdentity.OfFiles(text, RowsDigest.Of(text)),
        Referent.Lessons => RunIdentity.OfFiles(text, LessonFile.DigestOf(text)),
        Referent.File => RunIdentity.OfText(text, $"{StableHash.Of(File.ReadAllText(text)):x16}"),
        Referent.Folder => text,
        _ => throw new ArgumentOutOfRangeException(nameof(referent)),
    };

    // What is sent with every call decides as much as the model does.
    private static string Served(ModelReference reference, ServerSettings? servers)
    {
        string name = reference.ServedName ?? throw new SparException(
            $"'{reference.Location}' does not name the model, and nobody has asked its servers for it. Name it, as in "
            + "http://localhost:8000/v1#qwen.");
        string beside = servers is null ? "" : ServedModels.SentBeside(reference, servers);
        return RunIdentity.OfServed(reference.Location, name) + beside;
    }
}
