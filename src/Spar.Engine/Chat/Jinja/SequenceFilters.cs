namespace Spar.Engine.Chat.Jinja;

/// <summary>The filters that go through a sequence or mapping.</summary>
internal static class SequenceFilters
{
    /// <summary>The filters; the filtered value is their first argument.</summary>
    public static IReadOnlyList<Builtin> All { get; } =
    [
        new("batch", "value, linecount, fill_with=None", a => new PyIterator(Batch(a, a.Int(1), a[2]))),
        new("count", "value, /", a => (long)Length(a[0])),
        new("length", "value, /", a => (long)Length(a[0])),
        new("dictsort", "value, case_sensitive=False, by='key', reverse=False", DictSort),
        new("first", "seq", a =>
            PyValue.Iterate(a[0]).Take(1).ToList() is [var first] ? first : Undefined.Named("first")),
        new("last", "seq", a => Reversed(a[0]) is [var last, ..] ? last : Undefined.Named("last")),
        new("groupby", "value, attribute, default=None, case_sensitive=False", GroupBy),
        new("items", "value", a => new PyIterator(a[0] switch
        {
            PyDict dict => new PyView("items", dict).Items,
            Undefined => [],
            _ => Late($"{PyValue.Name(a[0])} has no items"),
        })),
        new("join", "value, d='', attribute=None", Join),
        new("list", "value", a => PyValue.ToList(a.Run, a[0])),
        new("map", "value, /, *, **", Map),
        new("max", "value, case_sensitive=False, attribute=None", a => Extreme(a, 1)),
        new("min", "value, case_sensitive=False, attribute=None", a => Extreme(a, -1)),
        new("reject", "value, /, *, **", a => Select(a, keep: false, byAttribute: false)),
        new("rejectattr", "value, /, *, **", a => Select(a, keep: false, byAttribute: true)),
        new("reverse", "value", Reverse),
        new("select", "value, /, *, **", a => Select(a, keep: true, byAttribute: false)),
        new("selectattr", "value, /, *, **", a => Select(a, keep: true, byAttribute: true)),
        new("slice", "value, slices, fill_with=None", a => new PyIterator(Slice(a, a.Int(1), a[2]))),
        new("sort", "value, reverse=False, case_sensitive=False, attribute=None", a =>
            PyValue.Sort(a.Run, PyValue.Iterate(a[0]), Keys(a[3], a.IsTrue(2)), a.IsTrue(1))),
        new("sum", "iterable, attribute=None, start=0", Sum),
        new("unique", "value, case_sensitive=False, attribute=None", a =>
            new PyIterator(Unique(a, Key(a[2], null, a.IsTrue(1))))),
    ];

    private static int Length(object? value) => value is Undefined ? 0 : PyValue.Length(value);

    // A generator in Python: the fault comes when it is read.
    private static IEnumerable<object?> Late(string fault)
    {
        foreach (int _ in new[] { 0 })
        {
            throw new JinjaFault(fault);
        }

        yield break;
    }

    private static IEnumerable<object?> Batch(Bound a, int size, object? fill)
    {
        List<object?> batch = [];
        foreach (object? item in PyValue.Iterate(a[0]))
        {
            if (batch.Count == size)
            {
                yield return batch;
                batch = [];
            }

            batch.Add(item);
        }

        if (batch.Count > 0)
        {
            if (fill is not null && batch.Count < size)
            {
                batch.AddRange(Enumerable.Repeat(fill, Run.CheckLength(size) - batch.Count));
            }

            yield return batch;
        }
    }

    private static IEnumerable<object?> Slice(Bound a, int slices, object? fill)
    {
        List<object?> items = PyValue.ToList(a.Run, a[0]);
        if (slices == 0)
        {
            throw new JinjaFault("the filter 'slice' makes no slices");
        }

        (int size, int larger) = (items.Count / slices, items.Count % slices);
        int start = 0;
        for (int i = 0; i < slices; i++)
        {
            a.Run.Step();
            int length = size + (i < larger ? 1 : 0);
            List<object?> slice = items.GetRange(start, length);
            start += length;
            if (fill is not null && i >= larger)
            {
                slice.Add(fill);
            }

            yield return slice;
        }
    }

