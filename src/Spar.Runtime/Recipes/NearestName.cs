namespace Spar.Runtime.Recipes;

/// <summary>Finds the name that a misspelt one was meant to be: a key, an option, a command.</summary>
public static class NearestName
{
    // No name is as long; what is, is no slip of the pen, and comparing it would take long. Everything is near to one
    // or two letters.
    private const int ShortestSlip = 3;
    private const int LongestSlip = 64;

    /// <summary>
    /// The known name with the fewest slips between; the first in the alphabet of several, null when none is near.
    /// </summary>
    /// <param name="given">What was written.</param>
    /// <param name="known">The names that there are.</param>
    public static string? To(string given, IEnumerable<string> known)
    {
        if (given.Length is < ShortestSlip or > LongestSlip)
        {
            return null;
        }

        string? nearest = known.Order(StringComparer.Ordinal).MinBy(name => Slips(given, name));
        return nearest is not null && Slips(given, nearest) <= Math.Max(2, given.Length / 3) ? nearest : null;
    }

    // Optimal string alignment: letters that are inserted, left out, changed, or swapped with their neighbour.
    private static int Slips(string a, string b)
    {
        int[,] slips = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    slips[i, j] = i + j;
                    continue;
                }

                int changed = slips[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                slips[i, j] = Math.Min(changed, Math.Min(slips[i - 1, j], slips[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    slips[i, j] = Math.Min(slips[i, j], slips[i - 2, j - 2] + 1);
                }
            }
        }

        return slips[a.Length, b.Length];
    }
}
