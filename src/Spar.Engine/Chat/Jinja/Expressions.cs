namespace Spar.Engine.Chat.Jinja;

/// <summary>A part of a template that has a value.</summary>
/// <param name="line">Its line.</param>
internal abstract class Expression(int line)
{
    public int Line => line;

    /// <summary>The expressions in it, in the order in which they stand.</summary>
    public virtual IEnumerable<Expression> Children => [];

    public object? Value(Scope scope)
    {
        scope.Run.Step();
        return Evaluate(scope);
    }

    /// <summary>Refuses filters and tests that are not known, unless the template may never reach them.</summary>
    /// <param name="conditional">True inside an <c>if</c>: jinja2 complains only when such a filter is reached.</param>
    public virtual void Check(bool conditional)
    {
        foreach (Expression child in Children)
        {
            child.Check(conditional);
        }
    }

    /// <summary>The names that it reads.</summary>
    public IEnumerable<string> Names =>
        Children.SelectMany(child => child.Names).Concat(this is Name name ? [name.Text] : []);

    protected abstract object? Evaluate(Scope scope);
}

internal sealed class Constant(object? value, int line) : Expression(line)
{
    protected override object? Evaluate(Scope scope) => value;
}

internal sealed class Name(string text, int line) : Expression(line)
{
    public string Text => text;

    protected override object? Evaluate(Scope scope) => scope[text];
}

internal sealed class ListOf(IReadOnlyList<Expression> items, int line) : Expression(line)
{
    public override IEnumerable<Expression> Children => items;

    protected override object? Evaluate(Scope scope) => items.Select(item => item.Value(scope)).ToList();
}

internal sealed class TupleOf(IReadOnlyList<Expression> items, int line) : Expression(line)
{
    public override IEnumerable<Expression> Children => items;

    public IReadOnlyList<Expression> Items => items;

    protected override object? Evaluate(Scope scope) => new PyTuple([.. items.Select(item => item.Value(scope))]);
}

internal sealed class DictOf(IReadOnlyList<(Expression Key, Expression Value)> items, int line) : Expression(line)
{
    public override IEnumerable<Expression> Children => items.SelectMany(item => new[] { item.Key, item.Value });

    protected override object? Evaluate(Scope scope)
    {
        PyDict dict = new();
        foreach ((Expression key, Expression value) in items)
        {
            object? name = key.Value(scope);
            dict[name] = value.Value(scope);
        }

        return dict;
    }
}

/// <summary><c>and</c>, <c>or</c>: the value of the side that decides.</summary>
internal sealed class Logical(bool isAnd, Expression left, Expression right, int line) : Expression(line)
{
    public override IEnumerable<Expression> Children => [left, right];

    protected override object? Evaluate(Scope scope)
    {
        object? value = left.Value(scope);
        return PyValue.IsTrue(value) == isAnd ? right.Value(scope) : value;
    }
}

internal sealed class Not(Expression operand, int line) : Expression(line)
{
    public override IEnumerable<Expression> Children => [operand];

    protected override object? Evaluate(Scope scope) => !PyValue.IsTrue(operand.Value(scope));
}

internal sealed class Sign(bool negative, Expression operand, int line) : Expression(line)
{
    public override IEnumerable<Expression> Children => [operand];

    protected override object? Evaluate(Scope scope) => operand.Value(scope) switch
    {
        double number => negative ? -number : number,
        Undefined undefined => throw undefined.Fault(),
        var value when PyNumber.TryInteger(value, out long whole) =>
            negative ? PyNumber.Calculate("-", 0L, whole) : whole,
        var value => throw new JinjaFault($"{PyValue.Name(value)} is given a sign"),
    };
}

/// <summary>A condition; without <c>else</c>, the value may be undefined.</summary>
internal sealed class Conditional(Expression condition, Expression then, Expression? otherwise, int line)
    : Expression(line)
{
    public override IEnumerable<Expression> Children =>
        otherwise is null ? [condition, then] : [condition, then, otherwise];

    public override void Check(bool conditional) => base.Check(conditional: true);

    protected override object? Evaluate(Scope scope) => PyValue.IsTrue(condition.Value(scope)) ? then.Value(scope)
        : otherwise is null ? new Undefined($"the condition in line {Line} is false and has no else")
            : otherwise.Value(scope);
}

/// <summary>Comparisons in a row: <c>1 &lt; x &lt;= 3</c>.</summary>
internal sealed class Comparison(Expression first, IReadOnlyList<(string Word, Expression Value)> rest, int line)
    : Expression(line)
{
    public override IEnumerable<Expression> Children => [first, .. rest.Select(part => part.Value)];

    /// <summary>One comparison.</summary>
    public static bool Compare(string word, object? left, object? right) => word switch
    {
        "==" => PyValue.AreEqual(left, right),
        "!=" => !PyValue.AreEqual(left, right),
        "in" => PyValue.Contains(right, left),
        "not in" => !PyValue.Contains(right, left),
        "<" => PyValue.Order(left, right) < 0,
        "<=" => PyValue.Order(left, right) <= 0,
        ">" => PyValue.Order(left, right) > 0,
        _ => PyValue.Order(left, right) >= 0,
    };

    protected override object? Evaluate(Scope scope)
    {
        object? left = first.Value(scope);
        foreach ((string word, Expression value) in rest)
        {
            object? right = value.Value(scope);
            scope.Run.Charge(left);
            scope.Run.Charge(right);
            if (!Compare(word, left, right))
            {
                return false;
            }

            left = right;
        }

        return true;
    }
}

