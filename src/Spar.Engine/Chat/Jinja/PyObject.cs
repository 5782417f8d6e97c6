namespace Spar.Engine.Chat.Jinja;

/// <summary>Attributes, items and slices, with the rules of jinja2's immutable sandbox.</summary>
internal static class PyObject
{
    /// <summary><c>target.name</c>: an attribute of the value (a method, mostly), or else its item.</summary>
    public static object? Attribute(object? target, string name)
    {
        if (target is Undefined undefined)
        {
            throw undefined.Fault();
        }

        return TryAttribute(target, name, out object? value) ? value : TryItem(target, name, out value) ? value
            : Missing(target, name);
    }

    /// <summary><c>target[key]</c>: an item, or else an attribute.</summary>
    public static object? Item(object? target, object? key)
    {
        if (target is Undefined undefined)
        {
            throw undefined.Fault();
        }

        return TryItem(target, key, out object? value) ? value
            : key is string or Markup && TryAttribute(target, PyText.Of(key), out value) ? value
            : Missing(target, key);
    }

    /// <summary>An attribute that is no item.</summary>
    public static bool TryAttribute(object? target, string name, out object? value)
    {
        value = null;
        if (name.StartsWith("__", StringComparison.Ordinal) && name.EndsWith("__", StringComparison.Ordinal)
            && name.Length > 4)
        {
            // Python's own: jinja2's sandbox gives none of them out. The few objects that lack them are not told apart
            // here.
            value = new Undefined($"access to attribute '{name}' is unsafe");
            return true;
        }

        switch (target)
        {
            case Namespace space:
                bool found = space.Attributes.TryGet(name, out value);
                value = found && name.StartsWith('_') ? new Undefined($"access to attribute '{name}' is unsafe")
                    : value;
                return found;
            case LoopContext loop:
                return loop.TryAttribute(name, out value);
            case Cycler cycler when name == "current":
                value = cycler.Current;
                return true;
            case PyTuple { IsGroup: true } group when name is "grouper" or "list":
                value = group.Items[name == "grouper" ? 0 : 1];
                return true;
            case PyRange range when name is "start" or "stop" or "step":
                value = name == "start" ? range.Start : name == "stop" ? range.Stop : range.Step;
                return true;
            case Macro macro:
                return macro.TryAttribute(name, out value);
        }

        if (Methods.Find(target, name) is { } method)
        {
            value = method.Of(target);
            return true;
        }

        if (Methods.IsForbidden(target, name))
        {
            value = new Undefined($"'{name}' would change {PyValue.Name(target)}, which templates may not");
            return true;
        }

        return Methods.IsUnsupported(target, name)
            ? throw JinjaFault.Unsupported($"'{name}' of {PyValue.Name(target)}") : false;
    }

    /// <summary><c>target[start:stop:step]</c>.</summary>
    /// <exception cref="JinjaFault">
    /// The value has no slices, a place is no whole number, or the step is zero.
    /// </exception>
    public static object? Slice(Run run, object? target, object? start, object? stop, object? step)
    {
        if (target is Undefined undefined)
        {
            throw undefined.Fault();
        }

        if (target is not (string or Markup or List<object?> or PyTuple or PyRange))
        {
            throw new JinjaFault($"{PyValue.Name(target)} cannot be sliced");
        }

        if (new[] { start, stop, step }.Any(place => place is not (null or long or bool)))
        {
            throw new JinjaFault("a slice has a place that is no whole number");
        }

        long stride = Whole(step) ?? 1;
        if (stride == 0)
        {
            throw new JinjaFault("a slice has a step of zero");
        }

        int length = PyValue.Length(target);
        long from = Bound(Whole(start), stride > 0 ? 0 : length - 1), to = Bound(Whole(stop), stride > 0 ? length : -1);
        if (target is PyRange range)
        {
            return new PyRange(range.At((int)from), range.At((int)to), range.Step * stride);
        }

        if (stride == 1 && target is string or Markup)
        {
            string text = PyText.Of(target);
            int unit = PyText.Unit(text, (int)from);
            return Like(target, to <= from ? "" : text.Substring(unit, PyText.Unit(text[unit..], (int)(to - from))));
        }

        List<object?> items = target as List<object?> ?? [.. PyValue.Iterate(target)];
        List<object?> result = [];
        for (long i = from; stride > 0 ? i < to : i > to; i += stride)
        {
            result.Add(items[(int)i]);
            if (Math.Abs(stride) > length)
            {
                break;
            }
        }

        run.Spend(length);
        return target is string or Markup ? Like(target, string.Concat(result.Select(PyText.Of)))
            : target is PyTuple ? new PyTuple(result) : result;

        long Bound(long? value, long absent) => value is not long index ? absent
            : Math.Clamp(index < 0 ? index + length : index, stride > 0 ? 0 : -1, stride > 0 ? length : length - 1);

        static long? Whole(object? value) => PyNumber.TryInteger(value, out long whole) ? whole : null;
    }

    private static object Like(object? source, string text) => source is Markup ? new Markup(text) : text;

    private static Undefined Missing(object? target, object? key) =>
        new(key is string name ? $"{PyValue.Name(target)} has no '{name}'"
            : $"{PyValue.Name(target)} has no such item");

    private static bool TryItem(object? target, object? key, out object? value)
    {
        value = null;
        if (target is PyDict dict)
        {
            return key is not (List<object?> or PyDict) && dict.TryGet(key, out value);
        }

        if (!PyNumber.TryInteger(key, out long index))
        {
            return false;
        }

        int count = target is string or Markup or List<object?> or PyTuple or PyRange ? PyValue.Length(target) : 0;
        index += index < 0 ? count : 0;
        if (index < 0 || index >= count)
        {
            return false;
        }

        value = target switch
        {
            List<object?> list => list[(int)index],
            PyTuple tuple => tuple.Items[(int)index],
            PyRange range => range.At((int)index),
            _ => Like(target, Character(PyText.Of(target), (int)index)),
        };
        return true;
    }

    private static string Character(string text, int index)
    {
        int unit = PyText.Unit(text, index);
        return text.Substring(unit, PyText.Unit(text[unit..], 1));
    }
}
