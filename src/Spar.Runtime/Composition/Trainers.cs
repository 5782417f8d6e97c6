using Spar.Runtime.Embedded;
using Spar.Runtime.Recipes;
using Spar.Seams;

namespace Spar.Runtime.Composition;

/// <summary>What trains a run's models: the embedded engine.</summary>
internal static class Trainers
{
    /// <summary>The trainer.</summary>
    /// <param name="threads">Threads to compute with, at least 1.</param>
    /// <param name="recipe">Says what chat templates see; null for their defaults.</param>
    public static ITrainer Create(int threads, RunRecipe? recipe = null) =>
        new EmbeddedTrainer(threads, templateDate: recipe?.TemplateDate);
}
