namespace Spar.Engine.Chat.Jinja;

/// <summary>
/// Reads expressions, by rising strength of what binds them: condition, or, and, not, comparison, sum, <c>~</c>,
/// product, power, sign.
/// </summary>
/// <param name="tokens">The template's tokens.</param>
internal class ExpressionParser(List<Token> tokens) : OperandParser(tokens)
{
    protected override Expression ParseExpression(bool withCondition = true)
    {
        using var _ = Deeper();
        Expression value = ParseOr();
        while (withCondition && AcceptName("if"))
        {
            Expression condition = ParseOr();
            Expression? otherwise = AcceptName("else") ? ParseExpression() : null;
            value = new Conditional(condition, value, otherwise, value.Line);
        }

        return value;
    }

    protected override Expression ParseTuple(bool withCondition = true, bool mayBeEmpty = false)
    {
        int line = Current.Line;
        List<Expression> items = [];
        bool isTuple = false;
        while (!AtTupleEnd)
        {
            items.Add(ParseExpression(withCondition));
            if (!AcceptOperator(","))
            {
                break;
            }

            isTuple = true;
        }

        return isTuple || (items.Count == 0 && mayBeEmpty) ? new TupleOf(items, line)
            : items.Count == 1 ? items[0]
            : throw Unexpected();
    }

    private Expression ParseOr()
    {
        Expression left = ParseAnd();
        while (AcceptName("or"))
        {
            left = new Logical(false, left, ParseAnd(), left.Line);
        }

        return left;
    }

    private Expression ParseAnd()
    {
        Expression left = ParseNot();
        while (AcceptName("and"))
        {
            left = new Logical(true, left, ParseNot(), left.Line);
        }

        return left;
    }

    private Expression ParseNot()
    {
        using var _ = Deeper();
        int line = Current.Line;
        return AcceptName("not") ? new Not(ParseNot(), line) : ParseComparison();
    }

    private Expression ParseComparison()
    {
        Expression first = ParseSum();
        List<(string, Expression)> rest = [];
        while (true)
        {
            string? word = Current is { Kind: TokenKind.Operator, Text: "==" or "!=" or "<" or "<=" or ">" or ">=" }
                or { Kind: TokenKind.Name, Text: "in" }
                ? Take().Text
                : Current.IsName("not") && Following.IsName("in") ? "not in" : null;
            if (word is null)
            {
                return rest.Count == 0 ? first : new Comparison(first, rest, first.Line);
            }

            if (word == "not in")
            {
                Take();
                Take();
            }

            rest.Add((word, ParseSum()));
        }
    }

    private Expression ParseSum()
    {
        Expression left = ParseConcatenation();
        while (Current is { Kind: TokenKind.Operator, Text: "+" or "-" })
        {
            left = new Arithmetic(Take().Text, left, ParseConcatenation(), left.Line);
        }

        return left;
    }

    private Expression ParseConcatenation()
    {
        List<Expression> parts = [ParseProduct()];
        while (AcceptOperator("~"))
        {
            parts.Add(ParseProduct());
        }

        return parts.Count == 1 ? parts[0] : new Concatenation(parts, parts[0].Line);
    }

    private Expression ParseProduct()
    {
        Expression left = ParsePower();
        while (Current is { Kind: TokenKind.Operator, Text: "*" or "/" or "//" or "%" })
        {
            left = new Arithmetic(Take().Text, left, ParsePower(), left.Line);
        }

        return left;
    }

    private Expression ParsePower()
    {
        Expression left = ParseUnary();
        while (AcceptOperator("**"))
        {
            left = new Arithmetic("**", left, ParseUnary(), left.Line);
        }

        return left;
    }
}
