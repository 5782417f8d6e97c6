using System.Runtime.CompilerServices;

namespace Spar.Engine.Chat.Jinja;

/// <summary>What Python does with values whatever their type: truth, equality, order, length, iteration.</summary>
internal static class PyValue
{
    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool b => b,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        Markup markup => markup.Text.Length > 0,
        LoopContext loop => loop.Length > 0,
        _ => LengthOrNull(value) is not 0,
    };

    /// <summary>Python's <c>len</c>.</summary>
    /// <exception cref="JinjaFault">The value has none.</exception>
    public static int Length(object? value) => value switch
    {
        string text => PyText.Length(text),
        Markup markup => PyText.Length(markup.Text),
        _ => LengthOrNull(value) ?? throw new JinjaFault($"{Name(value)} has no length"),
    };

    /// <summary>What Python's <c>for</c> goes through.</summary>
    /// <exception cref="JinjaFault">The value cannot be gone through.</exception>
    public static IEnumerable<object?> Iterate(object? value) => TryIterate(value)
        ?? throw new JinjaFault($"{Name(value)} is gone through like a list, which it is not");

    public static IEnumerable<object?>? TryIterate(object? value) => value switch
    {
        List<object?> list => list,
        PyTuple tuple => tuple.Items,
        PyDict dict => dict.Select(entry => entry.Key),
        PyView view => view.Items,
        PyRange range => Enumerable.Range(0, range.Count).Select(i => (object?)range.At(i)),
        PyIterator iterator => iterator.Rest(),
        string text => PyText.Characters(text),
        Markup markup => PyText.Characters(markup.Text).Select(c => new Markup((string)c!)),
        Undefined => [],
        LoopContext loop => loop.Pairs(),
        _ => null,
    };

    public static List<object?> ToList(Run run, object? value)
    {
        List<object?> list = [];
        foreach (object? item in Iterate(value))
        {
            run.Spend(1);
            Run.CheckLength(list.Count + 1.0);
            list.Add(item);
        }

        return list;
    }

    public static bool AreEqual(object? left, object? right)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        return (left, right) switch
        {
            (string or Markup, string or Markup) => PyText.Of(left) == PyText.Of(right),
            (List<object?> a, List<object?> b) => AreEqual(a, b),
            (PyTuple a, PyTuple b) => AreEqual(a.Items, b.Items),
            (PyDict a, PyDict b) => a.Count == b.Count && a.All(entry =>
                b.TryGet(entry.Key, out object? value) && AreEqual(entry.Value, value)),
            (PyRange a, PyRange b) => a.Count == b.Count
                && (a.Count == 0 || (a.Start == b.Start && (a.Count == 1 || a.Step == b.Step))),
            (PyView { Kind: not "values" } a, PyView { Kind: not "values" } b) =>
                a.Dict.Count == b.Dict.Count && a.Items.All(item => Contains(b, item)),
            (Undefined, Undefined) => true,
            (bool or long or double, bool or long or double) => PyNumber.Compare(left!, right!) == 0,
            _ => ReferenceEquals(left, right),
        };
    }

    /// <summary>
    /// Python's order, for <c>&lt;</c> and sorting; null when the numbers have none (one is not a number).
    /// </summary>
    /// <exception cref="JinjaFault">Values of these types have no order.</exception>
    public static int? Order(object? left, object? right)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        return (left, right) switch
        {
            (bool or long or double, bool or long or double) => PyNumber.Compare(left!, right!),
            (string or Markup, string or Markup) => PyText.Compare(PyText.Of(left), PyText.Of(right)),
            (List<object?> a, List<object?> b) => Order(a, b),
            (PyTuple a, PyTuple b) => Order(a.Items, b.Items),
            (Undefined undefined, _) => throw undefined.Fault(),
            (_, Undefined undefined) => throw undefined.Fault(),
            _ => throw new JinjaFault($"{Name(left)} cannot be compared with {Name(right)}"),
        };
    }

    /// <summary>Sorts as Python's <c>sorted</c>: stable, by <c>&lt;</c> alone.</summary>
    public static List<object?> Sort(Run run, IEnumerable<object?> values, Func<object?, object?> key, bool reverse)
    {
        (object? Key, object? Value)[] items = [.. values.Select(value => (key(value), value))];
        if (reverse)
        {
            Array.Reverse(items);
        }

        items = Merge(items);
        if (reverse)
        {
            Array.Reverse(items);
        }

        return [.. items.Select(item => item.Value)];

        (object? Key, object? Value)[] Merge((object? Key, object? Value)[] part)
        {
            run.Spend(part.Length);
            if (part.Length < 2)
            {
                return part;
            }

            (object? Key, object? Value)[] a = Merge(part[..(part.Length / 2)]), b = Merge(part[(part.Length / 2)..]);
            (object? Key, object? Value)[] merged = new (object?, object?)[part.Length];
            for (int i = 0, j = 0; i + j < merged.Length;)
            {
                bool second = i == a.Length || (j < b.Length && Order(b[j].Key, a[i].Key) < 0);
                merged[i + j] = second ? b[j] : a[i];
                _ = second ? j++ : i++;
            }

            return merged;
        }
    }

    /// <summary>Python's <c>item in container</c>.</summary>
    public static bool Contains(object? container, object? item) => container switch
    {
        string or Markup => item is string or Markup
            ? PyText.Of(container).Contains(PyText.Of(item), StringComparison.Ordinal)
            : throw new JinjaFault($"{Name(item)} is looked for in a text"),
        PyDict dict => dict.TryGet(item, out _),
        PyView { Kind: "keys" } view => view.Dict.TryGet(item, out _),
        PyView { Kind: "items" } view => item is PyTuple { Items: [var key, var value] }
            && view.Dict.TryGet(key, out object? found) && AreEqual(found, value),
        PyRange range => item is long or bool or double && PyNumber.TryWhole(item, out long whole)
            && range.Contains(whole),
        _ => Iterate(container).Any(other => AreEqual(other, item)),
    };

    /// <summary>A value that may be a key of a dictionary.</summary>
    /// <exception cref="JinjaFault">It may not.</exception>
    public static object? CheckHashable(object? value)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (value is List<object?> or PyDict or PyView { Kind: not "values" })
        {
            throw new JinjaFault($"{Name(value)} is used as a key");
        }

        if (value is PyTuple tuple)
        {
            foreach (object? item in tuple.Items)
            {
                CheckHashable(item);
            }
        }

        return value;
    }

    public static int Hash(object? value) => value switch
    {
        null => 0,
        string or Markup => PyText.Of(value).GetHashCode(StringComparison.Ordinal),
        bool or long or double => PyNumber.TryWhole(value, out long whole) ? whole.GetHashCode() : value.GetHashCode(),
        PyTuple tuple => tuple.Items.Aggregate(17, (hash, item) => HashCode.Combine(hash, Hash(item))),
        PyRange range => range.Count,
        Undefined => 1,
        _ => RuntimeHelpers.GetHashCode(value),
    };

    /// <summary>What faults call a value.</summary>
    public static string Name(object? value) => value switch
    {
        null => "none",
        Undefined => "an undefined value",
        string or Markup => "a text",
        bool => "a truth value",
        long or double => "a number",
        List<object?> or PyTuple or PyRange => "a list",
        PyDict => "a mapping",
        PyIterator or PyView => "a sequence without an index",
        Callable => "a function",
        _ => "an object",
    };

    private static int? LengthOrNull(object? value) => value switch
    {
        List<object?> list => list.Count,
        PyTuple tuple => tuple.Items.Count,
        PyDict dict => dict.Count,
        PyView view => view.Dict.Count,
        PyRange range => range.Count,
        Undefined => 0,
        LoopContext loop => loop.Length,
        _ => null,
    };

    private static bool AreEqual(IReadOnlyList<object?> a, IReadOnlyList<object?> b)
    {
        bool same = a.Count == b.Count;
        for (int i = 0; i < a.Count && same; i++)
        {
            same = ReferenceEquals(a[i], b[i]) || AreEqual(a[i], b[i]);
        }

        return same;
    }

    private static int? Order(IReadOnlyList<object?> a, IReadOnlyList<object?> b)
    {
        for (int i = 0; i < a.Count && i < b.Count; i++)
        {
            if (!AreEqual(a[i], b[i]))
            {
                return Order(a[i], b[i]);
            }
        }

        return a.Count.CompareTo(b.Count);
    }
}
