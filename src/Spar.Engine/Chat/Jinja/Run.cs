using System.Runtime.CompilerServices;
using System.Text;

namespace Spar.Engine.Chat.Jinja;

/// <summary>
/// One rendering: its date, the line that is being rendered, and what it may still spend. Work is counted, so that a
/// template that would run or write without end is a fault after a few seconds.
/// </summary>
/// <param name="date">What <c>strftime_now</c> formats.</param>
internal sealed class Run(DateTime date)
{
    /// <summary>Longest text or list that a template may make.</summary>
    public const int MaxLength = 1 << 25;

    private const int StepCost = 100;

    private long _left = 500_000_000;

    /// <summary>The date of the rendering.</summary>
    public DateTime Date => date;

    /// <summary>The line that is being rendered.</summary>
    public int Line { get; set; } = 1;

    /// <summary>Counts one expression or statement, and makes sure that it may go one level deeper.</summary>
    public void Step()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Spend(StepCost);
    }

    /// <summary>Counts a number of characters or items.</summary>
    public void Spend(long amount)
    {
        _left -= amount;
        if (_left < 0)
        {
            throw new JinjaFault("the rendering takes too long; the template may never end");
        }
    }

    /// <summary>Counts what a value holds.</summary>
    public void Charge(object? value) => Spend(value switch
    {
        string text => text.Length,
        List<object?> list => list.Count,
        PyDict dict => dict.Count,
        PyTuple tuple => tuple.Items.Count,
        _ => 0,
    });

    /// <summary>Counts what a call hands over.</summary>
    public void Charge(Arguments arguments)
    {
        foreach (object? argument in arguments.Positional)
        {
            Charge(argument);
        }
    }

    /// <summary>Counts a length before a text or list of it is made.</summary>
    public static int CheckLength(double length) => length <= MaxLength ? (int)length
        : throw new JinjaFault($"a text or list of more than {MaxLength} characters or items is made");
}

/// <summary>What a template writes.</summary>
internal sealed class Output
{
    private readonly StringBuilder _text = new();

    public void Write(Run run, string text)
    {
        run.Spend(text.Length);
        Run.CheckLength((double)_text.Length + text.Length);
        _text.Append(text);
    }

    public override string ToString() => _text.ToString();
}

/// <summary>
/// The names that are visible at a place of a template. A loop, macro or block sees the names around it, but sets only
/// its own.
/// </summary>
internal sealed class Scope
{
    private readonly Dictionary<string, object?> _names = new(StringComparer.Ordinal);
    private readonly Scope? _parent;

    /// <summary>The outermost scope.</summary>
    public Scope(Run run) => Run = run;

    /// <summary>A scope within another.</summary>
    /// <param name="parent">The scope around it.</param>
    /// <param name="unset">
    /// Names that the scope sets before anything in it reads them: until then they are undefined, whatever the scopes
    /// around have.
    /// </param>
    public Scope(Scope parent, IReadOnlyList<string> unset)
        : this(parent.Run)
    {
        _parent = parent;
        foreach (string name in unset)
        {
            _names[name] = Undefined.Named(name);
        }
    }

    public Run Run { get; }

    public object? this[string name]
    {
        get
        {
            for (Scope? scope = this; scope is not null; scope = scope._parent)
            {
                if (scope._names.TryGetValue(name, out object? value))
                {
                    return value;
                }
            }

            return Undefined.Named(name);
        }

        set => _names[name] = value;
    }
}
