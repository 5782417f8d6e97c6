namespace Spar.Runtime.Recipes;

/// <summary>Finds the key that someone meant.</summary>
internal static class NearestKey
{
    /// <summary>A sentence with the nearest of the known keys, or with all of them where none is near.</summary>
    /// <param name="name">What was written.</param>
    /// <param name="known">The keys that there are.</param>
    public static string Suggest(string name, IEnumerable<string> known)
    {
        string[] names = [.. known.Order(StringComparer.Ordinal)];
        return NearestName.To(name, names) is string nearest
            ? $"Did you mean '{nearest}'?"
            : $"Known keys here: {string.Join(", ", names)}.";
    }
}
