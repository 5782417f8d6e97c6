using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Spar.Recipes;

/// <summary>
/// A key that a recipe may have, with all that is true of it and its value in one recipe. It comes from the property
/// that the key is read into:
/// its name, its type, its attributes, its value.
/// </summary>
public sealed class RecipeKey
{
    /// <summary>How recipes write dates.</summary>
    public const string DateFormat = "yyyy-MM-dd";

    private readonly PropertyInfo? _holder;

    private RecipeKey(PropertyInfo? holder, PropertyInfo property, object? owner, bool preset, Results decides)
    {
        _holder = holder;
        Property = property;
        Decides = property.GetCustomAttribute<DecidesAttribute>()?.Results ?? decides;
        Required = !preset
            && (property.IsDefined(typeof(RequiredMemberAttribute)) || !HasDefaults(property.DeclaringType!));
        Value = owner is null ? null : property.GetValue(owner);
        Type? element = ElementTypeOf(Type);
        Children = IsGroup(Type) ? Of(Type, Value ?? Blank(Type), preset: Value is not null, Decides)
            : element is not null && IsGroup(element) ? Of(element, Blank(element), preset: false, Decides)
            : [];
    }

    /// <summary>The property that it is read into.</summary>
    public PropertyInfo Property { get; }

    /// <summary>The key as recipes write it.</summary>
    public string Name => Spell(Property.Name);

    /// <summary>What its value is read into; of a value that may be absent the type without that.</summary>
    public Type Type => Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType;

    /// <summary>What a list holds; null when the value is no list.</summary>
    public Type? ElementType => ElementTypeOf(Type);

    /// <summary>Whether the value is a group of keys.</summary>
    public bool HoldsGroup => IsGroup(Type);

    /// <summary>Whether the value is a number, or may be one.</summary>
    public bool IsNumber => IsNumeric(Type);

    /// <summary>Whether a recipe must have the key.</summary>
    public bool Required { get; }

    /// <summary>Whether the key may say null.</summary>
    public bool MayBeNull => Nullable.GetUnderlyingType(Property.PropertyType) is not null
        || (!Type.IsValueType && new NullabilityInfoContext().Create(Property).WriteState == NullabilityState.Nullable);

    /// <summary>Which results it decides; a key in a group decides what the group does.</summary>
    public Results Decides { get; }

    /// <summary>The numbers that it may be; null where any will do.</summary>
    public RangeAttribute? Range => Property.GetCustomAttribute<RangeAttribute>();

    /// <summary>Whether a text or a list may not be empty.</summary>
    public bool NotEmpty => Property.IsDefined(typeof(MinLengthAttribute));

    /// <summary>What its text points to; null when it points to nothing.</summary>
    public Referent? RefersTo => Property.GetCustomAttribute<RefersToAttribute>()?.Referent;

    /// <summary>Its value; null where it has none.</summary>
    public object? Value { get; }

    /// <summary>Keys of the group, or of each entry of a list of groups; empty for other values.</summary>
    public IReadOnlyList<RecipeKey> Children { get; }

    /// <summary>The keys of a recipe that has only its required keys, so that values are defaults.</summary>
    /// <param name="recipe">The recipe's record.</param>
    public static IReadOnlyList<RecipeKey> OfType(Type recipe) => Of(recipe, Blank(recipe), preset: false, Results.All);

    /// <summary>The keys of a recipe with their values in it; none is required.</summary>
    /// <param name="recipe">The recipe, or a group of it.</param>
    public static IReadOnlyList<RecipeKey> OfValue(object recipe) =>
        Of(recipe.GetType(), recipe, preset: true, Results.All);

    /// <summary>The records whose keys stand among those of another record.</summary>
    /// <param name="recipe">The record that holds them.</param>
    public static IEnumerable<object> InlinedIn(object recipe) => Settable(recipe.GetType())
        .Where(property => property.IsDefined(typeof(InlinedAttribute))).Select(property => property.GetValue(recipe)!);

    /// <summary>
    /// A group in which nothing has been set: every key has its default, or nothing where it has none.
    /// </summary>
    /// <param name="type">The group's record.</param>
    public static object Blank(Type type) =>
        HasDefaults(type) ? Activator.CreateInstance(type)! : RuntimeHelpers.GetUninitializedObject(type);

