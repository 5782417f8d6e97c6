namespace Spar.Engine.Chat.Jinja;

/// <summary>The arguments of a call as they are written.</summary>
/// <param name="Positional">By place.</param>
/// <param name="Named">By name.</param>
/// <param name="More">After <c>*</c>.</param>
/// <param name="MoreNamed">After <c>**</c>.</param>
internal sealed record ArgumentList(
    IReadOnlyList<Expression> Positional,
    IReadOnlyList<(string Name, Expression Value)> Named,
    Expression? More,
    Expression? MoreNamed)
{
    public static ArgumentList None { get; } = new([], [], null, null);

    public IEnumerable<Expression> Expressions =>
        [.. Positional, .. Named.Select(argument => argument.Value), .. new[] { More, MoreNamed }.OfType<Expression>()];

    /// <summary>Their values.</summary>
    public Arguments Values(Scope scope)
    {
        List<object?> positional = [.. Positional.Select(argument => argument.Value(scope))];
        Dictionary<string, object?> named = new(StringComparer.Ordinal);
        foreach ((string name, Expression value) in Named)
        {
            named.Add(name, value.Value(scope));
        }

        if (More is not null)
        {
            positional.AddRange(PyValue.ToList(scope.Run, More.Value(scope)));
        }

        if (MoreNamed is not null)
        {
            PyDict more = MoreNamed.Value(scope) as PyDict
                ?? throw new JinjaFault("'**' is followed by what is no mapping");
            foreach ((object? key, object? value) in more)
            {
                if (key is not string name || !named.TryAdd(name, value))
                {
                    throw new JinjaFault("'**' is followed by a mapping with a name that is no text or is given twice");
                }
            }
        }

        return new Arguments(positional, named);
    }
}

internal sealed class CallOf(Expression target, ArgumentList arguments, int line) : Expression(line)
{
    public override IEnumerable<Expression> Children => [target, .. arguments.Expressions];

    /// <summary>The call, with a <c>call</c> block's body as the argument <c>caller</c>.</summary>
    public object? ValueWith(Scope scope, Macro? caller)
    {
        object? function = target.Value(scope);
        Arguments values = arguments.Values(scope);
        if (caller is not null && !values.Named.TryAdd("caller", caller))
        {
            throw new JinjaFault("'caller' is given twice");
        }

        int line = scope.Run.Line;
        object? result = function switch
        {
            Callable callable => callable.Call(scope.Run, values),
            LoopContext loop => loop.Recurse(scope.Run, values),
            Undefined undefined => throw undefined.Fault(),
            _ => throw new JinjaFault($"{PyValue.Name(function)} is called like a function"),
        };
        scope.Run.Line = line;
        return result;
    }

    protected override object? Evaluate(Scope scope) => ValueWith(scope, null);
}

/// <summary><c>value | name(arguments)</c>; without a value in a <c>filter</c> or <c>set</c> block.</summary>
internal sealed class FilterOf(Expression? value, string name, ArgumentList arguments, int line) : Expression(line)
{
    public override IEnumerable<Expression> Children =>
        value is null ? arguments.Expressions : [value, .. arguments.Expressions];

    public override void Check(bool conditional)
    {
        if (Filters.Unsupported.Contains(name))
        {
            throw JinjaFault.At(Line, $"the filter '{name}' is not supported");
        }

        if (!Filters.All.ContainsKey(name) && !conditional)
        {
            throw JinjaFault.At(Line, $"there is no filter '{name}'");
        }

        base.Check(conditional);
    }

    /// <summary>The filter, applied to what a block wrote.</summary>
    public object? Apply(Scope scope, string text) =>
        Filters.Apply(
            scope.Run, name, value is FilterOf inner ? inner.Apply(scope, text) : text, arguments.Values(scope));

    protected override object? Evaluate(Scope scope)
    {
        object? filtered = value!.Value(scope);
        return Filters.Apply(scope.Run, name, filtered, arguments.Values(scope));
    }
}

/// <summary><c>value is name(arguments)</c>.</summary>
internal sealed class TestOf(Expression value, string name, ArgumentList arguments, int line) : Expression(line)
{
    public override IEnumerable<Expression> Children => [value, .. arguments.Expressions];

    public override void Check(bool conditional)
    {
        if (!Tests.All.ContainsKey(name) && !conditional)
        {
            throw JinjaFault.At(Line, $"there is no test '{name}'");
        }

        base.Check(conditional);
    }

    protected override object? Evaluate(Scope scope)
    {
        object? tested = value.Value(scope);
        return Tests.Apply(scope.Run, name, tested, arguments.Values(scope));
    }
}
