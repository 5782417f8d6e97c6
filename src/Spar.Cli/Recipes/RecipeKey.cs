using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Spar.Cli.Recipes;

/// <summary>A key that a recipe may have, with its value in one recipe: what the schema, the reference and the resolved recipe are written from.</summary>
/// <param name="Name">The key.</param>
/// <param name="Type">What its value is read into.</param>
/// <param name="Description">What it means, in plain text.</param>
/// <param name="Required">Whether a recipe must have it.</param>
/// <param name="Value">Its value; null where it has none.</param>
/// <param name="Children">Keys of the group, or of each entry of a list of groups; empty for other values.</param>
internal sealed record RecipeKey(string Name, Type Type, string Description, bool Required, object? Value, IReadOnlyList<RecipeKey> Children)
{
    /// <summary>What a list holds; null when the value is no list.</summary>
    public Type? ElementType => ElementTypeOf(Type);

    /// <summary>The keys of a recipe that has only its required keys, so that values are defaults.</summary>
    /// <param name="recipe">The recipe's record.</param>
    public static IReadOnlyList<RecipeKey> Of(Type recipe) => Of(recipe, Activator.CreateInstance(recipe), preset: false);

    /// <summary>The keys of a recipe with their values in it.</summary>
    /// <param name="type">The recipe's record.</param>
    /// <param name="instance">The recipe, or a group of it; null where there is none.</param>
    /// <param name="preset">Whether keys that are not given take their value from the instance, so that none is required.</param>
    public static IReadOnlyList<RecipeKey> Of(Type type, object? instance, bool preset = true) =>
    [
        .. Hierarchy(type).SelectMany(level => level.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Where(property => property.SetMethod is not null)
            .Select(property =>
            {
                Type valueType = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
                object? value = instance is null ? null : property.GetValue(instance);
                Type? element = ElementTypeOf(valueType);
                return new RecipeKey(
                    StrictYaml.SnakeCase(property.Name),
                    valueType,
                    RecipeDescriptions.Of(property),
                    !preset && property.IsDefined(typeof(RequiredMemberAttribute)),
                    value,
                    IsGroup(valueType) ? Of(valueType, value) : element is not null && IsGroup(element) ? Of(element) : []);
            }),
    ];

    /// <summary>Whether a value is a group of keys.</summary>
    /// <param name="type">Its type.</param>
    public static bool IsGroup(Type type) => type.IsClass && type != typeof(string) && ElementTypeOf(type) is null;

    /// <summary>A single value as YAML and JSON both write it, text without quotes.</summary>
    /// <param name="value">No group and no list.</param>
    public static string Scalar(object value) => value switch
    {
        bool flag => flag ? "true" : "false",
        Enum name => StrictYaml.SnakeCase(name.ToString()),
        double number => Number(number),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    // YAML 1.1 readers take an exponent for a number only behind a decimal point.
    private static string Number(double number)
    {
        string text = number.ToString("R", CultureInfo.InvariantCulture).ToLowerInvariant();
        int exponent = text.IndexOf('e', StringComparison.Ordinal);
        return exponent < 0 || text.Contains('.', StringComparison.Ordinal) ? text : $"{text[..exponent]}.0{text[exponent..]}";
    }

    private static Type? ElementTypeOf(Type type) =>
        type != typeof(string) && type.IsGenericType && typeof(IEnumerable).IsAssignableFrom(type) ? type.GetGenericArguments()[0] : null;

    // A record's own keys come after those of what it extends.
    private static IEnumerable<Type> Hierarchy(Type type) =>
        type.BaseType is { } parent && parent != typeof(object) ? Hierarchy(parent).Append(type) : [type];
}
