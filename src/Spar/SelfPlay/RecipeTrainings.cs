using Spar.Seams;
using Spar.Store;

namespace Spar.SelfPlay;

/// <summary>A training that a run makes.</summary>
/// <param name="Key">The recipe's group of its settings, such as dpo.</param>
/// <param name="Settings">The settings.</param>
/// <param name="Role">Whose model is trained.</param>
/// <param name="Times">How often, at least 1: once before self-play, or in each iteration.</param>
public sealed record RecipeTraining(string Key, TrainingSettings Settings, ModelRole Role, int Times);

/// <summary>What a recipe says of its models: which are trained, by which keys, and what each starts from.</summary>
public static class RecipeTrainings
{
    /// <summary>
    /// The trainings that a run of a recipe makes, in their order; a group that trains both models is there twice.
    /// </summary>
    /// <param name="recipe">The recipe; without a teacher its first trainings have 0 epochs.</param>
    public static IReadOnlyList<RecipeTraining> Trainings(this Recipe recipe)
    {
        int rounds = recipe.IterativeTraining ? recipe.Iterations : Math.Min(1, recipe.Iterations);
        int joint = recipe.OneModelPlaysBoth() ? Math.Min(1, recipe.Iterations) : 0;
        RecipeTraining[] all =
        [
            new("actor_sft", recipe.ActorSft, ModelRole.Actor, 1),
            new("refiner_sft", recipe.RefinerSft, ModelRole.Refiner, 1),
            // Where one model plays both parts, M_0 learns the refiner's lessons too.
            new("refiner_sft", recipe.RefinerSft, ModelRole.Actor, joint),
            new("backward_sft", recipe.BackwardSft, ModelRole.Actor,
                recipe.Method == TrainingMethod.Humpback ? joint : 0),
            recipe.Method is TrainingMethod.Self or TrainingMethod.Humpback
                ? new("iteration_sft", recipe.IterationSft, ModelRole.Actor, rounds)
                : new("dpo", recipe.Dpo, ModelRole.Actor, rounds),
            new("rft", recipe.Rft, ModelRole.Refiner, recipe.Method == TrainingMethod.Spar ? rounds : 0),
        ];
        return [.. all.Where(one => one is { Times: > 0, Settings.Epochs: > 0 })];
    }

    /// <summary>The key that says what a part starts from, and the model.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="role">The part.</param>
    public static (string Key, string Model) StartOf(this Recipe recipe, ModelRole role) => role == ModelRole.Actor
        ? (recipe.ActorModel is null ? "base_model" : "actor_model", recipe.ActorStart)
        : (recipe.RefinerModel is null ? "base_model" : "refiner_model", recipe.RefinerStart);

    /// <summary>What a part starts from, by the values that decide a run.</summary>
    /// <param name="values">Dotted key to value, as a run's identity has them.</param>
    /// <param name="role">The part.</param>
    /// <returns>The value, fingerprint included; null where they are of no recipe.</returns>
    public static string? StartIn(IReadOnlyDictionary<string, string> values, ModelRole role) =>
        values.GetValueOrDefault(role == ModelRole.Actor ? "actor_model" : "refiner_model")
        ?? values.GetValueOrDefault("base_model");

    /// <summary>What a run's models start from, as people name it.</summary>
    /// <param name="values">As for <see cref="StartIn"/>.</param>
    public static string StartsIn(IReadOnlyDictionary<string, string> values)
    {
        string[] parts =
        [
            .. new[] { ModelRole.Actor, ModelRole.Refiner }
                .Select(role => RunIdentity.PublicNameOf(StartIn(values, role) ?? "an unknown model")),
        ];
        return parts[0] == parts[1] ? parts[0] : $"{parts[0]} (actor) and {parts[1]} (refiner)";
    }

    /// <summary>Whose words the models learnt first, as a sentence for cards with a blank before it.</summary>
    /// <param name="values">As for <see cref="StartIn"/>.</param>
    /// <returns>Empty where neither a model nor files taught.</returns>
    public static string TaughtIn(IReadOnlyDictionary<string, string> values)
    {
        string[] files =
        [
            .. values.Where(one => one.Key.StartsWith("teacher.files.", StringComparison.Ordinal))
                .Select(one => Path.GetFileName(RunIdentity.NameOf(one.Value))),
        ];
        return values.TryGetValue("teacher.model", out string? model)
                ? $" The first lessons were written by {RunIdentity.PublicNameOf(model)}; its licence or terms hold too."
            : files.Length > 0 ? $" The first lessons come from {string.Join(", ", files)}; their licences hold too."
            : "";
    }

    /// <summary>Whether the recipe's method has one model that answers, judges and refines.</summary>
    /// <param name="recipe">The recipe.</param>
    public static bool OneModelPlaysBoth(this Recipe recipe) =>
        recipe.Method is not (TrainingMethod.Spar or TrainingMethod.Autoif);
}
