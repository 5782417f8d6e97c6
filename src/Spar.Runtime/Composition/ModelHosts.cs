using Spar.Engine.Chat;
using Spar.Engine.Checkpoints;
using Spar.Engine.Inference;
using Spar.Engine.Tokenization;
using Spar.Judging;
using Spar.Recipes;
using Spar.Runtime.Embedded;
using Spar.Runtime.Fleet;
using Spar.Runtime.Models;
using Spar.Runtime.Recipes;
using Spar.Seams;
using Spar.SelfPlay;

namespace Spar.Runtime.Composition;

/// <summary>Makes what opens models: checkpoints with the embedded engine, others behind their endpoints.</summary>
public static class ModelHosts
{
    // Sequences that the engine takes into a batch, at most.
    private const int MostSequences = 512;

    /// <summary>A host for every kind of model that a recipe may name.</summary>
    /// <param name="threads">Threads to compute with, at least 1.</param>
    /// <param name="concurrency">Most calls in flight, at least 1.</param>
    /// <param name="recipe">
    /// Says what chat templates see, and how served models are asked; null for the defaults.
    /// </param>
    /// <param name="notice">Is told what the user should know of servers; null for nobody.</param>
    /// <param name="time">The clock; the system's when null.</param>
    /// <param name="watch">Counts what servers do; null counts for nobody.</param>
    /// <param name="options">
    /// What else the embedded engine is to do, such as its arithmetic; null for what the recipe says of it.
    /// </param>
    public static IModelHost Create(
        int threads, int concurrency, RunRecipe? recipe = null, Action<string>? notice = null,
        TimeProvider? time = null, FleetWatch? watch = null, EngineOptions? options = null)
    {
        options = (options ?? new EngineOptions { DType = (recipe?.Dtype).ToEngine() }) with
        {
            Threads = threads,
            MaxSequences = Math.Min(concurrency, MostSequences),
            TemplateDate = recipe?.TemplateDate,
        };
        return new EndpointModelHost(
            new EmbeddedModelHost(options),
            reference => ServedModels.Endpoints(reference, recipe?.Servers),
            ServedModels.Options(recipe, concurrency, notice, watch),
            time ?? TimeProvider.System);
    }

    /// <summary>Checks that the models are there, and that those which are trained can be.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="check">Collects what is wrong.</param>
    internal static void Check(RunRecipe recipe, RecipeCheck check)
    {
        Recipe method = recipe.Method;
        (string Key, string? Model, bool Plays)[] models =
        [
            ("base_model", method.BaseModel, true),
            ("actor_model", method.ActorModel, true),
            ("refiner_model", method.RefinerModel, true),
            (Teachers.ModelKey, recipe.Teacher?.Model, false),
        ];
        foreach ((string key, string? model, bool plays) in models)
        {
            if (string.IsNullOrWhiteSpace(model))
            {
                continue;
            }

            if (ModelReference.IsServed(model))
            {
                check.Usable(key, () => ModelReference.Resolve(model));
                continue;
            }

            check.That(
                Path.Exists(model), key,
                "must name the folder of a checkpoint (config.json, model.safetensors, tokenizer.json) or a GGUF file, "
                + "from the recipe's folder or from where you are, a run directory, a model's name in the Hugging Face "
                + "cache, or a served model as http://host:port/v1#name; there is no such folder or file",
                model);
            if (plays && Path.Exists(model))
            {
                check.Usable(key, () => CheckTemplate(model, recipe));
            }
        }

        CheckServed(recipe, check);
        foreach (string judge in method.Judging.Judges.Where(name =>
            name != JudgingSettings.Refiner && !ModelReference.IsServed(name)
            && !string.IsNullOrWhiteSpace(name)))
        {
            check.That(
                Path.Exists(judge), "judging.judges",
                "must name checkpoints, endpoints as http://host:port/v1#model, or refiner; "
                + "there is no such checkpoint",
                judge);
        }
    }

    // Nobody here can train what a server holds, and to play on with weights that were not trained would be silent.
    private static void CheckServed(RunRecipe recipe, RecipeCheck check)
    {
        Recipe method = Teachers.MethodOf(recipe);
        foreach (IGrouping<(string Key, string Model), ModelRole> start in Enum.GetValues<ModelRole>()
            .GroupBy(role => method.StartOf(role))
            .Where(start => ModelReference.IsServed(start.Key.Model)))
        {
            string[] trained =
            [
                .. method.Trainings().Where(one => start.Contains(one.Role)).Select(one => $"{one.Key}.epochs")
                    .Distinct(),
            ];
            check.That(
                trained.Length == 0, start.Key.Key,
                "must be a checkpoint or a GGUF file where something is trained, for weights behind a server "
                + $"cannot be; to play without training, set {string.Join(", ", trained)} to 0",
                start.Key.Model);
        }
    }

    // A model that is to be trained needs a chat template that tells its turns apart.
    private static void CheckTemplate(string model, RunRecipe recipe)
    {
        Tokenizer tokenizer = Checkpoint.LoadTokenizer(model);
        new ChatEncoder(tokenizer, ChatTemplate.For(tokenizer, recipe.TemplateDate)).Check();
    }
}
