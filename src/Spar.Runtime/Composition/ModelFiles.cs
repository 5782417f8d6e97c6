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
        RecipeKeys.Pointing(recipe, Referent.Model).Concat(RecipeKeys.Pointing(recipe, Referent.JudgeModel));

    /// <summary>Those of them that lie on disk.</summary>
    /// <param name="recipe">The recipe.</param>
    public static IEnumerable<(string Key, string Path)> Of(RunRecipe recipe) =>
        Named(recipe)
            .Where(model => model.Text != JudgingSettings.Refiner
                && !ModelReference.IsServed(model.Text) && Path.Exists(model.Text))
            .Select(model => (model.Key, model.Text));

    /// <summary>The settings of every training, with their key.</summary>
    /// <param name="method">The recipe.</param>
    public static IEnumerable<(string Key, TrainingSettings Settings)> Trainings(Recipe method) =>
    [
        ("actor_sft", method.ActorSft),
        ("refiner_sft", method.RefinerSft),
        ("dpo", method.Dpo),
        ("rft", method.Rft),
    ];

    /// <summary>Notes what is wrong with the files.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="check">Collects what is wrong.</param>
    public static void Check(RunRecipe recipe, RecipeCheck check)
    {
        foreach ((string key, string path) in Of(recipe))
        {
            ModelConfig? config = null;
            check.Usable(key, () => config = Checkpoint.CheckHeaders(path));
            if (key != "base_model" || config is null)
            {
                continue;
            }

            foreach ((string training, TrainingSettings settings) in Trainings(recipe.Method))
            {
                if (settings is { Lora: { } lora, Epochs: > 0 })
                {
                    check.Usable(
                        $"{training}.lora.target_modules", () => ModelInTraining.ToEngine(lora).Check(config));
                }
            }

            Room? room = Room.Of(path, recipe);
            if (room is not null && recipe.Method is { } method && Judges(recipe)
                && room.Longest(method) is var longest && longest > room.Context)
            {
                string fit = room.Context > room.Judge
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"lower respond.max_tokens and judge.max_tokens to {room.Context - room.Judge} together, or take")
                    : "take";
                check.Usable("prompt_set", () => throw new SparException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"the base model's context holds {room.Context} tokens, and a judgement may take {longest} and the "
                    + $"instruction: {room.Judge} for the question of prompt set {PromptSets.Of(recipe)}, "
                    + $"{method.Respond.MaxTokens} for the response (respond.max_tokens), {method.Judge.MaxTokens} for "
                    + $"itself (judge.max_tokens); {fit} a shorter prompt set")));
            }

            foreach ((string training, TrainingSettings settings) in
                Trainings(recipe.Method).Where(one => one.Key is "refiner_sft" or "rft"))
            {
                if (settings.Epochs > 0 && room is { Judge: int judged } && judged >= settings.CutoffTokens)
                {
                    check.Usable($"{training}.cutoff_tokens", () => throw new SparException(
                        $"asking for a judgement takes {judged} tokens, so that no row would keep a word of its "
                        + $"response within {settings.CutoffTokens}; set it higher"));
                }
            }
        }
    }

    /// <summary>What may go wrong with models that can be used.</summary>
    /// <param name="recipe">A checked recipe.</param>
    public static IEnumerable<string> Warnings(RunRecipe recipe)
    {
        foreach ((string _, string path) in Of(recipe).Where(model => model.Key == "base_model"))
        {
            Recipe method = recipe.Method;
            if (Room.Of(path, recipe) is not { } room)
            {
                continue;
            }

            long longest = room.Longest(method);
            foreach ((string training, TrainingSettings settings) in
                Trainings(method).Where(one => one.Key is "refiner_sft" or "rft" && one.Settings.Epochs > 0))
            {
                if (longest > settings.CutoffTokens && room.Context > settings.CutoffTokens)
                {
                    yield return $"{training}.cutoff_tokens: rows may have {longest} tokens, and what is beyond "
                        + $"{settings.CutoffTokens} is cut off.";
                }
            }
        }
    }

    // Whether the base model, or what becomes of it, judges in a run.
    private static bool Judges(RunRecipe recipe) =>
        (recipe.Method.Judging.Judges.Count == 0 || recipe.Method.Judging.Judges.Contains(JudgingSettings.Refiner))
        && (recipe.Method.Iterations > 0 || recipe.Method.RefinerSft.Epochs > 0 || Yardsticks.MeasuresNano(recipe)
            || recipe.Evaluation.Any(one => one.Search));

    // Tokens of the base model's context, and of a judgement's question about nothing.
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
