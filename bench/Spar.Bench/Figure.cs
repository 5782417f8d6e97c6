using System.Globalization;

namespace Spar.Bench;

/// <summary>
/// One figure as a line that <c>bench/compare.py</c> reads; the peers' scripts print theirs in the same way and under
/// the same name.
/// </summary>
internal static class Figure
{
    /// <summary>Prints it.</summary>
    /// <param name="name">What was measured.</param>
    /// <param name="value">The figure.</param>
    /// <param name="unit">tokens/s, GFLOP/s or s.</param>
    /// <param name="remark">For readers only.</param>
    public static void Print(string name, double value, string unit, string remark = "") =>
        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{name,-40} {value,12:F2} {unit}  {remark}").TrimEnd()
        );
}
