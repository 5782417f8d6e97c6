using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace Spar.Recipes;

/// <summary>The numbers that a key may be, read out of the attribute beside it.</summary>
public static class KeyRange
{
    /// <summary>The least number; null where there is none.</summary>
    /// <param name="range">The attribute.</param>
    public static double? Least(RangeAttribute range) =>
        Bound(range.Minimum) is var least && least is double.MinValue or int.MinValue or double.NegativeInfinity
            ? null
            : least;

    /// <summary>The greatest number; null where there is none.</summary>
    /// <param name="range">The attribute.</param>
    public static double? Most(RangeAttribute range) =>
        Bound(range.Maximum) is var most && most is double.MaxValue or int.MaxValue or double.PositiveInfinity
            ? null
            : most;

    /// <summary>The range in words: "at least 1", "above 0 and at most 1", "between 0 and 1".</summary>
    /// <param name="range">The attribute.</param>
    public static string Words(RangeAttribute range)
    {
        string? least = Least(range) is double low ? RecipeKey.Text(low) : null;
        string? most = Most(range) is double high ? RecipeKey.Text(high) : null;
        if (least is not null && most is not null && !range.MinimumIsExclusive && !range.MaximumIsExclusive)
        {
            return $"between {least} and {most}";
        }

        string above = least is null ? "" : $"{(range.MinimumIsExclusive ? "above" : "at least")} {least}";
        string below = most is null ? "" : $"{(range.MaximumIsExclusive ? "below" : "at most")} {most}";
        return above.Length > 0 && below.Length > 0 ? $"{above} and {below}" : above + below;
    }

    private static double Bound(object bound) => Convert.ToDouble(bound, CultureInfo.InvariantCulture);
}
