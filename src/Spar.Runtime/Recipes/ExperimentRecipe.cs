using Spar.Ground;
using Spar.Recipes;
using YamlDotNet.RepresentationModel;

namespace Spar.Runtime.Recipes;

/// <summary>
/// An experiment's file: under <c>recipe</c> a recipe as <c>spar run</c> takes it, and under <c>variants</c> by name
/// the keys in which each variant differs from it.
/// </summary>
public sealed class ExperimentRecipe
{
    private readonly RecipeDocument _document;
    private readonly YamlMappingNode _recipe = [];
    private readonly OrderedDictionary<string, YamlMappingNode> _variants = new(StringComparer.Ordinal);

    private ExperimentRecipe(RecipeDocument document)
    {
        _document = document;
        if (document.Root is not YamlMappingNode keys)
        {
            throw Fault(document.Root, "an experiment is a group of keys: recipe and variants.");
        }

        bool found = false;
        foreach ((YamlNode key, YamlNode value) in keys)
        {
            switch ((key as YamlScalarNode)?.Value)
            {
                case "recipe":
                    _recipe = Group(value, "recipe");
                    found = true;
                    break;
                case "variants":
                    foreach ((YamlNode name, YamlNode change) in Group(value, "variants"))
                    {
                        string variant = (name as YamlScalarNode)?.Value
                            ?? throw Fault(name, "a variant's name is a single word or text.");
                        if (variant is "start" or "." or ".." || variant.AsSpan().IndexOfAny('/', '\\', '\0') >= 0)
                        {
                            throw Fault(
                                name,
                                $"a variant cannot be called '{HarmlessText.Quote(variant)}': its runs are in a folder of "
                                + "that name, beside start.");
                        }

                        bool none = change is YamlScalarNode { Value: null or "" };
                        _variants.Add(variant, none ? [] : Group(change, $"variants.{HarmlessText.Quote(variant)}"));
                    }

                    break;
                default:
                    throw Fault(key, $"unknown key '{HarmlessText.Quote($"{key}")}'. Known keys here: recipe, variants.");
            }
        }

        if (!found)
        {
            throw new SparException(
                $"{document.Name}: the key 'recipe' is missing: the keys of a recipe, as spar run takes it.");
        }
    }

    /// <summary>Names of the variants in the file's order.</summary>
    public IReadOnlyList<string> Variants => [.. _variants.Keys];

    /// <summary>Reads a file and every recipe in it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="check">Checks a recipe; throws a <see cref="RecipeException"/> where something is wrong.</param>
    /// <exception cref="SparException">Something is wrong with it; the message names the key.</exception>
    public static ExperimentRecipe Read(string path, Action<RunRecipe> check)
    {
        ExperimentRecipe file = new(RecipeDocument.Read(path));
        file.Checked(file._recipe, check);
        IReadOnlyDictionary<string, string> start = Deciding(file.Start(1));
        foreach ((string name, YamlMappingNode change) in file._variants)
        {
            file.Checked(RecipeDocument.Overlay(file._recipe, change), check);
            IReadOnlyDictionary<string, string> other = Deciding(file.Variant(name, 1).Start());
            string[] changed = [.. start.Keys.Union(other.Keys).Order(StringComparer.Ordinal)
                .Where(key => start.GetValueOrDefault(key) != other.GetValueOrDefault(key))];
            if (changed.Length > 0)
            {
                throw file.Fault(change, $"variants.{HarmlessText.Quote(name)} changes what all variants begin from: "
                    + $"{string.Join(", ", changed)}. Change it under recipe, for all of them.");
            }
        }

        return file;
    }

    /// <summary>Whether the recipe that all variants share has a key of its own.</summary>
    /// <param name="key">A key that stands in no group.</param>
    public bool Has(string key) => _recipe.Children.ContainsKey(new YamlScalarNode(key));

    /// <summary>The run that all variants of a seed begin from: its start, without self-play.</summary>
    /// <param name="seed">The seed.</param>
    public RunRecipe Start(ulong seed) => Bind(_recipe, seed).Start();

    /// <summary>A variant's recipe.</summary>
    /// <param name="name">One of <see cref="Variants"/>.</param>
    /// <param name="seed">The seed.</param>
    public RunRecipe Variant(string name, ulong seed) => Bind(RecipeDocument.Overlay(_recipe, _variants[name]), seed);

    private static IReadOnlyDictionary<string, string> Deciding(RunRecipe recipe) =>
        RecipeKeys.Deciding(recipe, (_, text) => text);

    private RunRecipe Bind(YamlMappingNode node, ulong seed)
    {
        RunRecipe recipe = _document.With(node).Bind<RunRecipe>();
        return recipe with { Method = recipe.Method with { Seed = seed } };
    }

    private void Checked(YamlMappingNode node, Action<RunRecipe> check)
    {
        RecipeDocument part = _document.With(node);
        RunRecipe recipe = part.Bind<RunRecipe>();
        part.Check(() => check(recipe));
    }

    private YamlMappingNode Group(YamlNode node, string key) =>
        node as YamlMappingNode ?? throw Fault(node, $"'{key}' is no group of keys.");

    private SparException Fault(YamlNode node, string message) => new($"{_document.PlaceOf(node)}: {message}");
}
