namespace Spar.Ground;

/// <summary>
/// The model and the recipes that come with the program. They lie beside it, so that it works from any directory; what
/// the user has under the same name comes first.
/// </summary>
public static class ShippedFiles
{
    private static readonly string[] s_folders = ["models", "recipes"];

    /// <summary>Where they lie: the program's own folder.</summary>
    public static string Folder => AppContext.BaseDirectory;

    /// <summary>The path itself where something is there, or else what is shipped under it, or else the path.</summary>
    /// <param name="path">A path as users give it: <c>models/nano</c>.</param>
    public static string Resolve(string path) => Path.Exists(path) ? path : Find(path) ?? path;

    /// <summary>As <see cref="Resolve"/>, and a bare name means a shipped recipe: <c>quickstart</c>.</summary>
    /// <param name="path">A file, or a recipe's name.</param>
    public static string ResolveRecipe(string path) =>
        Path.Exists(path) ? path
        : Find(path) is string shipped ? shipped
        : Path.GetFileName(path) == path && Find($"recipes/{path}.yaml") is string named ? named
        : path;

    /// <summary>Names of the recipes that a bare name may mean, in order; empty where the program stands alone.</summary>
    public static IReadOnlyList<string> Recipes() =>
        Find("recipes/quickstart.yaml") is string one
            ?
            [
                .. Directory
                    .GetFiles(Path.GetDirectoryName(one)!, "*.yaml")
                    .Select(file => Path.GetFileNameWithoutExtension(file))
                    .Order(StringComparer.Ordinal),
            ]
            : [];

    /// <summary>What is shipped under a path; null when nothing is.</summary>
    /// <param name="path">A relative path.</param>
    private static string? Find(string path)
    {
        string[] parts = path.Split('/', '\\');
        if (!s_folders.Contains(parts[0], StringComparer.Ordinal) || parts.Contains(".."))
        {
            return null;
        }

        string shipped = Path.Combine([Folder, .. parts]);
        return Path.Exists(shipped) ? Path.TrimEndingDirectorySeparator(shipped) : null;
    }
}
