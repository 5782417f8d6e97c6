using Spar.Ground;
using Spar.Judging;
using Spar.Recipes;
using Spar.Runtime.Models;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Templates;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Spar.Runtime.Recipes;

/// <summary>
/// A recipe file, or a part of one, as it was written: its keys, and for messages where each of them stands.
/// </summary>
public sealed class RecipeDocument
{
    private readonly Dictionary<YamlNode, string> _given = new(ReferenceEqualityComparer.Instance);
    private readonly List<string> _notes = [];
    private readonly string _folder;

    private RecipeDocument(string name, string folder, YamlNode root)
    {
        Name = name;
        _folder = folder;
        Root = root;
    }

    /// <summary>What messages call the file.</summary>
    public string Name { get; }

    /// <summary>What the user should know of how the file was read, one sentence each.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>The keys.</summary>
    internal YamlNode Root { get; private set; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file, or the name of a recipe that comes with the program.</param>
    /// <param name="settings">Keys that take the place of the file's, as <c>dpo.learning_rate=1e-5</c>.</param>
    /// <exception cref="SparException">The file cannot be read, or it or a setting is not YAML.</exception>
    public static RecipeDocument Read(string path, IEnumerable<string>? settings = null)
    {
        path = ShippedFiles.ResolveRecipe(path);
        string name = HarmlessText.Name(path);
        RecipeDocument document = new(
            name, Path.GetDirectoryName(path) ?? "", YamlText.Parse(YamlText.Read(path), name));
        foreach (string setting in settings ?? [])
        {
            document.Set(setting);
        }

        return document;
    }

    /// <summary>Reads a text; its paths begin where the command runs.</summary>
    /// <param name="text">YAML.</param>
    /// <param name="name">What messages call the text.</param>
    /// <exception cref="SparException">The text is not YAML.</exception>
    public static RecipeDocument Parse(string text, string name) => new(name, "", YamlText.Parse(text, name));

    /// <summary>Reads the keys into a record.</summary>
    /// <typeparam name="T">A record with init properties; members that are <c>required</c> must be given.</typeparam>
    /// <exception cref="SparException">
    /// They do not fit the record: one line a fault, with file, line and column.
    /// </exception>
    public T Bind<T>() => new YamlBinder(this).Bind<T>(Root);

    /// <summary>Whether the file has a key of its own.</summary>
    /// <param name="key">A key that stands in no group.</param>
    public bool Has(string key) =>
        Root is YamlMappingNode keys && keys.Children.ContainsKey(new YamlScalarNode(key));

    /// <summary>Runs a check of what was read from the file.</summary>
    /// <param name="check">Throws a <see cref="RecipeException"/> where something is wrong.</param>
    /// <exception cref="SparException">Something is wrong: one line a key, with file, line and column.</exception>
    public void Check(Action check)
    {
        try
        {
            check();
        }
        catch (RecipeException fault)
        {
            IEnumerable<string> lines =
                fault.Faults.Select(one => $"{PlaceOf(one.Key)}: {one.Key} {HarmlessText.Name(one.Rule)}.");
            throw new SparException(string.Join('\n', lines), fault);
        }
    }

    /// <summary>The same file with other keys.</summary>
    /// <param name="root">The keys.</param>
    internal RecipeDocument With(YamlNode root)
    {
        RecipeDocument part = new(Name, _folder, root);
        foreach ((YamlNode node, string place) in _given)
        {
            part._given.Add(node, place);
        }

        return part;
    }

    /// <summary>Where a node stands.</summary>
    /// <param name="node">A node of this file.</param>
    internal string PlaceOf(YamlNode node) => _given.TryGetValue(node, out string? place) ? place : At(node.Start);

    /// <summary>
    /// What a text in a recipe points to: a path begins in the recipe's folder, or else where the command runs, or else
    /// among the files that come with the program. Where the first two have it the recipe's folder counts, and a note
    /// says so.
    /// </summary>
    /// <param name="referent">What it points to.</param>
    /// <param name="text">The text.</param>
    internal string Find(Referent referent, string text)
    {
        string path = FindPath(referent, text);
        if (!referent.IsModel() || (referent == Referent.JudgeModel && path == JudgingSettings.Refiner)
            || ModelReference.IsServed(path) || string.IsNullOrWhiteSpace(path))
        {
            return path;
        }

        ModelRole role = referent == Referent.Model ? ModelRole.Actor : ModelRole.Refiner;
        string? model = ModelReference.Find(path, role);
        if (model is not null && model != path)
        {
            _notes.Add($"{text} is the model {model}.");
        }

        return model ?? path;
    }

    private string FindPath(Referent referent, string text)
    {
        bool name = referent switch
        {
            Referent.JudgeModel when text == JudgingSettings.Refiner => true,
            _ when referent.IsModel() => ModelReference.IsServed(text),
            Referent.PromptSet => text == Recipe.DerivedPromptSet || TemplateSet.BuiltIn.Contains(text),
            _ => false,
        };
        if (name || string.IsNullOrWhiteSpace(text) || Path.IsPathRooted(text))
        {
            return text;
        }

        if (_folder.Length == 0)
        {
            return ShippedFiles.Resolve(text);
        }

        string beside = Path.Combine(_folder, text);
        if (!Path.Exists(beside))
        {
            return ShippedFiles.Resolve(text);
        }

        if (Path.Exists(text) && Path.GetFullPath(text) != Path.GetFullPath(beside))
        {
            _notes.Add($"There are two of {text}: {beside}, beside the recipe, is taken, and not the one here.");
        }

        return beside;
    }

    /// <summary>
    /// Two groups of keys laid over each other: the upper wins; groups within them are laid over each other in turn.
    /// </summary>
    /// <param name="below">The lower.</param>
    /// <param name="above">The upper.</param>
    internal static YamlMappingNode Overlay(YamlMappingNode below, YamlMappingNode above)
    {
        YamlMappingNode merged = [];
        foreach ((YamlNode key, YamlNode value) in below)
        {
            merged.Add(key, above.Children.TryGetValue(key, out YamlNode? over)
                ? value is YamlMappingNode group && over is YamlMappingNode more ? Overlay(group, more) : over
                : value);
        }

        foreach ((YamlNode key, YamlNode value) in above)
        {
            if (!merged.Children.ContainsKey(key))
            {
                merged.Add(key, value);
            }
        }

        return merged;
    }

    private void Set(string setting)
    {
        string place = $"--set {HarmlessText.Quote(setting)}";
        int sign = setting.IndexOf('=', StringComparison.Ordinal);
        string[] path = sign < 0 ? [] : setting[..sign].Split('.');
        if (path.Length == 0 || path.Any(string.IsNullOrWhiteSpace))
        {
            throw new SparException($"{place}: give a key and its value, as in --set dpo.learning_rate=1e-5.");
        }

        string text = setting[(sign + 1)..];
        YamlNode value = text.Trim().Length == 0
            ? new YamlScalarNode("") { Style = ScalarStyle.Plain }
            : YamlText.Parse(text, place);
        Mark(value);
        foreach (string key in path.Reverse())
        {
            YamlScalarNode name = new(key);
            value = new YamlMappingNode(name, value);
            Mark(value);
            Mark(name);
        }

        Root = Root is YamlMappingNode keys
            ? Overlay(keys, (YamlMappingNode)value)
            : throw new SparException($"{PlaceOf(Root)}: a recipe is a group of keys, and this is none.");

        void Mark(YamlNode node)
        {
            foreach (YamlNode one in node.AllNodes)
            {
                _given.TryAdd(one, place);
            }
        }
    }

    private string At(Mark mark) => mark.Line > 0 ? $"{Name}:{mark.Line}:{mark.Column}" : Name;

    // A key that the file does not have is said to stand where the nearest group does that it has.
    private string PlaceOf(string key)
    {
        Dictionary<string, string> places = new(StringComparer.Ordinal);
        Note("", Root);
        for (string known = key; known.Length > 0; known = known[..Math.Max(0, known.LastIndexOf('.'))])
        {
            if (places.TryGetValue(known, out string? place))
            {
                return place;
            }
        }

        return Name;

        void Note(string path, YamlNode node)
        {
            if (node is YamlMappingNode mapping)
            {
                foreach ((YamlNode name, YamlNode value) in mapping)
                {
                    string full = path.Length == 0 ? $"{name}" : $"{path}.{name}";
                    places.TryAdd(full, PlaceOf(_given.ContainsKey(value) ? value : name));
                    Note(full, value);
                }
            }
            else if (node is YamlSequenceNode sequence)
            {
                int i = 0;
                foreach (YamlNode item in sequence)
                {
                    places.TryAdd($"{path}.{i}", PlaceOf(item));
                    Note($"{path}.{i++}", item);
                }
            }
        }
    }
}
