using System.Collections;

namespace Spar.Recipes;

/// <summary>
/// What follows from the facts of a recipe's keys: which values decide its results, and what it is without self-play.
/// </summary>
public static class RecipeKeys
{
    /// <summary>
    /// The values that decide a recipe's results, by dotted key, as recipes write both; absent values are left out,
    /// entries of lists have their places for keys.
    /// </summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="name">
    /// Words a text that points to something, so that its content decides and not where it lies.
    /// </param>
    /// <param name="prefix">Stands before every key.</param>
    public static IReadOnlyDictionary<string, string> Deciding(
        object recipe, Func<Referent, string, string> name, string prefix = "")
    {
        Dictionary<string, string> values = new(StringComparer.Ordinal);
        Add(prefix, RecipeKey.OfValue(recipe));
        return values;

        void Add(string path, IReadOnlyList<RecipeKey> keys)
        {
            foreach (RecipeKey key in keys.Where(key => key.Decides != Results.None && key.Value is not null))
            {
                if (key.HoldsGroup)
                {
                    Add($"{path}{key.Name}.", key.Children);
                }
                else if (key.Value is IEnumerable list and not string)
                {
                    foreach ((int i, object entry) in list.Cast<object>().Index())
                    {
                        if (RecipeKey.IsGroup(entry.GetType()))
                        {
                            Add($"{path}{key.Name}.{i}.", RecipeKey.OfValue(entry));
                        }
                        else
                        {
                            values.Add($"{path}{key.Name}.{i}", Word(key, entry));
                        }
                    }
                }
                else
                {
                    values.Add($"{path}{key.Name}", Word(key, key.Value!));
                }
            }
        }

        string Word(RecipeKey key, object value) =>
            key.RefersTo is Referent referent ? name(referent, (string)value) : RecipeKey.Text(value);
    }

    /// <summary>Every text of a recipe that points to something of a kind, with its dotted key.</summary>
    /// <param name="recipe">The recipe, or a group of it.</param>
    /// <param name="referent">What it points to.</param>
    /// <param name="prefix">Stands before every key.</param>
    public static IEnumerable<(string Key, string Text)> Pointing(
        object recipe, Referent referent, string prefix = "")
    {
        foreach (RecipeKey key in RecipeKey.OfValue(recipe).Where(key => key.Value is not null))
        {
            string path = $"{prefix}{key.Name}";
            bool entries = key.Value is IEnumerable and not string;
            IEnumerable<(string Key, object Value)> values = entries
                ? ((IEnumerable)key.Value!).Cast<object>().Select((entry, i) => ($"{path}.{i}", entry))
                : [(path, key.Value!)];
            foreach ((string place, object value) in values)
            {
                IEnumerable<(string Key, string Text)> found =
                    value is string text ? key.RefersTo == referent ? [(place, text)] : []
                    : RecipeKey.IsGroup(value.GetType()) ? Pointing(value, referent, $"{place}.")
                    : [];
                foreach ((string, string) one in found)
                {
                    yield return one;
                }
            }
        }
    }

    /// <summary>
    /// Writes every text of a recipe that points to something anew, within the recipe itself: for one that was just
    /// read, and whose texts leave something to be found out.
    /// </summary>
    /// <param name="recipe">The recipe, or a group of it.</param>
    /// <param name="rewrite">The text in the place of another.</param>
    public static void Rewrite(object recipe, Func<Referent, string, string> rewrite)
    {
        foreach (RecipeKey key in RecipeKey.OfValue(recipe).Where(key => key.Value is not null))
        {
            if (key.RefersTo is Referent referent)
            {
                key.Set(recipe, key.Value is string text
                    ? rewrite(referent, text)
                    : ((IEnumerable<string>)key.Value!).Select(entry => rewrite(referent, entry)).ToList());
            }
            else if (key.HoldsGroup)
            {
                Rewrite(key.Value!, rewrite);
            }
            else if (key.Value is IEnumerable list and not string && RecipeKey.IsGroup(key.ElementType!))
            {
                foreach (object entry in list)
                {
                    Rewrite(entry, rewrite);
                }
            }
        }
    }

    /// <summary>
    /// A recipe in which every key that only concerns self-play has its default, so that recipes that start alike
    /// become the same.
    /// </summary>
    /// <typeparam name="T">The recipe's record.</typeparam>
    /// <param name="recipe">The recipe.</param>
    public static T WithoutSelfPlay<T>(T recipe)
        where T : class => (T)Start(recipe);

    private static object Start(object group)
    {
        object start = Activator.CreateInstance(group.GetType())!;
        foreach (RecipeKey key in RecipeKey.OfValue(group).Where(key => key.Decides != Results.SelfPlay))
        {
            bool mixed = key.HoldsGroup && key.Children.Any(child => child.Decides == Results.SelfPlay);
            key.Set(start, mixed && key.Value is { } inner ? Start(inner) : key.Value);
        }

        return start;
    }
}
