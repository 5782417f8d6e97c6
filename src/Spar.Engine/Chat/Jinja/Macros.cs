namespace Spar.Engine.Chat.Jinja;

/// <summary>What a <c>macro</c> or <c>call</c> block declares.</summary>
/// <param name="name">Its name; null of a <c>call</c> block.</param>
/// <param name="parameters">Its parameters and their defaults.</param>
/// <param name="body">What it renders.</param>
/// <param name="reads">Names that the body reads before it sets them.</param>
internal sealed class MacroDeclaration(
    string? name, IReadOnlyList<(string Name, Expression? Default)> parameters, Body body, IReadOnlySet<string> reads)
{
    public string? Name => name;

    public IReadOnlyList<(string Name, Expression? Default)> Parameters => parameters;

    public Body Body => body;

    /// <summary>Names that are undefined until the body sets them.</summary>
    public IReadOnlyList<string> Unset { get; private set; } = [];

    public bool HasCaller => reads.Contains("caller");

    public bool HasNamed => reads.Contains("kwargs") && !Has("kwargs");

    public bool HasMore => reads.Contains("varargs") && !Has("varargs");

    public void Resolve(Symbols symbols)
    {
        foreach ((_, Expression? fallback) in Parameters)
        {
            fallback?.Check(conditional: false);
        }

        Unset = body.ResolveAsScope(symbols, inner =>
        {
            foreach (string name in Parameters.Select(parameter => parameter.Name).Concat(Special()))
            {
                inner.Declare(name);
            }

            foreach ((_, Expression? fallback) in Parameters)
            {
                if (fallback is not null)
                {
                    inner.Load(fallback);
                }
            }
        });
    }

    public bool Has(string parameter) => Parameters.Any(p => p.Name == parameter);

    private IEnumerable<string> Special()
    {
        if (HasCaller)
        {
            yield return "caller";
        }

        if (HasNamed)
        {
            yield return "kwargs";
        }

        if (HasMore)
        {
            yield return "varargs";
        }
    }
}

/// <summary><c>macro</c>: sets its name to something that can be called.</summary>
internal sealed class MacroStatement(MacroDeclaration declaration, int line) : Statement(line)
{
    public override void Declare(Symbols symbols) => symbols.Store(declaration.Name!);

    public override void Resolve(Symbols symbols, bool conditional) => declaration.Resolve(symbols);

    protected override Flow Execute(Scope scope, Output output)
    {
        scope[declaration.Name!] = new Macro(declaration, scope);
        return Flow.Next;
    }
}

/// <summary><c>call</c>: calls a macro that renders the block where it says <c>caller()</c>.</summary>
internal sealed class CallStatement(MacroDeclaration declaration, CallOf call, int line) : Statement(line)
{
    public override void Declare(Symbols symbols) => symbols.Load(call);

    public override void Resolve(Symbols symbols, bool conditional)
    {
        call.Check(conditional);
        declaration.Resolve(symbols);
    }

    protected override Flow Execute(Scope scope, Output output)
    {
        output.Write(scope.Run, PyRepr.Str(scope.Run, call.ValueWith(scope, new Macro(declaration, scope))));
        return Flow.Next;
    }
}

/// <summary>
/// Transformers' <c>generation</c> block: marks what an assistant wrote, and renders it as a scope of its own.
/// </summary>
internal sealed class GenerationStatement(MacroDeclaration declaration, int line) : Statement(line)
{
    public override void Declare(Symbols symbols)
    {
    }

    public override void Resolve(Symbols symbols, bool conditional) => declaration.Resolve(symbols);

    protected override Flow Execute(Scope scope, Output output)
    {
        output.Write(scope.Run, (string)new Macro(declaration, scope).Call(scope.Run, Arguments.None)!);
        return Flow.Next;
    }
}

/// <summary>A macro as a value.</summary>
/// <param name="declaration">What it is.</param>
/// <param name="scope">Where it was declared.</param>
internal sealed class Macro(MacroDeclaration declaration, Scope scope) : Callable
{
    public string? Name => declaration.Name;

    public override string Description => $"the macro {Name}";

    public override object? Call(Run run, Arguments arguments)
    {
        run.Step();
        Dictionary<string, object?> named = new(arguments.Named, StringComparer.Ordinal);
        Scope inner = new(scope, declaration.Unset);
        List<(string Name, Expression? Default)> missing = [];
        for (int i = 0; i < declaration.Parameters.Count; i++)
        {
            (string name, Expression? fallback) = declaration.Parameters[i];
            if (i < arguments.Positional.Count)
            {
                inner[name] = arguments.Positional[i];
            }
            else if (named.Remove(name, out object? value))
            {
                inner[name] = value;
            }
            else
            {
                inner[name] = Undefined.Named(name);
                missing.Add((name, fallback));
            }
        }

        if (declaration.HasCaller && !declaration.Has("caller"))
        {
            inner["caller"] = named.Remove("caller", out object? caller) && caller is not null ? caller
                : new Undefined("no caller is defined");
        }

        if (declaration.HasNamed)
        {
            inner["kwargs"] = ToDict(named);
        }
        else if (named.Count > 0)
        {
            throw new JinjaFault($"the macro '{Name}' has no parameter '{named.Keys.First()}'");
        }

        if (declaration.HasMore)
        {
            inner["varargs"] = new PyTuple([.. arguments.Positional.Skip(declaration.Parameters.Count)]);
        }
        else if (arguments.Positional.Count > declaration.Parameters.Count)
        {
            throw new JinjaFault($"the macro '{Name}' has only {declaration.Parameters.Count} parameters");
        }

        foreach ((string name, Expression? fallback) in missing)
        {
            inner[name] = fallback is null ? new Undefined($"parameter '{name}' was not provided")
                : fallback.Value(inner);
        }

        return declaration.Body.Capture(inner, out _);
    }

    public bool TryAttribute(string name, out object? value)
    {
        value = name switch
        {
            "name" => Name,
            "arguments" => new PyTuple([.. declaration.Parameters.Select(parameter => (object?)parameter.Name)]),
            "catch_kwargs" => declaration.HasNamed,
            "catch_varargs" => declaration.HasMore,
            "caller" => declaration.HasCaller,
            _ => null,
        };
        return value is not null || name == "name";
    }

    private static PyDict ToDict(Dictionary<string, object?> named)
    {
        PyDict dict = new();
        foreach ((string name, object? value) in named)
        {
            dict[name] = value;
        }

        return dict;
    }
}
