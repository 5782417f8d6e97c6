using Spar.Runtime.Nano;
using Spar.Runtime.Recipes;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Templates;

namespace Spar.Runtime.Composition;

/// <summary>
/// Who teaches M_0 and R_0, and writes the checks of method autoif: the nano world's program, or for prompts of one's
/// own nobody.
/// </summary>
internal static class Teachers
{
    /// <summary>The teacher; null where there is none.</summary>
    /// <param name="recipe">A checked recipe.</param>
    /// <param name="templates">The run's prompt set.</param>
    public static ITeacher? Create(RunRecipe recipe, TemplateSet templates) =>
        recipe.Prompts is null ? new NanoTeacher(templates) : null;

    /// <summary>The method in numbers: without a teacher there is nothing to train M_0 and R_0 on.</summary>
    /// <param name="recipe">A checked recipe.</param>
    /// <param name="teacher">The teacher; null where there is none.</param>
    public static Recipe MethodOf(RunRecipe recipe, ITeacher? teacher)
    {
        Recipe method = recipe.Method;
        return teacher is not null
            ? method
            : method with
            {
                ActorSft = method.ActorSft with { Epochs = 0 },
                RefinerSft = method.RefinerSft with { Epochs = 0 },
            };
    }

    /// <summary>The writer of checks; null where M_0 writes them.</summary>
    /// <param name="recipe">A checked recipe.</param>
    /// <param name="templates">The run's prompt set.</param>
    public static ICheckWriter? CreateCheckWriter(RunRecipe recipe, TemplateSet templates) =>
        recipe.Prompts is null ? new NanoCheckWriter(templates, recipe.Nano.CheckError) : null;
}
