using Spar.Engine.Chat;
using Spar.Engine.Checkpoints;
using Spar.Engine.Models;
using Spar.Engine.Tokenization;
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

            Room? room = Room.Of(path, config, recipe);
            if (room is { Judge: int asked } && asked >= room.Context)
            {
                check.Usable("prompt_set", () => throw new SparException(
                    $"asking for a judgement takes {asked} tokens before prompt and response stand in it, and the "
                    + $"base model's context holds {room.Context}; take a shorter prompt set, such as compact"));
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
            ModelConfig config = Checkpoint.CheckHeaders(path);
            Recipe method = recipe.Method;
            if (Room.Of(path, config, recipe) is not { } room)
            {
                continue;
            }

            int longest = room.Judge + method.Respond.MaxTokens + method.Judge.MaxTokens;
            if (longest > room.Context)
            {
                yield return $"base_model: a judgement may take {longest} tokens (prompt set {room.Judge} with an empty "
                    + $"prompt, response up to {method.Respond.MaxTokens}, judgement up to {method.Judge.MaxTokens}), "
                    + $"and the context holds {room.Context}: long ones will be cut off or fail.";
            }

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

    // Tokens of the base model's context, and of a judgement's question about nothing.
    private sealed record Room(int Context, int Judge)
    {
        // Null where tokenizer, chat template or prompt set cannot be used; their own checks say why.
        public static Room? Of(string model, ModelConfig config, RunRecipe recipe)
        {
            try
            {
                Tokenizer tokenizer = Checkpoint.LoadTokenizer(model);
                ChatTemplate template = ChatTemplate.For(tokenizer, recipe.TemplateDate);
                string asked = TemplateSet.Load(recipe.Method.PromptSet).JudgePrompt("", "");
                string rendered = template.Render([new Message("user", asked)], addGenerationPrompt: true);
                return new Room(config.MaxPositions, tokenizer.Encode(rendered).Length);
            }
            catch (UserFaultException)
            {
                return null;
            }
        }
    }
}
