namespace Spar.Engine.Chat.Jinja;

/// <summary><c>for</c>, with its filter, its <c>else</c> and its recursion.</summary>
internal sealed class ForStatement(
    Target target, Expression sequence, Expression? filter, bool recursive, Body body, Body? otherwise, int line)
        : Statement(line)
{
    private IReadOnlyList<string> _unset = [];
    private IReadOnlyList<string> _unsetElse = [];

    public override void Declare(Symbols symbols) => symbols.Load(sequence);

    public override void Resolve(Symbols symbols, bool conditional)
    {
        sequence.Check(conditional);
        filter?.Check(conditional: false);
        _unset = body.ResolveAsScope(symbols, inner =>
        {
            inner.Declare("loop");
            target.Declare(inner);
        });
        _unsetElse = otherwise?.ResolveAsScope(symbols) ?? [];
    }

    protected override Flow Execute(Scope scope, Output output) =>
        Render(scope, sequence.Value(scope), depth: 0, output);

    private string Recurse(Scope scope, object? items, int depth)
    {
        Output output = new();
        Render(scope, items, depth, output);
        return output.ToString();
    }

    private Flow Render(Scope scope, object? items, int depth, Output output)
    {
        LoopContext loop = new(
            filter is null ? items : new PyIterator(Filtered(scope, PyValue.Iterate(items))),
            recursive ? more => Recurse(scope, more, depth + 1) : null,
            depth);
        bool completed = false;
        while (loop.Next(out object? item))
        {
            scope.Run.Step();
            Scope inner = new(scope, _unset);
            target.Assign(inner, item);
            inner["loop"] = loop;
            Flow flow = body.Run(inner, output);
            completed |= flow == Flow.Next;
            if (flow == Flow.Break)
            {
                break;
            }
        }

        // jinja2 takes the else branch when no round went through to its end.
        return !completed && otherwise is not null ? otherwise.Run(new Scope(scope, _unsetElse), output) : Flow.Next;
    }

    private IEnumerable<object?> Filtered(Scope scope, IEnumerable<object?> items)
    {
        foreach (object? item in items)
        {
            scope.Run.Step();
            Scope inner = new(scope, []);
            target.Assign(inner, item);
            if (PyValue.IsTrue(filter!.Value(inner)))
            {
                yield return item;
            }
        }
    }
}

/// <summary>The variable <c>loop</c>.</summary>
/// <param name="items">What is gone through.</param>
/// <param name="recurse">Renders the loop once more for other items; null when it is not recursive.</param>
/// <param name="depth">How many loops of the recursion are around it.</param>
internal sealed class LoopContext(object? items, Func<object?, string>? recurse, int depth)
{
    private readonly Queue<object?> _ahead = new();
    private readonly IEnumerator<object?> _items = PyValue.Iterate(items).GetEnumerator();
    private readonly int? _known = items is PyIterator or LoopContext ? null : PyValue.Length(items);
    private PyTuple? _changed;
    private object? _current;
    private object? _before;
    private int _index = -1;
    private int? _length;

    public int Index => _index + 1;

    public int Length
    {
        get
        {
            _length ??= _known ?? ReadAll();
            return _length.Value;
        }
    }

    public bool Next(out object? item)
    {
        bool any = Peek();
        item = any ? _ahead.Dequeue() : null;
        if (any)
        {
            (_before, _current) = (_current, item);
            _index++;
        }

        return any;
    }

    /// <summary>The loop as Python goes through it: each item with the loop itself.</summary>
    public IEnumerable<object?> Pairs()
    {
        while (Next(out object? item))
        {
            yield return new PyTuple([item, this]);
        }
    }

    /// <summary><c>loop(items)</c>.</summary>
    public string Recurse(Run run, Arguments arguments)
    {
        run.Step();
        return recurse is null ? throw new JinjaFault("a loop is called that is not marked 'recursive'")
            : arguments is { Positional: [var more], Named.Count: 0 } ? recurse(more)
            : throw new JinjaFault("a loop is called with more or less than one list");
    }

    public bool TryAttribute(string name, out object? value)
    {
        value = name switch
        {
            "index" => Index + 0L,
            "index0" => (long)_index,
            "revindex" => (long)(Length - _index),
            "revindex0" => (long)(Length - Index),
            "first" => _index == 0,
            "last" => !Peek(),
            "length" => (long)Length,
            "depth" => depth + 1L,
            "depth0" => (long)depth,
            "previtem" => _index == 0 ? new Undefined("there is no item before the first") : _before,
            "nextitem" => Peek() ? _ahead.Peek() : new Undefined("there is no item after the last"),
            "cycle" => new Builtin("cycle", "*", a => a.More.Count > 0 ? a.More[_index % a.More.Count]
                : throw new JinjaFault("'loop.cycle' is given nothing")),
            "changed" => new Builtin("changed", "*", a => Changed(new PyTuple(a.More))),
            _ => null,
        };
        return value is not null || name is "previtem" or "nextitem";
    }

    private bool Changed(PyTuple values)
    {
        bool changed = _changed is null || !PyValue.AreEqual(_changed, values);
        _changed = values;
        return changed;
    }

    private bool Peek()
    {
        if (_ahead.Count == 0 && _items.MoveNext())
        {
            _ahead.Enqueue(_items.Current);
        }

        return _ahead.Count > 0;
    }

    private int ReadAll()
    {
        while (_items.MoveNext())
        {
            _ahead.Enqueue(_items.Current);
        }

        return Index + _ahead.Count;
    }
}