    private static List<object?> DictSort(Bound a)
    {
        PyDict dict = a[0] as PyDict ?? throw (a[0] is Undefined undefined ? undefined.Fault()
            : new JinjaFault($"{PyValue.Name(a[0])} is sorted as a mapping"));
        int place = a[2] is "key" ? 0 : a[2] is "value" ? 1
            : throw new JinjaFault("the filter 'dictsort' sorts by key or value");
        return PyValue.Sort(
            a.Run, new PyView("items", dict).Items, item =>
                Folded(((PyTuple)item!).Items[place], a.IsTrue(1)), a.IsTrue(3));
    }

    private static List<object?> GroupBy(Bound a)
    {
        Func<object?, object?> key = Key(a[1], a[2], a.IsTrue(3)), shown = Key(a[1], a[2], caseSensitive: true);
        List<(object? Key, List<object?> Items)> groups = [];
        foreach (object? item in PyValue.Sort(a.Run, PyValue.Iterate(a[0]), key, reverse: false))
        {
            object? value = key(item);
            if (groups.Count == 0 || !PyValue.AreEqual(groups[^1].Key, value))
            {
                groups.Add((value, []));
            }

            groups[^1].Items.Add(item);
        }

        return [.. groups.Select(group => new PyTuple([shown(group.Items[0]), group.Items], isGroup: true))];
    }

    private static string Join(Bound a)
    {
        Func<object?, object?> key = a[2] is null ? item => item : Key(a[2], null, caseSensitive: true);
        string separator = PyRepr.Str(a.Run, a[1]);
        System.Text.StringBuilder output = new();
        bool any = false;
        foreach (object? item in PyValue.Iterate(a[0]))
        {
            a.Run.Spend(1);
            output.Append(any ? separator : "").Append(PyRepr.Str(a.Run, key(item)));
            Run.CheckLength(output.Length);
            any = true;
        }

        return output.ToString();
    }

    private static PyIterator Map(Bound a)
    {
        return new PyIterator(PyValue.IsTrue(a[0]) ? Items() : []);

        IEnumerable<object?> Items()
        {
            Func<object?, object?> function = Function();
            foreach (object? item in PyValue.Iterate(a[0]))
            {
                a.Run.Step();
                yield return function(item);
            }
        }

        Func<object?, object?> Function()
        {
            if (a.More.Count == 0 && a.Named.TryGetValue("attribute", out object? attribute))
            {
                return a.Named.Keys.Any(name => name is not ("attribute" or "default"))
                    ? throw new JinjaFault("the filter 'map' is given an unknown argument")
                    : Key(attribute, a.Named.GetValueOrDefault("default"), caseSensitive: true);
            }

            string name = a.More.Count > 0 ? a.More[0] as string
                ?? throw new JinjaFault("the filter 'map' takes a filter's name")
                : throw new JinjaFault("the filter 'map' needs an attribute or a filter");
            Arguments rest = new([.. a.More.Skip(1)], a.Named);
            return item => Filters.Apply(a.Run, name, item, rest);
        }
    }

    private static PyIterator Select(Bound a, bool keep, bool byAttribute)
    {
        return new PyIterator(PyValue.IsTrue(a[0]) ? Items() : []);

        IEnumerable<object?> Items()
        {
            Func<object?, object?> value = !byAttribute ? item => item
                : a.More.Count > 0 ? Key(a.More[0], null, caseSensitive: true)
                : throw new JinjaFault("an attribute to select by is missing");
            List<object?> rest = [.. a.More.Skip(byAttribute ? 1 : 0)];
            Arguments arguments = new([.. rest.Skip(1)], a.Named);
            foreach (object? item in PyValue.Iterate(a[0]))
            {
                a.Run.Step();
                bool passes = rest.Count == 0 ? PyValue.IsTrue(value(item))
                    : Tests.Apply(a.Run, rest[0] as string
                        ?? throw new JinjaFault("a test's name is no text"), value(item), arguments);
                if (passes == keep)
                {
                    yield return item;
                }
            }
        }
    }

