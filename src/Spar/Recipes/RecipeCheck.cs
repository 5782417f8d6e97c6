using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Spar.Ground;

namespace Spar.Recipes;

/// <summary>A group of keys with rules that no single key can tell.</summary>
public interface IRecipeRules
{
    /// <summary>Checks the rules.</summary>
    /// <param name="check">
    /// Collects the keys with an impossible value; keys are named as they are within the group.
    /// </param>
    void Check(RecipeCheck check);
}

/// <summary>
/// Collects what is wrong with a recipe, so that one message names every key, spelled as in recipes, groups before
/// their keys.
/// </summary>
public sealed class RecipeCheck
{
    private readonly List<RecipeFault> _faults = [];
    private string _group = "";

    /// <summary>
    /// Checks all that is known of a recipe's keys: each number's range, texts and lists that may not be empty, and the
    /// groups' own rules.
    /// </summary>
    /// <param name="recipe">The recipe, or a group of it.</param>
    /// <param name="group">The group's key; empty for the recipe itself.</param>
    public void Keys(object recipe, string group = "")
    {
        string outer = _group;
        _group = group.Length == 0 ? outer : $"{outer}{group}.";
        foreach (RecipeKey key in RecipeKey.OfValue(recipe))
        {
            Value(key);
        }

        foreach (IRecipeRules rules in RecipeKey.InlinedIn(recipe).Prepend(recipe).OfType<IRecipeRules>())
        {
            rules.Check(this);
        }

        _group = outer;
    }

    /// <summary>Notes a value that breaks a rule.</summary>
    /// <param name="holds">Whether the rule holds.</param>
    /// <param name="key">The key within the group that is checked.</param>
    /// <param name="rule">The rule: "must be ...".</param>
    /// <param name="value">The value.</param>
    public void That(bool holds, string key, string rule, object? value)
    {
        if (!holds)
        {
            string found = value is null ? "not set" : RecipeKey.Text(value);
            _faults.Add(new RecipeFault($"{_group}{key}", $"{rule} (it is {found})"));
        }
    }

    /// <summary>Notes a value that cannot be used.</summary>
    /// <param name="key">The key within the group that is checked.</param>
    /// <param name="use">Uses the value; throws a <see cref="UserFaultException"/> where it cannot.</param>
    public void Usable(string key, Action use)
    {
        try
        {
            use();
        }
        catch (UserFaultException fault)
        {
            _faults.Add(new RecipeFault($"{_group}{key}", $"cannot be used: {fault.Message.TrimEnd('.')}"));
        }
    }

    /// <summary>Ends the check.</summary>
    /// <exception cref="RecipeException">Something is wrong.</exception>
    public void ThrowIfFaulty()
    {
        if (_faults.Count > 0)
        {
            throw new RecipeException(_faults);
        }
    }

    private void Value(RecipeKey key)
    {
        switch (key.Value)
        {
            case null:
                That(key.MayBeNull, key.Name, "must have a value", null);
                break;
            case string text:
                That(text.Length > 0 || !key.NotEmpty, key.Name, "must not be empty", "empty");
                That(text.Length == 0 || !string.IsNullOrWhiteSpace(text), key.Name, "must not be blank", "blank");
                break;
            case IEnumerable list:
                object[] entries = [.. list.Cast<object>()];
                That(entries.Length > 0 || !key.NotEmpty, key.Name, "must have an entry", "empty");
                bool blank = entries.OfType<string>().Any(string.IsNullOrWhiteSpace);
                That(!blank, key.Name, "must have no blank entry", list);
                for (int i = 0; i < entries.Length && RecipeKey.IsGroup(key.ElementType!); i++)
                {
                    Keys(entries[i], string.Create(CultureInfo.InvariantCulture, $"{key.Name}.{i}"));
                }

                break;
            case { } group when key.HoldsGroup:
                Keys(group, key.Name);
                break;
            case { } number when key.Range is { } range:
                bool holds = Holds(range, Convert.ToDouble(number, CultureInfo.InvariantCulture));
                That(holds, key.Name, $"must be {KeyRange.Words(range)}", number);
                break;
            case double or float:
                bool finite = double.IsFinite(Convert.ToDouble(key.Value, CultureInfo.InvariantCulture));
                That(finite, key.Name, "must be a number", key.Value);
                break;
            default:
                break;
        }
    }

    private static bool Holds(RangeAttribute range, double value) => double.IsFinite(value)
        && (KeyRange.Least(range) is not { } least || value > least || (value == least && !range.MinimumIsExclusive))
        && (KeyRange.Most(range) is not { } most || value < most || (value == most && !range.MaximumIsExclusive));
}
