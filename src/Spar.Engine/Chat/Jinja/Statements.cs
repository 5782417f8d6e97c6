namespace Spar.Engine.Chat.Jinja;

/// <summary>How a statement ended: on to the next, or out of the loop, or to its next round.</summary>
internal enum Flow
{
    Next,
    Break,
    Continue,
}

/// <summary>A part of a template that writes, sets or decides.</summary>
/// <param name="line">Its line.</param>
internal abstract class Statement(int line)
{
    public int Line => line;

    public Flow Run(Scope scope, Output output)
    {
        scope.Run.Step();
        scope.Run.Line = line;
        return Execute(scope, output);
    }

    /// <summary>Tells the scope that it stands in which names it reads and sets there.</summary>
    public abstract void Declare(Symbols symbols);

    /// <summary>
    /// Finds out the names of the scopes in it, once those of the scope around it are known, and checks its
    /// expressions.
    /// </summary>
    public abstract void Resolve(Symbols symbols, bool conditional);

    protected abstract Flow Execute(Scope scope, Output output);
}

/// <summary>Statements in a row.</summary>
internal sealed class Body(IReadOnlyList<Statement> statements)
{
    public Flow Run(Scope scope, Output output)
    {
        foreach (Statement statement in statements)
        {
            if (statement.Run(scope, output) is not Flow.Next and Flow flow)
            {
                return flow;
            }
        }

        return Flow.Next;
    }

    /// <summary>What the statements write.</summary>
    public string Capture(Scope scope, out Flow flow)
    {
        Output output = new();
        flow = Run(scope, output);
        return output.ToString();
    }

    public void Declare(Symbols symbols)
    {
        foreach (Statement statement in statements)
        {
            statement.Declare(symbols);
        }
    }

    public void Resolve(Symbols symbols, bool conditional)
    {
        foreach (Statement statement in statements)
        {
            statement.Resolve(symbols, conditional);
        }
    }

    /// <summary>Resolves the statements as a scope of their own.</summary>
    /// <param name="around">The scope around it.</param>
    /// <param name="declare">Declares what the scope begins with.</param>
    /// <param name="after">Declares what is read when the statements are done.</param>
    /// <returns>The names that the scope has no value for until it sets them.</returns>
    public IReadOnlyList<string> ResolveAsScope(Symbols? around, Action<Symbols>? declare = null,
        Action<Symbols>? after = null)
    {
        Symbols symbols = new(around);
        declare?.Invoke(symbols);
        Declare(symbols);
        after?.Invoke(symbols);
        Resolve(symbols, conditional: false);
        return symbols.Unset;
    }
}

internal sealed class TextStatement(string text, int line) : Statement(line)
{
    public override void Declare(Symbols symbols)
    {
    }

    public override void Resolve(Symbols symbols, bool conditional)
    {
    }

    protected override Flow Execute(Scope scope, Output output)
    {
        output.Write(scope.Run, text);
        return Flow.Next;
    }
}

internal sealed class OutputStatement(IReadOnlyList<Expression> values, int line) : Statement(line)
{
    public override void Declare(Symbols symbols)
    {
        foreach (Expression value in values)
        {
            symbols.Load(value);
        }
    }

    public override void Resolve(Symbols symbols, bool conditional)
    {
        foreach (Expression value in values)
        {
            value.Check(conditional);
        }
    }

    protected override Flow Execute(Scope scope, Output output)
    {
        foreach (Expression value in values)
        {
            output.Write(scope.Run, PyRepr.Str(scope.Run, value.Value(scope)));
        }

        return Flow.Next;
    }
}

/// <summary><c>break</c> and <c>continue</c>.</summary>
internal sealed class LeaveStatement(Flow flow, int line) : Statement(line)
{
    public override void Declare(Symbols symbols)
    {
    }

    public override void Resolve(Symbols symbols, bool conditional)
    {
    }

    protected override Flow Execute(Scope scope, Output output) => flow;
}

