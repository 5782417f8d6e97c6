using System.Globalization;

namespace Spar.Runtime.Recipes;

/// <summary>Times as Slurm writes them.</summary>
public static class TimeText
{
    /// <summary>A time in seconds.</summary>
    /// <param name="text">minutes, m:s, h:m:s, d-h, d-h:m or d-h:m:s, as of sbatch; null for none.</param>
    /// <returns>Null where it is none.</returns>
    public static long? Seconds(string? text)
    {
        string[] days = (text ?? "").Split('-');
        long[] parts =
        [
            .. days[^1].Split(':').Select(part =>
                long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : -1),
        ];
        if (days.Length > 2 || parts.Contains(-1) || parts.Length > 3)
        {
            return null;
        }

        if (days.Length == 1)
        {
            return parts switch
            {
                [long m] => m * 60,
                [long m, long s] => (m * 60) + s,
                [long h, long m, long s] => (h * 3600) + (m * 60) + s,
                _ => null,
            };
        }

        return long.TryParse(days[0], NumberStyles.None, CultureInfo.InvariantCulture, out long whole)
            ? (whole * 86_400) + (parts[0] * 3600) + (parts.ElementAtOrDefault(1) * 60) + parts.ElementAtOrDefault(2)
            : null;
    }
}
