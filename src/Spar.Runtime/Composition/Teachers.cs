using Spar.Runtime.Nano;
using Spar.Runtime.Recipes;
using Spar.Seams;
using Spar.Templates;

namespace Spar.Runtime.Composition;

/// <summary>Who teaches M_0 and R_0, and writes the checks of method autoif: the nano world's program.</summary>
internal static class Teachers
{
    /// <summary>The teacher.</summary>
    /// <param name="templates">The run's prompt set.</param>
    public static ITeacher Create(TemplateSet templates) => new NanoTeacher(templates);

    /// <summary>The writer of checks.</summary>
    /// <param name="recipe">A checked recipe.</param>
    /// <param name="templates">The run's prompt set.</param>
    public static ICheckWriter CreateCheckWriter(RunRecipe recipe, TemplateSet templates) =>
        new NanoCheckWriter(templates, recipe.Nano.CheckError);
}
