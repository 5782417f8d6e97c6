using System.Collections;

namespace Spar.Engine.Chat.Jinja;

// The values of a template are Python's: null (None), bool, long, double, string, List<object?>, and what follows.

/// <summary>
/// A value that does not exist: prints as nothing, is false and empty; anything else that is done with it is a fault.
/// </summary>
/// <param name="message">What the fault says.</param>
internal sealed class Undefined(string message)
{
    public JinjaFault Fault() => new(message);

    public static Undefined Named(string name) => new($"'{name}' is undefined");
}

/// <summary>
/// Text that counts as safe HTML: the result of <c>safe</c> and <c>escape</c>. Text that is added to it is escaped.
/// </summary>
internal sealed record Markup(string Text)
{
    public static string Escape(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace("'", "&#39;", StringComparison.Ordinal)
        .Replace("\"", "&#34;", StringComparison.Ordinal);
}

/// <summary>A tuple; those of <c>groupby</c> name their two items.</summary>
internal sealed class PyTuple(IReadOnlyList<object?> items, bool isGroup = false)
{
    public IReadOnlyList<object?> Items { get; } = items;

    public bool IsGroup { get; } = isGroup;
}

/// <summary>A dictionary in order of insertion. Keys that are equal in Python (1, 1.0, true) are one key.</summary>
internal sealed class PyDict : IEnumerable<KeyValuePair<object?, object?>>
{
    private readonly Dictionary<Key, int> _index = [];
    private readonly List<KeyValuePair<object?, object?>> _entries = [];

    public int Count => _entries.Count;

    public object? this[object? key]
    {
        set
        {
            Key wrapped = new(key);
            if (_index.TryGetValue(wrapped, out int at))
            {
                _entries[at] = new(_entries[at].Key, value);
            }
            else
            {
                _index.Add(wrapped, _entries.Count);
                _entries.Add(new(key, value));
            }
        }
    }

    /// <exception cref="JinjaFault">The key is a list or dictionary.</exception>
    public bool TryGet(object? key, out object? value)
    {
        bool found = _index.TryGetValue(new Key(key), out int at);
        value = found ? _entries[at].Value : null;
        return found;
    }

    public IEnumerator<KeyValuePair<object?, object?>> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>A value as Python compares and hashes it.</summary>
    internal readonly struct Key(object? value) : IEquatable<Key>
    {
        private readonly object? _value = PyValue.CheckHashable(value);

        public bool Equals(Key other) => PyValue.AreEqual(_value, other._value);

        public override bool Equals(object? obj) => obj is Key key && Equals(key);

        public override int GetHashCode() => PyValue.Hash(_value);
    }
}

/// <summary>
/// What <c>keys()</c>, <c>values()</c> and <c>items()</c> give: a view that can be gone through but not indexed.
/// </summary>
internal sealed record PyView(string Kind, PyDict Dict)
{
    public IEnumerable<object?> Items => Dict.Select(entry =>
        Kind == "keys" ? entry.Key : Kind == "values" ? entry.Value : new PyTuple([entry.Key, entry.Value]));
}

/// <summary>A range of integers.</summary>
internal sealed record PyRange(long Start, long Stop, long Step)
{
    public int Count => (int)(Step > 0 ? Math.Max(0, (Stop - Start + Step - 1) / Step)
        : Math.Max(0, (Start - Stop - Step - 1) / -Step));

    public long At(int index) => Start + index * Step;

    public bool Contains(long value) =>
        Count > 0 && (Step > 0 ? value >= Start && value < Stop : value <= Start && value > Stop)
        && (value - Start) % Step == 0;
}

/// <summary>
/// What can be gone through once: the result of <c>map</c>, <c>select</c> and the like, computed as it is read.
/// </summary>
internal sealed class PyIterator(IEnumerable<object?> source)
{
    private readonly IEnumerator<object?> _items = source.GetEnumerator();

    public bool Next(out object? item)
    {
        bool any = _items.MoveNext();
        item = any ? _items.Current : null;
        return any;
    }

    public IEnumerable<object?> Rest()
    {
        while (Next(out object? item))
        {
            yield return item;
        }
    }
}

/// <summary>An object whose attributes a template may set: <c>namespace(found=false)</c>.</summary>
internal sealed record Namespace(PyDict Attributes);

/// <summary>What <c>cycler(...)</c> gives: its items one after the other, again and again.</summary>
internal sealed class Cycler(IReadOnlyList<object?> items)
{
    private int _at;

    public object? Current => items[_at];

    public object? Next()
    {
        object? item = Current;
        _at = (_at + 1) % items.Count;
        return item;
    }

    public object? Reset()
    {
        _at = 0;
        return null;
    }
}

/// <summary>A value that can be called.</summary>
internal abstract class Callable
{
    public abstract string Description { get; }

    public abstract object? Call(Run run, Arguments arguments);
}
