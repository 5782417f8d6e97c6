namespace Spar.Engine.Chat;

/// <summary>
/// Compiles Jinja expressions, by falling precedence of what binds them: conditional, or, and, not, comparison, sum, concatenation, product,
/// sign, then attributes, calls, filters and tests.
/// </summary>
internal class JinjaExpressionParser(List<JinjaToken> tokens)
{
    private const int MaxDepth = 200;

    private int at;
    private int depth;

    protected JinjaToken Current => tokens[at];

    /// <summary>Parses an expression, possibly <c>a if condition else b</c>.</summary>
    protected JinjaExpression ParseExpression()
    {
        using var _ = Deeper();
        JinjaExpression value = ParseOr();
        while (Accept("if"))
        {
            JinjaExpression then = value;
            JinjaExpression condition = ParseOr();
            JinjaExpression? otherwise = Accept("else") ? ParseExpression() : null;
            value = scope => JinjaValue.IsTrue(condition(scope)) ? then(scope) : otherwise is null ? JinjaUndefined.Value : otherwise(scope);
        }

        return value;
    }

    /// <summary>Parses one or more expressions with commas between; several make a list.</summary>
    protected JinjaExpression ParseTuple()
    {
        List<JinjaExpression> items = [ParseExpression()];
        while (Accept(","))
        {
            items.Add(ParseExpression());
        }

        return items.Count == 1 ? items[0] : scope => items.Select(item => item(scope)).ToList();
    }

    protected JinjaExpression ParseOr() => ParseLogic("or", ParseAnd, (left, right) => scope => left(scope) is var value && JinjaValue.IsTrue(value) ? value : right(scope));

    /// <summary>Counts nesting, so that a hostile template is a fault and not a stack overflow.</summary>
    protected Nesting Deeper() => ++depth <= MaxDepth ? new Nesting(this) : throw JinjaLexer.Fault(Current.Line, "it is nested too deeply.");

    protected JinjaToken Next() => Current.Kind == JinjaTokenKind.Eof ? Current : tokens[at++];

    protected bool Accept(string word)
    {
        bool found = Current.Kind is JinjaTokenKind.Name or JinjaTokenKind.Operator && Current.Text == word;
        at += found ? 1 : 0;
        return found;
    }

    protected void ExpectWord(string word)
    {
        if (!Accept(word))
        {
            throw JinjaLexer.Fault(Current.Line, $"expected '{word}' but found '{Current.Text}'.");
        }
    }

    protected JinjaToken Expect(JinjaTokenKind kind, string? text = null) =>
        Current.Kind == kind && (text is null || Current.Text == text) ? Next() : throw Unexpected();

    protected EngineException Unexpected() => JinjaLexer.Fault(Current.Line, $"'{Current.Text}' was not expected here.");

    private JinjaExpression ParseAnd() => ParseLogic("and", ParseNot, (left, right) => scope => left(scope) is var value && JinjaValue.IsTrue(value) ? right(scope) : value);

    private static JinjaExpression Negate(JinjaExpression value) => scope => !JinjaValue.IsTrue(value(scope));

    private JinjaExpression ParseNot()
    {
        using var _ = Deeper();
        return Accept("not") ? Negate(ParseNot()) : ParseComparison();
    }

    private JinjaExpression ParseComparison()
    {
        JinjaExpression left = ParseSum();
        JinjaExpression? result = null;
        while (true)
        {
            bool negated = Current is { Kind: JinjaTokenKind.Name, Text: "not" } && tokens[at + 1].Text == "in" && Accept("not");
            string? word = Current.Kind is JinjaTokenKind.Operator or JinjaTokenKind.Name && Current.Text is "==" or "!=" or "<" or "<=" or ">" or ">=" or "in" ? Next().Text : null;
            if (word is null)
            {
                return result ?? left;
            }

            // As in Python, a < b < c means a < b and b < c.
            JinjaExpression first = left;
            JinjaExpression second = ParseSum();
            JinjaExpression? before = result;
            result = scope => (before is null || JinjaValue.IsTrue(before(scope))) && JinjaValue.Compare(word, first(scope), second(scope)) != negated;
            left = second;
        }
    }

