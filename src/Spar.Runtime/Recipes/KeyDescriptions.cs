using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Spar.Recipes;

namespace Spar.Runtime.Recipes;

/// <summary>
/// What the keys of recipes mean: the docstrings of the records that they are read into, which lie beside the program
/// as XML.
/// </summary>
public static partial class KeyDescriptions
{
    private static readonly Dictionary<Assembly, Dictionary<string, XElement>> s_members = [];

    /// <summary>A property's docstring as plain text; references to other keys by their YAML names.</summary>
    /// <param name="property">A property of a recipe's record.</param>
    /// <exception cref="SparException">The program's XML file is not beside it.</exception>
    public static string Of(PropertyInfo property)
    {
        Type type = property.DeclaringType!;
        Dictionary<string, XElement> members = MembersOf(type.Assembly);
        XElement? text = members.GetValueOrDefault($"P:{type.FullName}.{property.Name}")?.Element("summary")
            ?? members.GetValueOrDefault($"T:{type.FullName}")?.Elements("param").FirstOrDefault(
                param => (string?)param.Attribute("name") == property.Name);
        return text is null ? "" : Blanks().Replace(string.Concat(text.Nodes().Select(Plain)), " ").Trim();
    }

    private static Dictionary<string, XElement> MembersOf(Assembly assembly)
    {
        lock (s_members)
        {
            if (!s_members.TryGetValue(assembly, out Dictionary<string, XElement>? members))
            {
                string file = Path.Combine(AppContext.BaseDirectory, $"{assembly.GetName().Name}.xml");
                members = File.Exists(file)
                    ? XDocument.Load(file).Descendants("member").ToDictionary(
                        member => (string)member.Attribute("name")!)
                    : throw new SparException(
                        $"{file} is missing: the descriptions of keys come from it. Install the program as a whole.");
                s_members.Add(assembly, members);
            }

            return members;
        }
    }

    private static string Plain(XNode node) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "see" or "paramref" } reference =>
            Name(((string?)reference.Attribute("cref") ?? (string?)reference.Attribute("name"))!),
        XElement element => string.Concat(element.Nodes().Select(Plain)),
        _ => "",
    };

    // Of a reference to a property its key; of one to a type its name in words.
    private static string Name(string reference)
    {
        string last = reference[(reference.LastIndexOf('.') + 1)..];
        return reference.StartsWith("T:", StringComparison.Ordinal)
            ? Capital().Replace(last, " $0").Trim().ToLowerInvariant()
            : RecipeKey.Spell(last);
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex("[A-Z]")]
    private static partial Regex Capital();
}