    private static object? Extreme(Bound a, int sign)
    {
        Func<object?, object?> key = Key(a[2], null, a.IsTrue(1));
        object? best = Undefined.Named("item"), bestKey = null;
        bool any = false;
        foreach (object? item in PyValue.Iterate(a[0]))
        {
            object? value = key(item);
            if (!any || PyValue.Order(value, bestKey) * sign > 0)
            {
                (best, bestKey, any) = (item, value, true);
            }
        }

        return best;
    }

    private static object? Reverse(Bound a) => a[0] switch
    {
        string or Markup => a[0] is Markup
            ? new Markup(string.Concat(Reversed(a[0]).Select(PyText.Of))) : string.Concat(Reversed(a[0])),
        PyTuple or List<object?> or PyRange or PyDict or PyView or Undefined => new PyIterator(Reversed(a[0])),
        _ => Backwards(PyValue.ToList(a.Run, a[0])),
    };

    private static List<object?> Reversed(object? value) => value is PyIterator or LoopContext or Cycler
        ? throw new JinjaFault($"{PyValue.Name(value)} is read from its end")
        : Backwards([.. PyValue.Iterate(value)]);

    private static List<object?> Backwards(List<object?> items)
    {
        items.Reverse();
        return items;
    }

    private static object? Sum(Bound a)
    {
        object? sum = a[2] is string or Markup ? throw new JinjaFault("texts are summed up; use 'join'") : a[2];
        Func<object?, object?> key = a[1] is null ? item => item : Key(a[1], null, caseSensitive: true);
        foreach (object? item in PyValue.Iterate(a[0]))
        {
            sum = Arithmetic.Calculate(a.Run, "+", sum, key(item));
        }

        return sum;
    }

    private static IEnumerable<object?> Unique(Bound a, Func<object?, object?> key)
    {
        HashSet<PyDict.Key> seen = [];
        foreach (object? item in PyValue.Iterate(a[0]))
        {
            a.Run.Step();
            if (seen.Add(new PyDict.Key(key(item))))
            {
                yield return item;
            }
        }
    }

    /// <summary>Looks up an attribute path such as <c>function.name</c> or <c>items.0</c>.</summary>
    private static Func<object?, object?> Key(object? attribute, object? fallback, bool caseSensitive)
    {
        object?[] path = attribute switch
        {
            null => [],
            string or Markup => [.. PyText.Of(attribute).Split('.').Select(part =>
                PyText.All(part, PyCharacter.IsDigit) && PyNumber.TryParse(part, 10, out long number) ? (object?)number
                    : part)],
            _ => [attribute],
        };
        return item =>
        {
            foreach (object? part in path)
            {
                item = PyObject.Item(item, part);
                item = fallback is not null && item is Undefined ? fallback : item;
            }

            return Folded(item, caseSensitive);
        };
    }

    // The values of several attribute paths with commas between.
    private static Func<object?, object?> Keys(object? attribute, bool caseSensitive)
    {
        Func<object?, object?>[] keys = attribute is string paths
            ? [.. paths.Split(',').Select(path => Key(path, null, caseSensitive))]
            : [Key(attribute, null, caseSensitive)];
        return item => keys.Select(key => key(item)).ToList();
    }

    private static object? Folded(object? value, bool caseSensitive) =>
        !caseSensitive && value is string or Markup ? PyText.Lower(PyText.Of(value)) : value;
}
