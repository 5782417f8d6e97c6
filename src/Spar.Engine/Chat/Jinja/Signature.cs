using System.Globalization;
using System.Text.RegularExpressions;

namespace Spar.Engine.Chat.Jinja;

/// <summary>What a call hands over.</summary>
/// <param name="Positional">Arguments by place.</param>
/// <param name="Named">Arguments by name, in the order of the call.</param>
internal sealed record Arguments(List<object?> Positional, Dictionary<string, object?> Named)
{
    public static Arguments None => new([], []);

    public Arguments Before(object? first) => new([first, .. Positional], Named);
}

/// <summary>Arguments put to the parameters of a <see cref="Signature"/>, defaults filled in.</summary>
/// <param name="Run">The rendering.</param>
/// <param name="Values">One value a parameter.</param>
/// <param name="More">What a <c>*</c> parameter takes.</param>
/// <param name="Named">What a <c>**</c> parameter takes.</param>
internal sealed record Bound(Run Run, object?[] Values, IReadOnlyList<object?> More, Dictionary<string, object?> Named)
{
    public object? this[int index] => Values[index];

    /// <exception cref="JinjaFault">The argument is no text.</exception>
    public string Text(int index) => this[index] switch
    {
        string text => text,
        Markup markup => markup.Text,
        var other => throw new JinjaFault($"{PyValue.Name(other)} is given where a text is needed"),
    };

    public string? TextOrNull(int index) => this[index] is null ? null : Text(index);

    /// <exception cref="JinjaFault">The argument is no whole number.</exception>
    public int Int(int index) => this[index] switch
    {
        long number => (int)Math.Clamp(number, int.MinValue + 1, int.MaxValue),
        bool b => b ? 1 : 0,
        Undefined undefined => throw undefined.Fault(),
        var other => throw new JinjaFault($"{PyValue.Name(other)} is given where a whole number is needed"),
    };

    public bool IsTrue(int index) => PyValue.IsTrue(this[index]);
}

/// <summary>
/// The parameters of a function, written as Python writes them: <c>"old, new, count=-1, /"</c>. What stands before
/// <c>/</c> cannot be named; <c>*</c> and <c>**</c> take any further arguments.
/// </summary>
internal sealed partial class Signature
{
    private readonly List<(string Name, bool HasDefault, object? Default)> _parameters = [];
    private readonly int _positionalOnly;
    private readonly bool _takesMore;
    private readonly bool _takesNamed;

    public Signature(string text)
    {
        foreach (string part in Parts().Split(text).Select(part => part.Trim()))
        {
            switch (part)
            {
                case "/":
                    _positionalOnly = _parameters.Count;
                    break;
                case "*":
                    _takesMore = true;
                    break;
                case "**":
                    _takesNamed = true;
                    break;
                default:
                    string[] sides = part.Split('=', 2);
                    _parameters.Add((sides[0], sides.Length == 2, sides.Length == 2 ? Literal(sides[1]) : null));
                    break;
            }
        }
    }

    /// <exception cref="JinjaFault">An argument is missing, unknown or one too many.</exception>
    public Bound Bind(string function, Run run, Arguments arguments)
    {
        object?[] values = new object?[_parameters.Count];
        if (arguments.Positional.Count > values.Length && !_takesMore)
        {
            throw new JinjaFault($"{function} is given more than {values.Length} arguments");
        }

        int used = 0;
        for (int i = 0; i < values.Length; i++)
        {
            (string name, bool hasDefault, object? fallback) = _parameters[i];
            bool named = arguments.Named.ContainsKey(name) && i >= _positionalOnly;
            used += named ? 1 : 0;
            bool placed = i < arguments.Positional.Count;
            values[i] = placed && named ? throw new JinjaFault($"{function} is given '{name}' twice")
                : placed ? arguments.Positional[i]
                : named ? arguments.Named[name]
                : hasDefault ? fallback
                : throw new JinjaFault($"{function} is called without '{name}'");
        }

        Dictionary<string, object?> rest = arguments.Named;
        if (used > 0)
        {
            rest = arguments.Named.Where(a =>
                _parameters.FindIndex(p => p.Name == a.Key) is var at && (at < 0 || at < _positionalOnly))
                .ToDictionary(a => a.Key, a => a.Value);
        }

        if (rest.Count > 0 && !_takesNamed)
        {
            throw new JinjaFault($"{function} has no parameter '{rest.Keys.First()}'");
        }

        return new Bound(run, values, [.. arguments.Positional.Skip(values.Length)], rest);
    }

    // At commas outside of quotes.
    [GeneratedRegex("(?<!'),|,(?!\\s*')")]
    private static partial Regex Parts();

    private static object? Literal(string text) => text switch
    {
        "None" => null,
        "True" => true,
        "False" => false,
        ['\'', .. var inner, '\''] => inner,
        _ when text.Contains('.') => double.Parse(text, CultureInfo.InvariantCulture),
        _ => long.Parse(text, CultureInfo.InvariantCulture),
    };
}

/// <summary>A function, filter, test or method that is part of Jinja or Python.</summary>
internal sealed class Builtin(string name, string parameters, Func<Bound, object?> body) : Callable
{
    private readonly Signature _signature = new(parameters);

    public string Name => name;

    public override string Description => $"the function {name}";

    public override object? Call(Run run, Arguments arguments)
    {
        run.Charge(arguments);
        object? result = body(_signature.Bind(name, run, arguments));
        run.Charge(result);
        return result;
    }

    /// <summary>The method of a value: the value becomes its first argument.</summary>
    public Callable Of(object? target) => new Method(this, target);

    private sealed class Method(Builtin function, object? target) : Callable
    {
        public override string Description => function.Description;

        public override object? Call(Run run, Arguments arguments) => function.Call(run, arguments.Before(target));
    }
}
