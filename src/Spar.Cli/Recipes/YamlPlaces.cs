using Spar.SelfPlay;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Spar.Cli.Recipes;

/// <summary>Where the keys of a YAML file stand, for messages about values that are wrong only for their meaning.</summary>
internal sealed class YamlPlaces
{
    private readonly Dictionary<string, Mark> _places = new(StringComparer.Ordinal);
    private readonly string _file;

    /// <summary>The places of a file's keys.</summary>
    /// <param name="file">What messages call the file.</param>
    /// <param name="root">Its content.</param>
    public YamlPlaces(string file, YamlNode root)
    {
        _file = file;
        Note("", root);
    }

    /// <summary>Runs a check of what was read from a file.</summary>
    /// <param name="path">The file; valid YAML.</param>
    /// <param name="check">Throws a <see cref="RecipeException"/> where something is wrong.</param>
    /// <exception cref="SparException">Something is wrong: one line for each key, with file, line and column.</exception>
    public static void Locate(string path, Action check)
    {
        try
        {
            check();
        }
        catch (RecipeException fault)
        {
            YamlStream stream = new();
            stream.Load(new StringReader(File.ReadAllText(path)));
            throw new YamlPlaces(path, stream.Documents[0].RootNode).Explain(fault);
        }
    }

    /// <summary>The same faults with the places of their keys. A key that the file does not have is said to stand where the nearest group does that it has.</summary>
    /// <param name="fault">What is wrong.</param>
    public SparException Explain(RecipeException fault) => new(
        string.Join('\n', fault.Faults.Select(one => $"{Place(one.Key)}: {one.Key} {one.Rule}.")), fault);

    private string Place(string key)
    {
        for (string known = key; known.Length > 0; known = known[..Math.Max(0, known.LastIndexOf('.'))])
        {
            if (_places.TryGetValue(known, out Mark place))
            {
                return $"{_file}:{place.Line}:{place.Column}";
            }
        }

        return _file;
    }

    private void Note(string path, YamlNode node)
    {
        switch (node)
        {
            case YamlMappingNode mapping:
                foreach ((YamlNode key, YamlNode value) in mapping)
                {
                    string full = path.Length == 0 ? $"{key}" : $"{path}.{key}";
                    _places.TryAdd(full, key.Start);
                    Note(full, value);
                }

                break;
            case YamlSequenceNode sequence:
                foreach (YamlNode item in sequence)
                {
                    Note(path, item);
                }

                break;
            default:
                break;
        }
    }
}