    private JinjaExpression ParseSum() => ParseBinary(ParseConcatenation, "+", "-");

    private JinjaExpression ParseConcatenation() => ParseBinary(ParseProduct, "~");

    private JinjaExpression ParseProduct() => ParseBinary(ParseSign, "*", "/", "//", "%");

    private JinjaExpression ParseBinary(Func<JinjaExpression> operand, params string[] words)
    {
        JinjaExpression left = operand();
        while (words.FirstOrDefault(Accept) is { } word)
        {
            JinjaExpression first = left;
            JinjaExpression second = operand();
            left = scope => JinjaValue.Calculate(word, first(scope), second(scope));
        }

        return left;
    }

    private JinjaExpression ParseLogic(string word, Func<JinjaExpression> operand, Func<JinjaExpression, JinjaExpression, JinjaExpression> join)
    {
        JinjaExpression left = operand();
        while (Accept(word))
        {
            left = join(left, operand());
        }

        return left;
    }

    private JinjaExpression ParseSign()
    {
        using var _ = Deeper();
        if (Accept("-"))
        {
            JinjaExpression value = ParseSign();
            return scope => JinjaValue.Calculate("-", 0L, value(scope));
        }

        return ParsePostfix(ParsePrimary());
    }

    private JinjaExpression ParsePrimary()
    {
        JinjaToken token = Next();
        switch (token.Kind)
        {
            case JinjaTokenKind.Literal:
                string? text = token.Value as string;
                while (text is not null && Current is { Kind: JinjaTokenKind.Literal, Value: string more })
                {
                    text += more; // neighbouring texts are one
                    Next();
                }

                object? literal = text ?? token.Value;
                return _ => literal;
            case JinjaTokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => _ => true,
                    "false" or "False" => _ => false,
                    "none" or "None" => _ => null,
                    _ => scope => scope[token.Text],
                };
            case JinjaTokenKind.Operator when token.Text == "(":
                JinjaExpression inner = ParseTuple();
                ExpectWord(")");
                return inner;
            case JinjaTokenKind.Operator when token.Text == "[":
                List<JinjaExpression> items = ParseItems("]");
                return scope => items.Select(item => item(scope)).ToList();
            case JinjaTokenKind.Operator when token.Text == "{":
                return ParseDictionary();
            default:
                throw JinjaLexer.Fault(token.Line, $"'{token.Text}' was not expected here.");
        }
    }

    private List<JinjaExpression> ParseItems(string end)
    {
        List<JinjaExpression> items = [];
        while (!Accept(end))
        {
            items.Add(ParseExpression());
            if (Current.Text != end)
            {
                ExpectWord(",");
            }
        }

        return items;
    }

    private JinjaExpression ParseDictionary()
    {
        List<(JinjaExpression Key, JinjaExpression Value)> entries = [];
        while (!Accept("}"))
        {
            JinjaExpression key = ParseExpression();
            ExpectWord(":");
            entries.Add((key, ParseExpression()));
            if (Current.Text != "}")
            {
                ExpectWord(",");
            }
        }

        return scope =>
        {
            Dictionary<string, object?> result = [];
            foreach ((JinjaExpression key, JinjaExpression value) in entries)
            {
                result[JinjaValue.ToText(key(scope))] = value(scope);
            }

            return result;
        };
    }

    private JinjaExpression ParsePostfix(JinjaExpression value)
    {
        while (true)
        {
            JinjaExpression target = value;
            if (Accept("."))
            {
                string name = Expect(JinjaTokenKind.Name).Text;
                value = scope => JinjaValue.Attribute(target(scope), name);
            }
            else if (Accept("["))
            {
                value = ParseSubscript(target);
            }
            else if (Accept("("))
            {
                int line = Current.Line;
                (List<JinjaExpression> arguments, List<(string Name, JinjaExpression Value)> named) = ParseArguments();
                value = scope => target(scope) is JinjaFunction function
                    ? function(Values(arguments, scope), Values(named, scope))
                    : throw JinjaLexer.Fault(line, "it calls something that is no known function.");
            }
            else if (Accept("|"))
            {
                JinjaToken name = Expect(JinjaTokenKind.Name);
                if (!JinjaBuiltins.Filters.TryGetValue(name.Text, out JinjaFunction? filter))
                {
                    throw JinjaLexer.Fault(name.Line, $"the filter '{name.Text}' is not supported.");
                }

                (List<JinjaExpression> arguments, List<(string Name, JinjaExpression Value)> named) = Accept("(") ? ParseArguments() : ([], []);
                value = scope => filter([target(scope), .. Values(arguments, scope)], Values(named, scope));
            }
            else if (Accept("is"))
            {
                value = ParseTest(target);
            }
            else
            {
                return value;
            }
        }
    }

    private JinjaExpression ParseTest(JinjaExpression target)
    {
        bool negated = Accept("not");
        JinjaToken name = Expect(JinjaTokenKind.Name);
        if (!JinjaBuiltins.Tests.TryGetValue(name.Text, out Func<object?, object?, bool>? test))
        {
            throw JinjaLexer.Fault(name.Line, $"the test '{name.Text}' is not supported.");
        }

        List<JinjaExpression> arguments = Accept("(") ? ParseArguments().Item1 : name.Text is "in" or "equalto" or "eq" ? [ParseSign()] : [];
        return scope => test(target(scope), arguments.Count > 0 ? arguments[0](scope) : null) != negated;
    }

    // [index] or [start:stop:step], any part of which may be absent.
    private JinjaExpression ParseSubscript(JinjaExpression target)
    {
        List<JinjaExpression?> parts = [Current.Text is ":" ? null : ParseExpression()];
        while (Accept(":"))
        {
            parts.Add(Current.Text is ":" or "]" && Current.Kind == JinjaTokenKind.Operator ? null : ParseExpression());
        }

        ExpectWord("]");
        return parts.Count == 1
            ? scope => JinjaValue.Item(target(scope), parts[0]!(scope))
            : scope => JinjaValue.Slice(target(scope), parts[0]?.Invoke(scope), parts[1]?.Invoke(scope), parts.ElementAtOrDefault(2)?.Invoke(scope));
    }

    private (List<JinjaExpression>, List<(string Name, JinjaExpression Value)>) ParseArguments()
    {
        List<JinjaExpression> arguments = [];
        List<(string, JinjaExpression)> named = [];
        while (!Accept(")"))
        {
            if (Current.Kind == JinjaTokenKind.Name && tokens[at + 1] is { Kind: JinjaTokenKind.Operator, Text: "=" })
            {
                string name = Next().Text;
                ExpectWord("=");
                named.Add((name, ParseExpression()));
            }
            else
            {
                arguments.Add(ParseExpression());
            }

            if (Current.Text != ")")
            {
                ExpectWord(",");
            }
        }

        return (arguments, named);
    }

    private static List<object?> Values(List<JinjaExpression> arguments, JinjaScope scope) => [.. arguments.Select(argument => argument(scope))];

    private static Dictionary<string, object?> Values(List<(string Name, JinjaExpression Value)> named, JinjaScope scope)
    {
        Dictionary<string, object?> values = [];
        foreach ((string name, JinjaExpression value) in named)
        {
            values[name] = value(scope);
        }

        return values;
    }

    /// <summary>One level of nesting, left on disposal.</summary>
    protected readonly struct Nesting(JinjaExpressionParser parser) : IDisposable
    {
        public void Dispose() => parser.depth--;
    }
}