internal sealed class IfStatement(IReadOnlyList<(Expression Condition, Body Body)> branches, Body? otherwise, int line)
    : Statement(line)
{
    public override void Declare(Symbols symbols) => Declare(symbols, 0, withElse: true);

    public override void Resolve(Symbols symbols, bool conditional)
    {
        foreach ((Expression condition, Body body) in branches)
        {
            condition.Check(conditional: true);
            body.Resolve(symbols, conditional: true);
        }

        otherwise?.Resolve(symbols, conditional: true);
    }

    protected override Flow Execute(Scope scope, Output output)
    {
        foreach ((Expression condition, Body body) in branches)
        {
            if (PyValue.IsTrue(condition.Value(scope)))
            {
                return body.Run(scope, output);
            }
        }

        return otherwise?.Run(scope, output) ?? Flow.Next;
    }

    private void Declare(Symbols symbols, int first, bool withElse)
    {
        symbols.Load(branches[first].Condition);
        symbols.Branches(
            inner => branches[first].Body.Declare(inner),
            inner =>
            {
                for (int i = first + 1; i < branches.Count && withElse; i++)
                {
                    Declare(inner, i, withElse: false);
                }
            },
            inner => (withElse ? otherwise : null)?.Declare(inner));
    }
}

/// <summary><c>set</c> with a value.</summary>
internal sealed class SetStatement(Target target, Expression value, int line) : Statement(line)
{
    public override void Declare(Symbols symbols)
    {
        symbols.Load(value);
        target.Store(symbols);
    }

    public override void Resolve(Symbols symbols, bool conditional) => value.Check(conditional);

    protected override Flow Execute(Scope scope, Output output)
    {
        target.Assign(scope, value.Value(scope));
        return Flow.Next;
    }
}

/// <summary><c>set</c> with a block, and filters for it.</summary>
internal sealed class SetBlockStatement(Target target, FilterOf? filter, Body body, int line) : Statement(line)
{
    private IReadOnlyList<string> _unset = [];

    public override void Declare(Symbols symbols) => target.Store(symbols);

    public override void Resolve(Symbols symbols, bool conditional)
    {
        filter?.Check(conditional: false);
        _unset = body.ResolveAsScope(symbols, after: inner => LoadFilter(inner, filter));
    }

    protected override Flow Execute(Scope scope, Output output)
    {
        Scope inner = new(scope, _unset);
        string text = body.Capture(inner, out Flow flow);
        if (flow == Flow.Next)
        {
            target.Assign(scope, filter is null ? text : filter.Apply(inner, text));
        }

        return flow;
    }

    internal static void LoadFilter(Symbols symbols, FilterOf? filter)
    {
        if (filter is not null)
        {
            symbols.Load(filter);
        }
    }
}

/// <summary>A block whose output goes through filters.</summary>
internal sealed class FilterStatement(FilterOf filter, Body body, int line) : Statement(line)
{
    private IReadOnlyList<string> _unset = [];

    public override void Declare(Symbols symbols) => symbols.Load(filter);

    public override void Resolve(Symbols symbols, bool conditional)
    {
        filter.Check(conditional: false);
        _unset = body.ResolveAsScope(symbols, after: inner => inner.Load(filter));
    }

    protected override Flow Execute(Scope scope, Output output)
    {
        Scope inner = new(scope, _unset);
        string text = body.Capture(inner, out Flow flow);
        if (flow == Flow.Next)
        {
            output.Write(scope.Run, PyRepr.Str(scope.Run, filter.Apply(inner, text)));
        }

        return flow;
    }
}

/// <summary><c>with</c>: names for a block.</summary>
internal sealed class WithStatement(IReadOnlyList<(Target Target, Expression Value)> names, Body body, int line)
    : Statement(line)
{
    private IReadOnlyList<string> _unset = [];

    public override void Declare(Symbols symbols)
    {
        foreach ((_, Expression value) in names)
        {
            symbols.Load(value);
        }
    }

    public override void Resolve(Symbols symbols, bool conditional)
    {
        foreach ((_, Expression value) in names)
        {
            value.Check(conditional);
        }

        _unset = body.ResolveAsScope(symbols, inner =>
        {
            foreach ((Target target, _) in names)
            {
                target.Declare(inner);
            }
        });
    }

    protected override Flow Execute(Scope scope, Output output)
    {
        Scope inner = new(scope, _unset);
        foreach ((Target target, Expression value) in names)
        {
            target.Assign(inner, value.Value(scope));
        }

        return body.Run(inner, output);
    }
}
