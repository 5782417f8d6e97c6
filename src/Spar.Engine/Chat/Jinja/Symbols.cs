namespace Spar.Engine.Chat.Jinja;

/// <summary>
/// Which names a scope reads and sets, found before anything is rendered. jinja2 gives every name of a scope one place:
/// a name that a scope sets before anything in it reads it is undefined there until then, even where a scope around it,
/// or the caller, has one of the same name.
/// </summary>
/// <param name="parent">The scope around it; null for the outermost.</param>
internal sealed class Symbols(Symbols? parent)
{
    private readonly HashSet<string> _known = [];
    private readonly HashSet<string> _stored = [];
    private readonly HashSet<string> _unset = [];

    /// <summary>Names that are undefined until the scope sets them.</summary>
    public IReadOnlyList<string> Unset => [.. _unset.Order(StringComparer.Ordinal)];

    public void Load(string name)
    {
        if (!IsKnown(name))
        {
            _known.Add(name);
        }
    }

    public void Load(Expression expression)
    {
        foreach (string name in expression.Names)
        {
            Load(name);
        }
    }

    public void Store(string name)
    {
        _stored.Add(name);
        if (_known.Add(name) && parent?.IsKnown(name) is not true)
        {
            _unset.Add(name);
        }
    }

    /// <summary>A name that has a value when the scope begins.</summary>
    public void Declare(string name)
    {
        _stored.Add(name);
        _known.Add(name);
        _unset.Remove(name);
    }

    /// <summary>
    /// The branches of a condition: a name that only some may set keeps the value that it has outside.
    /// </summary>
    public void Branches(params Action<Symbols>[] branches)
    {
        List<Symbols> results = [];
        foreach (Action<Symbols> branch in branches)
        {
            Symbols copy = new(parent);
            copy._known.UnionWith(_known);
            copy._stored.UnionWith(_stored);
            copy._unset.UnionWith(_unset);
            branch(copy);
            results.Add(copy);
        }

        HashSet<string> before = [.. _stored];
        foreach (Symbols result in results)
        {
            _known.UnionWith(result._known);
            _stored.UnionWith(result._stored);
            _unset.UnionWith(result._unset);
        }

        _unset.RemoveWhere(name => !before.Contains(name) && results.Any(result => result._stored.Contains(name)));
    }

    private bool IsKnown(string name) => _known.Contains(name) || parent?.IsKnown(name) is true;
}
