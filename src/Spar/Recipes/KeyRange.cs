using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace Spar.Recipes;

/// <summary>The numbers that a key may be, read out of the attribute beside it.</summary>
public static class KeyRange
{
    /// <summary>The least number; null where there is none.</summary>
    /// <param name="range">The attribute.</param>
    public static double? Least(RangeAttribute range) =>
        Convert.ToDouble(range.Minimum, CultureInfo.InvariantCulture) is var least && least is double.MinValue or int.MinValue or double.NegativeInfinity
            ? null
            : least;

    /// <summary>The greatest number; null where there is none.</summary>
    /// <param name="range">The attribute.</param>
    public static double? Most(RangeAttribute range) =>
        Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture) is var most && most is double.MaxValue or int.MaxValue or double.PositiveInfinity
            ? null
            : most;

    /// <summary>The range in words: "at least 1", "above 0 and at most 1", "between 0 and 1".</summary>
    /// <param name="range">The attribute.</param>
    public static string Words(RangeAttribute range)
    {
        string? least = Least(range) is double low ? $"{(range.MinimumIsExclusive ? "above" : "at least")} {RecipeKey.Text(low)}" : null;
        string? most = Most(range) is double high ? $"{(range.MaximumIsExclusive ? "below" : "at most")} {RecipeKey.Text(high)}" : null;
        return least is not null && most is not null && !range.MinimumIsExclusive && !range.MaximumIsExclusive
            ? $"between {RecipeKey.Text(Least(range)!)} and {RecipeKey.Text(Most(range)!)}"
            : string.Join(" and ", new[] { least, most }.OfType<string>());
    }
}
