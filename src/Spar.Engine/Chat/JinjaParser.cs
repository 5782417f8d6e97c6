using System.Text;

namespace Spar.Engine.Chat;

/// <summary>A compiled piece of template that writes text.</summary>
internal delegate void JinjaStatement(JinjaScope scope, StringBuilder output);

/// <summary>A compiled expression.</summary>
internal delegate object? JinjaExpression(JinjaScope scope);

/// <summary>
/// Compiles the part of Jinja that chat templates use into delegates. Statements: for (with filter and else), if, set (also of a namespace's
/// attribute, and as a block), generation. Expressions: <see cref="JinjaExpressionParser"/>.
/// </summary>
internal sealed class JinjaParser(List<JinjaToken> tokens) : JinjaExpressionParser(tokens)
{
    /// <summary>Compiles a template.</summary>
    /// <exception cref="EngineException">It is broken or uses something that is not supported.</exception>
    public static JinjaStatement Parse(string template)
    {
        JinjaParser parser = new(JinjaLexer.Read(template));
        JinjaStatement body = parser.ParseBody();
        return parser.Current.Kind == JinjaTokenKind.Eof ? body : throw parser.Unexpected();
    }

    // Statements up to a tag that begins with one of the names, whose "{% name" has then been read, or to the template's end.
    private JinjaStatement ParseBody(params string[] until)
    {
        using var _ = Deeper();
        List<JinjaStatement> statements = [];
        while (Current.Kind != JinjaTokenKind.Eof)
        {
            JinjaToken token = Next();
            if (token.Kind == JinjaTokenKind.Data)
            {
                statements.Add((_, output) => output.Append(token.Text));
            }
            else if (token.Text == "{{")
            {
                JinjaExpression expression = ParseExpression();
                Expect(JinjaTokenKind.End, "}}");
                statements.Add((scope, output) => output.Append(JinjaValue.ToText(expression(scope))));
            }
            else if (Current.Kind == JinjaTokenKind.Name && until.Contains(Current.Text))
            {
                break;
            }
            else
            {
                statements.Add(ParseStatement());
            }
        }

        return (scope, output) =>
        {
            foreach (JinjaStatement statement in statements)
            {
                statement(scope, output);
            }
        };
    }

    private JinjaStatement ParseStatement()
    {
        JinjaToken name = Expect(JinjaTokenKind.Name);
        switch (name.Text)
        {
            case "if":
                return ParseIf();
            case "for":
                return ParseFor();
            case "set":
                return ParseSet();
            case "generation":
                EndTag();
                JinjaStatement body = ParseBody("endgeneration");
                EndTag("endgeneration");
                return body;
            default:
                throw JinjaLexer.Fault(name.Line, $"'{name.Text}' is not supported here (known are if, for, set and generation).");
        }
    }

    private JinjaStatement ParseIf()
    {
        using var _ = Deeper();
        JinjaExpression condition = ParseExpression();
        EndTag();
        JinjaStatement then = ParseBody("elif", "else", "endif");
        JinjaStatement? otherwise = null;
        if (Accept("elif"))
        {
            otherwise = ParseIf();
        }
        else
        {
            if (Accept("else"))
            {
                EndTag();
                otherwise = ParseBody("endif");
            }

            EndTag("endif");
        }

        return (scope, output) => (JinjaValue.IsTrue(condition(scope)) ? then : otherwise)?.Invoke(scope, output);
    }

    private JinjaStatement ParseFor()
    {
        List<string> targets = ParseTargets();
        ExpectWord("in");
        JinjaExpression sequence = ParseOr();
        JinjaExpression? filter = Accept("if") ? ParseExpression() : null;
        EndTag();
        JinjaStatement body = ParseBody("else", "endfor");
        JinjaStatement? otherwise = null;
        if (Accept("else"))
        {
            EndTag();
            otherwise = ParseBody("endfor");
        }

        EndTag("endfor");
        return (scope, output) =>
        {
            List<object?> items = JinjaValue.ToList(sequence(scope));
            if (filter is not null)
            {
                items = [.. items.Where(item => JinjaValue.IsTrue(filter(Bind(new JinjaScope(scope), targets, item))))];
            }

            for (int i = 0; i < items.Count; i++)
            {
                JinjaScope inner = Bind(new JinjaScope(scope), targets, items[i]);
                inner["loop"] = new Dictionary<string, object?>
                {
                    ["index"] = i + 1L,
                    ["index0"] = (long)i,
                    ["revindex"] = (long)(items.Count - i),
                    ["revindex0"] = items.Count - i - 1L,
                    ["first"] = i == 0,
                    ["last"] = i == items.Count - 1,
                    ["length"] = (long)items.Count,
                    ["previtem"] = i > 0 ? items[i - 1] : JinjaUndefined.Value,
                    ["nextitem"] = i + 1 < items.Count ? items[i + 1] : JinjaUndefined.Value,
                };
                body(inner, output);
            }

            if (items.Count == 0)
            {
                otherwise?.Invoke(scope, output);
            }
        };
    }

    private JinjaStatement ParseSet()
    {
        List<string> targets = ParseTargets();
        string? attribute = Accept(".") ? Expect(JinjaTokenKind.Name).Text : null;
        JinjaExpression value;
        if (Accept("="))
        {
            value = ParseTuple();
            EndTag();
        }
        else
        {
            EndTag();
            JinjaStatement body = ParseBody("endset");
            EndTag("endset");
            value = scope => Capture(body, new JinjaScope(scope));
        }

        return (scope, _) =>
        {
            if (attribute is null)
            {
                Bind(scope, targets, value(scope));
            }
            else if (scope[targets[0]] is JinjaNamespace space)
            {
                space[attribute] = value(scope);
            }
            else
            {
                throw new EngineException($"The chat template sets '{targets[0]}.{attribute}', but '{targets[0]}' is no namespace.");
            }
        };
    }

    private static string Capture(JinjaStatement body, JinjaScope scope)
    {
        StringBuilder output = new();
        body(scope, output);
        return output.ToString();
    }

    private List<string> ParseTargets()
    {
        bool bracket = Accept("(");
        List<string> targets = [Expect(JinjaTokenKind.Name).Text];
        while (Accept(","))
        {
            targets.Add(Expect(JinjaTokenKind.Name).Text);
        }

        if (bracket)
        {
            ExpectWord(")");
        }

        return targets;
    }

    private static JinjaScope Bind(JinjaScope scope, List<string> targets, object? value)
    {
        if (targets.Count == 1)
        {
            scope[targets[0]] = value;
            return scope;
        }

        List<object?> parts = JinjaValue.ToList(value);
        if (parts.Count != targets.Count)
        {
            throw new EngineException($"The chat template takes {parts.Count} values apart into {targets.Count} names ({string.Join(", ", targets)}).");
        }

        for (int i = 0; i < parts.Count; i++)
        {
            scope[targets[i]] = parts[i];
        }

        return scope;
    }

    private void EndTag(string? name = null)
    {
        if (name is not null)
        {
            ExpectWord(name);
        }

        Expect(JinjaTokenKind.End, "%}");
    }
}