/// <summary><c>+ - * / // % **</c>.</summary>
internal sealed class Arithmetic(string word, Expression left, Expression right, int line) : Expression(line)
{
    public override IEnumerable<Expression> Children => [left, right];

    /// <summary>The operator on two values.</summary>
    /// <exception cref="JinjaFault">Python has it not for their types.</exception>
    public static object? Calculate(Run run, string word, object? a, object? b)
    {
        object? result = (word, a, b) switch
        {
            ("%", string or Markup, _) => a is Markup ? throw JinjaFault.Unsupported("'%' of a text marked as safe")
                : PyFormat.Percent(run, (string)a!, b),
            (_, Undefined undefined, _) => throw undefined.Fault(),
            (_, _, Undefined undefined) => throw undefined.Fault(),
            ("+", string x, string y) => Text(x.Length + (double)y.Length, x, y),
            ("+", string or Markup, string or Markup) => new Markup(Safe(a) + Safe(b)),
            ("+", List<object?> x, List<object?> y) => Joined(x, y),
            ("+", PyTuple x, PyTuple y) => new PyTuple(Joined(x.Items, y.Items)),
            ("*", string or List<object?> or PyTuple, long or bool) => Repeat(a, b),
            ("*", long or bool, string or List<object?> or PyTuple) => Repeat(b, a),
            (_, bool or long or double, bool or long or double) => PyNumber.Calculate(word, a!, b!),
            _ => throw new JinjaFault($"{PyValue.Name(a)} {word} {PyValue.Name(b)} cannot be computed"),
        };
        run.Charge(result);
        return result;

        static string Text(double length, string x, string y) => Run.CheckLength(length) >= 0 ? x + y : "";
    }

    protected override object? Evaluate(Scope scope)
    {
        object? a = left.Value(scope);
        return Calculate(scope.Run, word, a, right.Value(scope));
    }

    private static string Safe(object? value) => value is Markup markup ? markup.Text : Markup.Escape((string)value!);

    private static List<object?> Joined(IReadOnlyList<object?> x, IReadOnlyList<object?> y)
    {
        Run.CheckLength((double)x.Count + y.Count);
        return [.. x, .. y];
    }

    private static object Repeat(object? value, object? times)
    {
        PyNumber.TryInteger(times, out long wanted);
        int length = value is string s ? s.Length : PyValue.Length(value);
        int count = length == 0 ? 0 : Run.CheckLength((double)length * Math.Max(0, wanted)) / length;
        return value switch
        {
            string text => string.Concat(Enumerable.Repeat(text, count)),
            List<object?> list => Enumerable.Repeat(list, count).SelectMany(items => items).ToList(),
            _ => new PyTuple([.. Enumerable.Repeat(((PyTuple)value!).Items, count).SelectMany(items => items)]),
        };
    }
}

/// <summary><c>a ~ b ~ c</c>.</summary>
internal sealed class Concatenation(IReadOnlyList<Expression> parts, int line) : Expression(line)
{
    public override IEnumerable<Expression> Children => parts;

    protected override object? Evaluate(Scope scope)
    {
        List<string> texts = [.. parts.Select(part => PyRepr.Str(scope.Run, part.Value(scope)))];
        scope.Run.Spend(Run.CheckLength(texts.Sum(text => (double)text.Length)));
        return string.Concat(texts);
    }
}

internal sealed class AttributeOf(Expression target, string name, int line) : Expression(line)
{
    public override IEnumerable<Expression> Children => [target];

    protected override object? Evaluate(Scope scope) => PyObject.Attribute(target.Value(scope), name);
}

internal sealed class ItemOf(Expression target, Expression key, int line) : Expression(line)
{
    public override IEnumerable<Expression> Children => [target, key];

    protected override object? Evaluate(Scope scope)
    {
        object? container = target.Value(scope);
        return PyObject.Item(container, key.Value(scope));
    }
}

internal sealed class SliceOf(Expression target, Expression? start, Expression? stop, Expression? step, int line)
    : Expression(line)
{
    public override IEnumerable<Expression> Children => new[] { target, start, stop, step }.OfType<Expression>();

    protected override object? Evaluate(Scope scope)
    {
        object? container = target.Value(scope);
        object? from = start?.Value(scope), to = stop?.Value(scope);
        return PyObject.Slice(scope.Run, container, from, to, step?.Value(scope));
    }
}
