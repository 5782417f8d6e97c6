namespace Spar.Runtime.Recipes;

/// <summary>Finds the key that someone meant.</summary>
internal static class NearestKey
{
    // No key is as long; what is, is no slip of the pen, and comparing it would take long.
    private const int LongestSlip = 64;

    /// <summary>A sentence with the nearest of the known keys, or with all of them where none is near.</summary>
    /// <param name="name">What was written.</param>
    /// <param name="known">The keys that there are.</param>
    public static string Suggest(string name, IEnumerable<string> known)
    {
        string[] names = [.. known.Order(StringComparer.Ordinal)];
        if (name.Length is > 0 and <= LongestSlip && names.MinBy(candidate => Distance(name, candidate)) is { } nearest
            && Distance(name, nearest) <= Math.Max(2, name.Length / 3))
        {
            return $"Did you mean '{nearest}'?";
        }

        return $"Known keys here: {string.Join(", ", names)}.";
    }

    // Edit distance (Levenshtein).
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }
}
