using System.Text.RegularExpressions;

namespace Spar.Cli.Tests;

/// <summary>
/// Which folders of a project use which others, read in its source. A file uses a folder when it imports the folder's
/// namespace, names one of its types with the namespace before it, or names a type of a folder that it sees without
/// importing: an enclosing one, or, in a Razor file, one that _Imports.razor imports.
/// </summary>
internal sealed partial class FolderGraph
{
    /// <summary>The project's own folder, where files lie that are in none.</summary>
    public const string Root = ".";

    private readonly Dictionary<(string From, string To), string> _arrows = [];

    private FolderGraph(IReadOnlyList<Source> sources, string project)
    {
        Dictionary<string, HashSet<string>> types = sources
            .GroupBy(source => source.Folder)
            .ToDictionary(folder => folder.Key, folder => folder.SelectMany(source => source.Types).ToHashSet());
        Dictionary<string, string> folderOf = types.Keys.ToDictionary(folder => Namespace(project, folder));
        Folders = [.. types.Keys.Order(StringComparer.Ordinal)];
        string[] imports = [.. sources.Where(source => source.IsImports).SelectMany(source => source.Usings)];
        foreach (Source source in sources.Where(source => !source.IsImports))
        {
            foreach (string used in source.Usings.Select(name => Find(folderOf, types, name)).OfType<string>())
            {
                Add(source, used);
            }

            IEnumerable<string> seen = types.Keys.Where(folder =>
                folder == Root || source.Folder.StartsWith($"{folder}/", StringComparison.Ordinal)
            );
            foreach (
                string folder in source.IsRazor
                    ? seen.Concat(imports.Select(name => Find(folderOf, types, name)).OfType<string>())
                    : seen
            )
            {
                if (folder != source.Folder && types[folder].Except(types[source.Folder]).Any(source.Words.Contains))
                {
                    Add(source, folder);
                }
            }

            foreach (Match qualified in QualifiedName().Matches(source.Code))
            {
                string[] names = qualified.Value.Split('.');
                for (int length = 1; length < names.Length; length++)
                {
                    string prefix = string.Join('.', names[..length]);
                    if (Find(folderOf, prefix, project, source) is { } folder && types[folder].Contains(names[length]))
                    {
                        Add(source, folder);
                    }
                }
            }
        }

        void Add(Source source, string to)
        {
            if (to != source.Folder)
            {
                _arrows.TryAdd((source.Folder, to), source.File);
            }
        }
    }

    /// <summary>The folders that hold types.</summary>
    public IReadOnlyList<string> Folders { get; }

    /// <summary>Each arrow with a file that draws it.</summary>
    public IReadOnlyDictionary<(string From, string To), string> Arrows => _arrows;

    /// <summary>Reads a project.</summary>
    /// <param name="directory">Its folder; the folder's name is the root namespace.</param>
    public static FolderGraph Read(string directory)
    {
        char slash = Path.DirectorySeparatorChar;
        string[] files =
        [
            .. Directory
                .EnumerateFiles(directory, "*", SearchOption.AllDirectories)
                .Where(file =>
                    Path.GetExtension(file) is ".cs" or ".razor"
                    && !file.Contains($"{slash}obj{slash}")
                    && !file.Contains($"{slash}bin{slash}")
                )
                .Order(StringComparer.Ordinal),
        ];
        return Of(
            Path.GetFileName(directory),
            files.Select(file => (Path.GetRelativePath(directory, file).Replace(slash, '/'), File.ReadAllText(file)))
        );
    }

    /// <summary>Reads source.</summary>
    /// <param name="project">The root namespace.</param>
    /// <param name="files">Path in the project, with slashes, and text of each file.</param>
    public static FolderGraph Of(string project, IEnumerable<(string Path, string Text)> files) =>
        new([.. files.Select(file => new Source(file.Path, file.Text))], project);

