namespace Spar.Engine.Chat.Jinja;

/// <summary>What a value can be assigned to.</summary>
internal abstract class Target
{
    public abstract void Assign(Scope scope, object? value);

    public abstract void Store(Symbols symbols);

    /// <summary>As <see cref="Store"/>, for a name that has its value when the scope begins.</summary>
    public abstract void Declare(Symbols symbols);

    /// <summary>The names that it sets.</summary>
    public abstract IEnumerable<string> Names { get; }
}

internal sealed class NameTarget(string name) : Target
{
    public override IEnumerable<string> Names => [name];

    public override void Assign(Scope scope, object? value) => scope[name] = value;

    public override void Store(Symbols symbols) => symbols.Store(name);

    public override void Declare(Symbols symbols) => symbols.Declare(name);
}

/// <summary>An attribute of a namespace.</summary>
internal sealed class AttributeTarget(string name, string attribute) : Target
{
    public override IEnumerable<string> Names => [];

    public override void Assign(Scope scope, object? value)
    {
        if (scope[name] is not Namespace space)
        {
            throw new JinjaFault($"'{name}.{attribute}' is set, but '{name}' is no namespace");
        }

        space.Attributes[attribute] = value;
    }

    public override void Store(Symbols symbols) => symbols.Load(name);

    public override void Declare(Symbols symbols) => symbols.Load(name);
}

internal sealed class TupleTarget(IReadOnlyList<Target> targets) : Target
{
    public override IEnumerable<string> Names => targets.SelectMany(target => target.Names);

    public override void Assign(Scope scope, object? value)
    {
        // An iterator may go on without end; one item too many is enough to know.
        List<object?> parts = [.. PyValue.Iterate(value).Take(targets.Count + 1)];
        if (parts.Count != targets.Count)
        {
            string given = parts.Count > targets.Count ? $"more than {targets.Count}" : $"{parts.Count}";
            throw new JinjaFault(
                $"{given} values are taken apart into {targets.Count} names ({string.Join(", ", Names)})");
        }

        for (int i = 0; i < parts.Count; i++)
        {
            targets[i].Assign(scope, parts[i]);
        }
    }

    public override void Store(Symbols symbols)
    {
        foreach (Target target in targets)
        {
            target.Store(symbols);
        }
    }

    public override void Declare(Symbols symbols)
    {
        foreach (Target target in targets)
        {
            target.Declare(symbols);
        }
    }
}