    /// <summary>Whether values of a type are groups of keys.</summary>
    /// <param name="type">The type.</param>
    public static bool IsGroup(Type type) => type.IsClass && type != typeof(string) && ElementTypeOf(type) is null;

    /// <summary>What a list holds; null when the type is no list.</summary>
    /// <param name="type">The type.</param>
    public static Type? ElementTypeOf(Type type) =>
        type != typeof(string) && type.IsGenericType && typeof(IEnumerable).IsAssignableFrom(type)
            ? type.GetGenericArguments()[0]
            : null;

    /// <summary>Whether values of a type are numbers.</summary>
    /// <param name="type">The type.</param>
    public static bool IsNumeric(Type type) =>
        type == typeof(int) || type == typeof(long) || type == typeof(ulong)
        || type == typeof(double) || type == typeof(float);

    /// <summary>A single value or a list of them as YAML writes it, text without quotes.</summary>
    /// <param name="value">No group.</param>
    public static string Text(object value) => value switch
    {
        bool flag => flag ? "true" : "false",
        Enum name => Spell(name.ToString()),
        double number => Number(number),
        string text => text,
        DateOnly date => date.ToString(DateFormat, CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        IEnumerable list => $"[{string.Join(", ", list.Cast<object>().Select(Text))}]",
        _ => value.ToString()!,
    };

    /// <summary>A name of the program as recipes write it: snake case.</summary>
    /// <param name="name">A property's or an enum value's name, or several with dots between them.</param>
    public static string Spell(string name)
    {
        StringBuilder text = new();
        for (int i = 0; i < name.Length; i++)
        {
            if (char.IsUpper(name[i]) && i > 0 && !char.IsUpper(name[i - 1]) && name[i - 1] != '.')
            {
                text.Append('_');
            }

            text.Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }

    /// <summary>Gives the key a value.</summary>
    /// <param name="recipe">
    /// The recipe, or the group, that <see cref="OfType"/> or <see cref="OfValue"/> was asked for.
    /// </param>
    /// <param name="value">The value, of the property's type.</param>
    public void Set(object recipe, object? value) => Property.SetValue(Owner(recipe), value);

    /// <summary>The key's value in a recipe.</summary>
    /// <param name="recipe">As for <see cref="Set"/>.</param>
    public object? Get(object recipe) => Property.GetValue(Owner(recipe));

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static IReadOnlyList<RecipeKey> Of(Type type, object? instance, bool preset, Results decides) =>
    [
        .. Settable(type).SelectMany(property => property.IsDefined(typeof(InlinedAttribute))
            ? Settable(property.PropertyType).Select(inner => new RecipeKey(
                property,
                inner,
                (instance is null ? null : property.GetValue(instance)) ?? Activator.CreateInstance(
                    property.PropertyType),
                preset,
                decides))
            : [new RecipeKey(null, property, instance, preset, decides)]),
    ];

    // A record without a parameterless constructor has to be given whole.
    private static bool HasDefaults(Type type) => type.IsAbstract || type.GetConstructor(Type.EmptyTypes) is not null;

    // A record's own keys come after those of what it extends.
    private static IEnumerable<PropertyInfo> Settable(Type type) =>
        (type.BaseType is { } parent && parent != typeof(object) ? Settable(parent) : [])
        .Concat(type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            .Where(property => property.SetMethod is not null));

    // YAML 1.1 readers take an exponent for a number only behind a decimal point.
    private static string Number(double number)
    {
        string text = number.ToString("R", CultureInfo.InvariantCulture).ToLowerInvariant();
        int exponent = text.IndexOf('e', StringComparison.Ordinal);
        return exponent < 0 || text.Contains('.', StringComparison.Ordinal)
            ? text
            : $"{text[..exponent]}.0{text[exponent..]}";
    }

    private object Owner(object recipe)
    {
        if (_holder is null)
        {
            return recipe;
        }

        object? inner = _holder.GetValue(recipe);
        if (inner is null)
        {
            inner = Activator.CreateInstance(_holder.PropertyType)!;
            _holder.SetValue(recipe, inner);
        }

        return inner;
    }
}
