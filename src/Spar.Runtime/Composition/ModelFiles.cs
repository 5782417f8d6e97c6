using System.Globalization;
using Spar.Engine.Checkpoints;
using Spar.Engine.Models;
using Spar.Ground;
using Spar.Judging;
using Spar.Recipes;
using Spar.Runtime.Embedded;
using Spar.Runtime.Models;
using Spar.Runtime.Recipes;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Templates;

namespace Spar.Runtime.Composition;

/// <summary>
/// Looks into the models on disk that a recipe names, before anything is made of them: whether files are whole and fit
/// each other, whether what is to be trained can be, and whether prompts and answers find room.
/// </summary>
internal static class ModelFiles
{
    /// <summary>All models that a recipe names, judges among them, with the key that names each.</summary>
    /// <param name="recipe">The recipe.</param>
    public static IEnumerable<(string Key, string Text)> Named(RunRecipe recipe) =>
        new[] { Referent.Model, Referent.RefinerModel, Referent.JudgeModel }
            .SelectMany(referent => RecipeKeys.Pointing(recipe, referent));

    /// <summary>Those of them that lie on disk.</summary>
    /// <param name="recipe">The recipe.</param>
    public static IEnumerable<(string Key, string Path)> Of(RunRecipe recipe) =>
        Named(recipe)
            .Where(model => model.Text != JudgingSettings.Refiner
                && !ModelReference.IsServed(model.Text) && Path.Exists(model.Text))
            .Select(model => (model.Key, model.Text));

    /// <summary>Notes what is wrong with the files.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="check">Collects what is wrong.</param>
    public static void Check(RunRecipe recipe, RecipeCheck check)
    {
        Recipe method = Teachers.MethodOf(recipe);
        foreach ((string key, string path) in Of(recipe))
        {
            ModelConfig? config = null;
            check.Usable(key, () => config = Checkpoint.CheckHeaders(path));
            if (config is null)
            {
                continue;
            }

            foreach (RecipeTraining training in method.Trainings()
                .Where(one => method.StartOf(one.Role).Key == key).DistinctBy(one => one.Key))
            {
                if (training.Settings.Lora is { } lora)
                {
                    check.Usable(
                        $"{training.Key}.lora.target_modules", () => ModelInTraining.ToEngine(lora).Check(config));
                }
            }

            if (key == Teachers.ModelKey && method.RefinerSft.Epochs > 0 && Room.Of(path, recipe) is { } asked)
            {
                int judgement = recipe.Teacher!.Judge.Over(method.Judge).MaxTokens;
                long longest = (long)asked.Judge + method.Respond.MaxTokens + judgement;
                check.Usable(key, () => Teachers.CheckRoom(asked.Context, longest, PromptSets.Of(recipe)));
            }

            if (method.StartOf(ModelRole.Refiner).Key == key && Room.Of(path, recipe) is { } room)
            {
                CheckRoom(room, recipe, method, check);
            }
        }
    }

    /// <summary>What may go wrong with models that can be used.</summary>
    /// <param name="recipe">A checked recipe.</param>
    public static IEnumerable<string> Warnings(RunRecipe recipe)
    {
        Recipe method = Teachers.MethodOf(recipe);
        if (!Path.Exists(method.RefinerStart) || Room.Of(method.RefinerStart, recipe) is not { } room)
        {
            yield break;
        }

        long longest = room.Longest(method);
        if (Judges(recipe) && longest > room.Context)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"prompt_set: a judgement may take {longest} tokens and the instruction ({room.Judge} for the question "
                + $"of {PromptSets.Of(recipe)}, {method.Respond.MaxTokens} for respond.max_tokens, "
                + $"{method.Judge.MaxTokens} for judge.max_tokens), and the context holds {room.Context}: what is "
                + $"longer is cut off, or fails.");
        }

        foreach (RecipeTraining training in method.Trainings().Where(one => one.Role == ModelRole.Refiner))
        {
            int cutoff = training.Settings.CutoffTokens;
            if (longest > cutoff && room.Context > cutoff)
            {
                yield return $"{training.Key}.cutoff_tokens: rows may have {longest} tokens, and what is beyond "
                    + $"{cutoff} is cut off.";
            }
        }
    }

    private static void CheckRoom(Room room, RunRecipe recipe, Recipe method, RecipeCheck check)
    {
        if (Judges(recipe) && room.Judge >= room.Context)
        {
            string model = method.RefinerModel is null ? "base model" : "refiner";
            check.Usable("prompt_set", () => throw new SparException(string.Create(
                CultureInfo.InvariantCulture,
                $"the {model}'s context holds {room.Context} tokens, and the question for a judgement of prompt set "
                + $"{PromptSets.Of(recipe)} takes {room.Judge} without instruction and response; take a shorter "
                + $"prompt set")));
        }

        foreach (RecipeTraining training in method.Trainings().Where(one => one.Role == ModelRole.Refiner))
        {
            if (room.Judge >= training.Settings.CutoffTokens)
            {
                check.Usable($"{training.Key}.cutoff_tokens", () => throw new SparException(
                    $"asking for a judgement takes {room.Judge} tokens, so that no row would keep a word of its "
                    + $"response within {training.Settings.CutoffTokens}; set it higher"));
            }
        }
    }

    // Whether the refiner judges in a run.
    private static bool Judges(RunRecipe recipe) =>
        (recipe.Method.Judging.Judges.Count == 0 || recipe.Method.Judging.Judges.Contains(JudgingSettings.Refiner))
        && (recipe.Method.Iterations > 0 || recipe.Method.RefinerSft.Epochs > 0 || Yardsticks.MeasuresNano(recipe)
            || recipe.Evaluation.Any(one => one.Search));

    // Tokens of the refiner's context, and of a judgement's question about nothing.
    private sealed record Room(int Context, int Judge)
    {
        // What a judgement may take, the instruction aside.
        public long Longest(Recipe method) => (long)Judge + method.Respond.MaxTokens + method.Judge.MaxTokens;

        // Null where tokenizer, chat template or prompt set cannot be used; their own checks say why.
        public static Room? Of(string model, RunRecipe recipe)
        {
            try
            {
                TemplateSet set = TemplateSet.Load(PromptSets.Of(recipe));
                return ModelRoom.Of(model, recipe.TemplateDate) is { } room && room.Question(set) is int asked
                    ? new Room(room.Context, asked)
                    : null;
            }
            catch (UserFaultException)
            {
                return null;
            }
        }
    }
}