    /// <summary>A way along the arrows that ends where it begins; null where there is none.</summary>
    public IReadOnlyList<string>? FindCycle()
    {
        HashSet<string> done = [];
        List<string> path = [];
        return Folders.Select(Visit).FirstOrDefault(found => found is not null);

        IReadOnlyList<string>? Visit(string folder)
        {
            if (path.Contains(folder))
            {
                return [.. path[path.IndexOf(folder)..], folder];
            }

            if (!done.Add(folder))
            {
                return null;
            }

            path.Add(folder);
            IReadOnlyList<string>? found = _arrows
                .Keys.Where(arrow => arrow.From == folder)
                .Select(arrow => Visit(arrow.To))
                .FirstOrDefault(cycle => cycle is not null);
            path.RemoveAt(path.Count - 1);
            return found;
        }
    }

    private static string Namespace(string project, string folder) =>
        folder == Root ? project : $"{project}.{folder.Replace('/', '.')}";

    // A using directive names a namespace, or with static or an alias a type in it. The namespace of another project
    // may begin like this one's.
    private static string? Find(
        Dictionary<string, string> folderOf,
        Dictionary<string, HashSet<string>> types,
        string name
    )
    {
        if (folderOf.TryGetValue(name, out string? folder) || !name.Contains('.'))
        {
            return folder;
        }

        int dot = name.LastIndexOf('.');
        return folderOf.TryGetValue(name[..dot], out folder) && types[folder].Contains(name[(dot + 1)..])
            ? folder
            : null;
    }

    // A qualified name may leave out what encloses the file.
    private static string? Find(Dictionary<string, string> folderOf, string prefix, string project, Source source)
    {
        for (string outer = Namespace(project, source.Folder); ; outer = outer[..outer.LastIndexOf('.')])
        {
            if (folderOf.GetValueOrDefault($"{outer}.{prefix}") is { } folder)
            {
                return folder;
            }

            if (!outer.Contains('.'))
            {
                return folderOf.GetValueOrDefault(prefix);
            }
        }
    }

    [GeneratedRegex(@"(?<![\w.])[A-Z]\w*(?:\.[A-Z]\w*)+")]
    private static partial Regex QualifiedName();

    private sealed partial class Source
    {
        public Source(string path, string text)
        {
            File = path;
            Folder = path.Contains('/') ? path[..path.LastIndexOf('/')] : Root;
            string code = Literal().Replace(text, match => match.Value.StartsWith('"') ? "\"\"" : " ");
            Usings = [.. UsingDirective().Matches(code).Select(match => match.Groups["name"].Value)];
            Code = NamespaceOrUsing().Replace(code, "");
            Words = [.. Word().Matches(Code).Select(match => match.Value)];
            Types = [.. Declaration().Matches(Code).Select(match => match.Groups["name"].Value)];
            if (IsRazor)
            {
                Types.Add(Path.GetFileNameWithoutExtension(path));
            }
        }

        public string File { get; }

        public string Folder { get; }

        public string Code { get; }

        public IReadOnlyList<string> Usings { get; }

        public HashSet<string> Words { get; }

        public HashSet<string> Types { get; }

        public bool IsRazor => File.EndsWith(".razor", StringComparison.Ordinal);

        public bool IsImports => File.EndsWith("_Imports.razor", StringComparison.Ordinal);

        // Comments and texts say nothing of what the code uses.
        [GeneratedRegex(
            """"
                """(?s:.*?)"""|"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*(?s:.*?)\*/|@\*(?s:.*?)\*@
                """"
        )]
        private static partial Regex Literal();

        [GeneratedRegex(
            @"^\s*@?(?:global\s+)?using\s+(?:static\s+)?(?:\w+\s*=\s*)?(?<name>[\w.]+)\s*;?\s*$",
            RegexOptions.Multiline
        )]
        private static partial Regex UsingDirective();

        [GeneratedRegex(
            @"^\s*@?(?:global\s+)?(?:using\s+(?:static\s+)?(?:\w+\s*=\s*)?[\w.]+|namespace\s+[\w.]+)\s*;?\s*$",
            RegexOptions.Multiline
        )]
        private static partial Regex NamespaceOrUsing();

        [GeneratedRegex(@"(?<![\w.])[A-Z]\w*")]
        private static partial Regex Word();

        [GeneratedRegex(
            @"\b(?:class|struct|interface|enum|record(?:\s+struct|\s+class)?|delegate\s+[\w<>\[\]?., ]+?)\s+(?<name>[A-Z]\w*)"
        )]
        private static partial Regex Declaration();
    }
}
