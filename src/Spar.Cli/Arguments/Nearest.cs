namespace Spar.Cli.Arguments;

/// <summary>Finds the name that a misspelt one was meant to be.</summary>
internal static class Nearest
{
    /// <summary>The known name with the smallest edit distance; null when none is near.</summary>
    /// <param name="given">What was written.</param>
    /// <param name="known">The names that there are.</param>
    public static string? To(string given, IEnumerable<string> known)
    {
        // A text of any length may stand where a name is expected; no name is that long, and everything is near to one or two letters.
        if (given.Length is < 3 or > 64)
        {
            return null;
        }

        string? nearest = known.Order(StringComparer.Ordinal).MinBy(name => Distance(given, name));
        return nearest is not null && Distance(given, nearest) <= Math.Max(2, given.Length / 3) ? nearest : null;
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
