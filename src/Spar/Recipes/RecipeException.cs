namespace Spar.Recipes;

/// <summary>An impossible value in a recipe.</summary>
/// <param name="Key">The key as recipes write it, groups before their keys: search.max_depth.</param>
/// <param name="Rule">What the value must be, and what it is.</param>
public sealed record RecipeFault(string Key, string Rule);

/// <summary>A recipe has impossible values; the message names them all.</summary>
/// <param name="faults">The values, at least one.</param>
public sealed class RecipeException(IReadOnlyList<RecipeFault> faults)
    : SparException(
        $"The recipe cannot be run: {string.Join("; ", faults.Select(fault => $"{fault.Key} {fault.Rule}"))}.")
{
    /// <summary>The values.</summary>
    public IReadOnlyList<RecipeFault> Faults { get; } = faults;
}
