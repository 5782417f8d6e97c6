using System.Globalization;
using Spar.Judging;
using Spar.SelfPlay;

namespace Spar.Web.Text;

/// <summary>
/// How numbers are written for a reader: one decimal for percent and points, thousands in groups, a dash for what is
/// unknown.
/// </summary>
public static class Display
{
    /// <summary>What stands where a number is missing.</summary>
    public const string Missing = "–";

    private static readonly CultureInfo s_culture = CultureInfo.InvariantCulture;

    /// <summary>A fraction 0..1 as percent, such as "68.4 %"; a dash where it is null or not finite.</summary>
    public static string Percent(double? fraction) =>
        fraction is { } value && double.IsFinite(value)
            ? $"{(100 * value).ToString("0.0", s_culture)}\u00a0%" : Missing;

    /// <summary>A difference of fractions in percentage points, with its sign, such as "+16.4".</summary>
    public static string Points(double difference)
    {
        double points = Math.Round(100 * difference, 1);
        return points == 0 ? "±0.0" : (points > 0 ? "+" : "−") + Math.Abs(points).ToString("0.0", s_culture);
    }

    /// <summary>
    /// The share of a part in a whole as percent, "&lt; 0.1 %" where it is small but not nothing; a dash where the
    /// whole is 0.
    /// </summary>
    public static string Share(long part, long whole) =>
        part > 0 && part < 0.0005 * whole ? "<\u00a00.1\u00a0%" : Percent(whole == 0 ? null : (double)part / whole);

    /// <summary>A count, thousands in groups.</summary>
    public static string Count(long count) => count.ToString("N0", s_culture);

    /// <summary>A number with a fixed count of decimals; a dash where it is null or not finite.</summary>
    public static string Number(double? value, int decimals) =>
        value is { } number && double.IsFinite(number)
            ? number.ToString("F" + decimals.ToString(s_culture), s_culture) : Missing;

    /// <summary>
    /// A tick of an axis: with the axis' decimals, or in powers of ten where that would be too long to stand beside the
    /// axis.
    /// </summary>
    public static string Tick(double value, int decimals) =>
        Math.Abs(value) >= 1e5 || decimals > 4 ? value == 0
            ? "0" : value.ToString("0.##e0", s_culture) : Number(value, decimals);

    /// <summary>A span of time, such as "42 s", "4 min 12 s" or "3 h 5 min".</summary>
    /// <param name="seconds">The span in seconds.</param>
    public static string Duration(double seconds)
    {
        if (!double.IsFinite(seconds) || seconds < 0)
        {
            return Missing;
        }
        long whole = (long)Math.Round(seconds);
        return whole switch
        {
            < 60 => $"{whole} s",
            < 3600 => $"{whole / 60} min {whole % 60} s",
            _ => $"{Count(whole / 3600)} h {whole % 3600 / 60} min",
        };
    }

    /// <summary>A coordinate in a drawing, to a hundredth.</summary>
    public static string Coordinate(double value) => value.ToString("0.##", s_culture);

    /// <summary>A gate's threshold, with as many decimals as it has.</summary>
    public static string Gate(Gate gate) => gate.Threshold.ToString("0.####", s_culture);

    /// <summary>A row's name for a reader: "base", "SFT" or "iteration 2".</summary>
    public static string Row(RowName name) =>
        name == RowName.Sft ? "SFT" : name.IterationNumber is { } iteration
            ? $"iteration {iteration.ToString(s_culture)}" : name.ToString();
}
