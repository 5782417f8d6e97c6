namespace Spar.Engine.Chat.Jinja;

/// <summary>Reads a template: text, output and the statements that jinja2 has under Transformers' settings.</summary>
internal sealed class TemplateParser : ExpressionParser
{
    private static readonly string[] s_unsupported = ["autoescape", "block", "extends", "include", "import", "from"];

    // Loops around this place, within the same macro.
    private int _loops;

    private TemplateParser(List<Token> tokens)
        : base(tokens)
    {
    }

    /// <summary>Reads a template.</summary>
    /// <param name="template">Its text.</param>
    /// <param name="unset">Names that the outermost scope sets before anything in it reads them.</param>
    /// <exception cref="EngineException">
    /// The template is broken, or uses what is not supported; names the line.
    /// </exception>
    public static Body Parse(string template, out IReadOnlyList<string> unset)
    {
        TemplateParser parser = new(Lexer.Read(template));
        Body body = parser.ParseBody();
        unset = body.ResolveAsScope(null);
        return body;
    }

    // Statements up to one of the end words, or up to the end of the template when there are none.
    private Body ParseBody(params string[] ends)
    {
        using var _ = Deeper();
        int line = Current.Line;
        List<Statement> statements = [];
        while (true)
        {
            Token token = Take();
            switch (token.Kind)
            {
                case TokenKind.Data:
                    statements.Add(new TextStatement(token.Text, token.Line));
                    break;
                case TokenKind.VariableBegin:
                    statements.Add(new OutputStatement([ParseTuple()], token.Line));
                    Expect(TokenKind.VariableEnd);
                    break;
                case TokenKind.BlockBegin:
                    if (Current.Kind == TokenKind.Name && ends.Contains(Current.Text))
                    {
                        return new Body(statements);
                    }

                    statements.Add(ParseStatement(ends));
                    Expect(TokenKind.BlockEnd);
                    break;
                default:
                    return ends.Length == 0 ? new Body(statements)
                        : throw JinjaFault.At(line, $"a block ends without '{string.Join("' or '", ends)}'");
            }
        }
    }

    // After a tag's words: its end, the body, and the word that ends the body.
    private Body ParseBlock(params string[] ends)
    {
        AcceptOperator(":");
        Expect(TokenKind.BlockEnd);
        return ParseBody(ends);
    }

    private Body ParseWholeBlock(string end)
    {
        Body body = ParseBlock(end);
        Take();
        return body;
    }

    private Statement ParseStatement(string[] ends)
    {
        Token tag = Expect(TokenKind.Name);
        switch (tag.Text)
        {
            case "if":
                return ParseIf(tag.Line);
            case "for":
                return ParseFor(tag.Line);
            case "set":
                return ParseSet(tag.Line);
            case "macro":
                string name = Expect(TokenKind.Name).Text;
                Mentions.Add((name, true));
                return new MacroStatement(ParseMacro(name, ParseParameters(), "endmacro"), tag.Line);
            case "call":
                IReadOnlyList<(string, Expression?)> parameters = Current.IsOperator("(") ? ParseParameters() : [];
                CallOf call = ParseExpression() as CallOf
                    ?? throw JinjaFault.At(tag.Line, "'call' is followed by what is no call");
                return new CallStatement(ParseMacro(null, parameters, "endcall"), call, tag.Line);
            case "generation":
                return new GenerationStatement(ParseMacro(null, [], "endgeneration"), tag.Line);
            case "filter":
                FilterOf filter = ParseBlockFilters(first: true)!;
                return new FilterStatement(filter, ParseWholeBlock("endfilter"), tag.Line);
            case "with":
                return ParseWith(tag.Line);
            case "print":
                return ParsePrint(tag.Line);
            case "break" or "continue":
                return _loops > 0 ? new LeaveStatement(tag.Text == "break" ? Flow.Break : Flow.Continue, tag.Line)
                    : throw JinjaFault.At(tag.Line, $"'{tag.Text}' stands outside of a loop");
            case var word when s_unsupported.Contains(word):
                throw JinjaFault.At(tag.Line, $"'{word}' is not supported");
            default:
                string looked = ends.Length > 0 ? $" (a block needs '{string.Join("' or '", ends)}' here)" : "";
                throw JinjaFault.At(tag.Line, $"'{tag.Text}' was not expected{looked}");
        }
    }

    private IfStatement ParseIf(int line)
    {
        List<(Expression, Body)> branches = [];
        Body? otherwise = null;
        do
        {
            Expression condition = ParseTuple(withCondition: false);
            branches.Add((condition, ParseBlock("elif", "else", "endif")));
        }
        while (AcceptName("elif"));

        if (AcceptName("else"))
        {
            otherwise = ParseWholeBlock("endif");
        }
        else
        {
            Take();
        }

        return new IfStatement(branches, otherwise, line);
    }

