using Spar.Cli.Recipes;
using Spar.SelfPlay;
using YamlDotNet.RepresentationModel;

namespace Spar.Cli.Experiments;

/// <summary>
/// An experiment's file: under <c>recipe</c> a recipe as <c>spar run</c> takes it, and under <c>variants</c> by name the keys in which each variant
/// differs from it.
/// </summary>
internal sealed class ExperimentFile
{
    private readonly YamlMappingNode _recipe;
    private readonly OrderedDictionary<string, YamlMappingNode> _variants = new(StringComparer.Ordinal);

    private ExperimentFile(string path, YamlNode root)
    {
        Path = path;
        if (root is not YamlMappingNode keys)
        {
            throw StrictYaml.Fault(root, path, "an experiment is a group of keys: recipe and variants.");
        }

        YamlMappingNode? recipe = null;
        foreach ((YamlNode key, YamlNode value) in keys)
        {
            switch ((key as YamlScalarNode)?.Value)
            {
                case "recipe":
                    recipe = Group(value, "recipe");
                    break;
                case "variants":
                    foreach ((YamlNode name, YamlNode change) in Group(value, "variants"))
                    {
                        string variant = ((YamlScalarNode)name).Value!;
                        _variants.Add(variant, change is YamlScalarNode { Value: null or "" } ? [] : Group(change, $"variants.{variant}"));
                    }

                    break;
                default:
                    throw StrictYaml.Fault(key, path, $"unknown key '{key}'. Known keys here: recipe, variants.");
            }
        }

        _recipe = recipe ?? throw new SparException($"{path}: the key 'recipe' is missing: the keys of a recipe, as spar run takes it.");
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Names of the variants in the file's order.</summary>
    public IReadOnlyList<string> Variants => [.. _variants.Keys];

    /// <summary>Reads a file and checks every recipe in it.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SparException">Something is wrong with it; the message names the key.</exception>
    public static ExperimentFile Read(string path)
    {
        ExperimentFile file = new(path, StrictYaml.ParseFile(path));
        RunFile start = file.Start(1);
        foreach (string variant in file.Variants)
        {
            IReadOnlyList<string> differences = start.FullIdentity().DifferencesFrom(file.Variant(variant, 1).StartOnly().FullIdentity());
            if (differences.Count > 0)
            {
                throw new SparException($"{path}: variants.{variant} changes what all variants begin from: {string.Join(", ", differences)}. Change it under recipe, for all of them.");
            }
        }

        return file;
    }

    /// <summary>The run that all variants of a seed begin from: its start, without self-play.</summary>
    /// <param name="seed">The seed.</param>
    public RunFile Start(ulong seed) => Bind(_recipe, seed).StartOnly();

    /// <summary>A variant's recipe.</summary>
    /// <param name="name">One of <see cref="Variants"/>.</param>
    /// <param name="seed">The seed.</param>
    public RunFile Variant(string name, ulong seed) => Bind(StrictYaml.Overlay(_recipe, _variants[name]), seed);

    private RunFile Bind(YamlMappingNode node, ulong seed)
    {
        RunFile file = StrictYaml.Bind<RunFile>(node, Path) with { Seed = seed };
        try
        {
            file.CheckAll();
        }
        catch (RecipeException fault)
        {
            throw new YamlPlaces(Path, node).Explain(fault);
        }

        return file;
    }

    private YamlMappingNode Group(YamlNode node, string key) =>
        node as YamlMappingNode ?? throw StrictYaml.Fault(node, Path, $"'{key}' is no group of keys.");
}