    private ForStatement ParseFor(int line)
    {
        int mentions = Mentions.Count;
        Target target = ParseTarget(withAttributes: false);
        Expect(TokenKind.Name, "in");
        Expression sequence = ParseTuple(withCondition: false);
        Expression? filter = AcceptName("if") ? ParseExpression() : null;
        bool recursive = AcceptName("recursive");
        int around = _loops++;
        Body body = ParseBlock("else", "endfor");
        _loops = recursive ? 0 : around;
        Body? otherwise = null;
        if (AcceptName("else"))
        {
            otherwise = ParseWholeBlock("endfor");
        }
        else
        {
            Take();
        }

        _loops = around;
        return Mentions.Skip(mentions).Any(mention => mention is { Name: "loop", Store: true })
            ? throw JinjaFault.At(line, "the variable 'loop' of a loop is set")
            : new ForStatement(target, sequence, filter, recursive, body, otherwise, line);
    }

    private Statement ParseSet(int line)
    {
        Target target = ParseTarget(withAttributes: true);
        if (AcceptOperator("="))
        {
            return new SetStatement(target, ParseTuple(), line);
        }

        FilterOf? filter = ParseBlockFilters(first: false);
        return new SetBlockStatement(target, filter, ParseWholeBlock("endset"), line);
    }

    private WithStatement ParseWith(int line)
    {
        List<(Target, Expression)> names = [];
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (names.Count > 0)
            {
                ExpectOperator(",");
            }

            Target target = ParseTarget(withAttributes: false);
            ExpectOperator("=");
            names.Add((target, ParseExpression()));
        }

        return new WithStatement(names, ParseWholeBlock("endwith"), line);
    }

    private OutputStatement ParsePrint(int line)
    {
        List<Expression> values = [];
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (values.Count > 0)
            {
                ExpectOperator(",");
            }

            values.Add(ParseExpression());
        }

        return new OutputStatement(values, line);
    }

    private List<(string, Expression?)> ParseParameters()
    {
        ExpectOperator("(");
        List<(string Name, Expression? Default)> parameters = [];
        while (!Current.IsOperator(")"))
        {
            if (parameters.Count > 0)
            {
                ExpectOperator(",");
            }

            Token name = Expect(TokenKind.Name);
            Mentions.Add((name.Text, true));
            Expression? fallback = AcceptOperator("=") ? ParseExpression() : null;
            if (parameters.Any(p => p.Name == name.Text)
                || (fallback is null && parameters.Any(p => p.Default is not null)))
            {
                throw JinjaFault.At(name.Line,
                    $"the parameter '{name.Text}' is given twice, or stands after one with a default");
            }

            parameters.Add((name.Text, fallback));
        }

        ExpectOperator(")");
        return parameters;
    }

    private MacroDeclaration ParseMacro(string? name, IReadOnlyList<(string Name, Expression? Default)> parameters,
        string end)
    {
        (int around, int mentions, int line) = (_loops, Mentions.Count, Current.Line);
        _loops = 0;
        Body body = ParseWholeBlock(end);
        _loops = around;
        HashSet<string> candidates = ["caller", "kwargs", "varargs"], reads = [];
        foreach ((string mentioned, bool store) in Mentions.Skip(mentions))
        {
            if (store)
            {
                candidates.Remove(mentioned);
            }
            else if (candidates.Contains(mentioned))
            {
                reads.Add(mentioned);
            }
        }

        return reads.Contains("caller") && parameters.Any(parameter => parameter is { Name: "caller", Default: null })
            ? throw JinjaFault.At(line, "the parameter 'caller' has no default")
            : new MacroDeclaration(name, parameters, body, reads);
    }

    private Target ParseTarget(bool withAttributes)
    {
        List<Target> targets = [];
        bool isTuple = false;
        while (targets.Count == 0 || !AtTupleEnd)
        {
            targets.Add(ParseOneTarget(withAttributes));
            if (!AcceptOperator(","))
            {
                break;
            }

            isTuple = true;
        }

        return isTuple ? new TupleTarget(targets) : targets[0];
    }

    private Target ParseOneTarget(bool withAttributes)
    {
        if (AcceptOperator("("))
        {
            using var _ = Deeper();
            Target inner = ParseTarget(withAttributes: false);
            ExpectOperator(")");
            return inner;
        }

        Token name = Expect(TokenKind.Name);
        if (withAttributes && AcceptOperator("."))
        {
            return new AttributeTarget(name.Text, Expect(TokenKind.Name).Text);
        }

        if (name.Text is "true" or "false" or "none" or "True" or "False" or "None")
        {
            throw JinjaFault.At(name.Line, $"'{name.Text}' is set");
        }

        Mentions.Add((name.Text, true));
        return new NameTarget(name.Text);
    }
}
