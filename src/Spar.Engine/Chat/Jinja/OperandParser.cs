using System.Globalization;
using System.Numerics;

namespace Spar.Engine.Chat.Jinja;

/// <summary>
/// Reads tokens, and the operands of expressions: names, literals, attributes, calls, filters and tests.
/// </summary>
/// <param name="tokens">The template's tokens.</param>
internal abstract class OperandParser(List<Token> tokens)
{
    private const int MaxDepth = 200;

    private static readonly Token s_none = new(TokenKind.End, "", 0);

    private int _at;
    private int _depth;

    /// <summary>Every name that was read or set so far, in order.</summary>
    protected List<(string Name, bool Store)> Mentions { get; } = [];

    protected Token Current => tokens[_at];

    protected Token Following => _at + 1 < tokens.Count ? tokens[_at + 1] : s_none;

    protected abstract Expression ParseExpression(bool withCondition = true);

    /// <summary>One expression, or a tuple of several with commas between.</summary>
    /// <param name="withCondition">False where an <c>if</c> has another meaning.</param>
    /// <param name="mayBeEmpty">True in brackets.</param>
    protected abstract Expression ParseTuple(bool withCondition = true, bool mayBeEmpty = false);

    protected bool AtTupleEnd =>
        Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd || Current.IsOperator(")");

    protected Expression ParseUnary(bool withFilters = true)
    {
        using var _ = Deeper();
        int line = Current.Line;
        Expression value = AcceptOperator("-") ? new Sign(true, ParseUnary(false), line)
            : AcceptOperator("+") ? new Sign(false, ParseUnary(false), line)
            : ParsePrimary();
        value = ParsePostfix(value);
        return withFilters ? ParseFiltersAndTests(value) : value;
    }

    /// <summary>Filters without a value, for the block that they end: <c>name(arguments) | name</c>.</summary>
    protected FilterOf? ParseBlockFilters(bool first)
    {
        FilterOf? filter = null;
        while (first || AcceptOperator("|"))
        {
            filter = ParseFilter(filter);
            first = false;
        }

        return filter;
    }

    protected ArgumentList ParseArguments()
    {
        int line = Current.Line;
        ExpectOperator("(");
        List<Expression> positional = [];
        List<(string, Expression)> named = [];
        Expression? more = null, moreNamed = null;
        bool first = true;
        while (!Current.IsOperator(")"))
        {
            if (!first)
            {
                ExpectOperator(",");
                if (Current.IsOperator(")"))
                {
                    break;
                }
            }

            first = false;
            if (AcceptOperator("*"))
            {
                Require(more is null && moreNamed is null);
                more = ParseExpression();
            }
            else if (AcceptOperator("**"))
            {
                Require(moreNamed is null);
                moreNamed = ParseExpression();
            }
            else if (Current.Kind == TokenKind.Name && Following.IsOperator("="))
            {
                string name = Take().Text;
                Take();
                Require(moreNamed is null && named.All(argument => argument.Item1 != name));
                named.Add((name, ParseExpression()));
            }
            else
            {
                Require(more is null && moreNamed is null && named.Count == 0);
                positional.Add(ParseExpression());
            }
        }

        ExpectOperator(")");
        return new ArgumentList(positional, named, more, moreNamed);

        void Require(bool right)
        {
            if (!right)
            {
                throw JinjaFault.At(line, "the arguments of a call are in the wrong order, or one is given twice");
            }
        }
    }

    protected Token Take() => tokens[_at++];

    protected Token Expect(TokenKind kind, string? text = null) =>
        Current.Kind == kind && (text is null || Current.Text == text) ? Take() : throw Unexpected();

    protected void ExpectOperator(string text) => Expect(TokenKind.Operator, text);

    protected bool AcceptName(string name) => Accept(Current.IsName(name));

    protected bool AcceptOperator(string text) => Accept(Current.IsOperator(text));

    protected EngineException Unexpected() => JinjaFault.At(Current.Line, $"{Current.Description} was not expected");

    /// <summary>Counts how deep expressions and blocks are nested; dispose of the result to leave.</summary>
    protected Level Deeper() => ++_depth <= MaxDepth ? new Level(this)
        : throw JinjaFault.At(Current.Line,
            $"blocks or expressions are nested too deeply (more than {MaxDepth} levels)");

    private bool Accept(bool here)
    {
        _at += here ? 1 : 0;
        return here;
    }

    private Expression ParsePrimary()
    {
        Token token = Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                Take();
                return token.Text switch
                {
                    "true" or "True" => new Constant(true, token.Line),
                    "false" or "False" => new Constant(false, token.Line),
                    "none" or "None" => new Constant(null, token.Line),
                    _ => Mention(token),
                };
            case TokenKind.String:
                string text = "";
                for (; Current.Kind == TokenKind.String; Take())
                {
                    text += Current.Text;
                }

                return new Constant(text, token.Line);
            case TokenKind.Integer:
                Take();
                return new Constant(Integer(token), token.Line);
            case TokenKind.Float:
                Take();
                return new Constant(double.Parse(token.Text, CultureInfo.InvariantCulture), token.Line);
        }

        if (AcceptOperator("("))
        {
            Expression value = ParseTuple(mayBeEmpty: true);
            ExpectOperator(")");
            return value;
        }

        return AcceptOperator("[") ? ParseList(token.Line) : AcceptOperator("{") ? ParseDict(token.Line)
            : throw Unexpected();
    }

    private Name Mention(Token token)
    {
        Mentions.Add((token.Text, false));
        return token.Text is "self" or "super"
            ? throw JinjaFault.At(token.Line, $"'{token.Text}' is not supported") : new Name(token.Text, token.Line);
    }

    private static long Integer(Token token)
    {
        string text = token.Text.ToLowerInvariant();
        BigInteger number = 0;
        int radix = text.StartsWith("0x", StringComparison.Ordinal) ? 16
            : text.StartsWith("0o", StringComparison.Ordinal) ? 8
            : text.StartsWith("0b", StringComparison.Ordinal) ? 2 : 10;
        foreach (char c in radix == 10 ? text : text[2..])
        {
            number = number * radix + (char.IsAsciiDigit(c) ? c - '0' : c - 'a' + 10);
        }

        return number <= long.MaxValue ? (long)number
            : throw JinjaFault.At(token.Line, "whole numbers of more than 64 bits are not supported");
    }

    private ListOf ParseList(int line)
    {
        List<Expression> items = [];
        while (!Current.IsOperator("]"))
        {
            items.Add(ParseExpression());
            if (!AcceptOperator(","))
            {
                break;
            }
        }

        ExpectOperator("]");
        return new ListOf(items, line);
    }

    private DictOf ParseDict(int line)
    {
        List<(Expression, Expression)> items = [];
        while (!Current.IsOperator("}"))
        {
            Expression key = ParseExpression();
            ExpectOperator(":");
            items.Add((key, ParseExpression()));
            if (!AcceptOperator(","))
            {
                break;
            }
        }

        ExpectOperator("}");
        return new DictOf(items, line);
    }

    private Expression ParsePostfix(Expression value)
    {
        while (true)
        {
            int line = Current.Line;
            if (Current.IsOperator("("))
            {
                value = new CallOf(value, ParseArguments(), line);
            }
            else if (AcceptOperator("."))
            {
                value = Current.Kind == TokenKind.Integer ? new ItemOf(value, new Constant(Integer(Take()), line), line)
                    : new AttributeOf(value, Expect(TokenKind.Name).Text, line);
            }
            else if (AcceptOperator("["))
            {
                value = ParseSubscript(value, line);
            }
            else
            {
                return value;
            }
        }
    }

    private Expression ParseSubscript(Expression target, int line)
    {
        Expression? start = Current.IsOperator(":") ? null : ParseExpression();
        if (start is not null && !Current.IsOperator(":"))
        {
            List<Expression> keys = [start];
            while (AcceptOperator(","))
            {
                keys.Add(ParseExpression());
            }

            ExpectOperator("]");
            return new ItemOf(target, keys.Count == 1 ? start : new TupleOf(keys, line), line);
        }

        ExpectOperator(":");
        Expression? stop = AtPartEnd() ? null : ParseExpression();
        Expression? step = AcceptOperator(":") && !AtPartEnd() ? ParseExpression() : null;
        ExpectOperator("]");
        return new SliceOf(target, start, stop, step, line);

        bool AtPartEnd() => Current is { Kind: TokenKind.Operator, Text: ":" or "]" or "," };
    }

    private Expression ParseFiltersAndTests(Expression value)
    {
        while (true)
        {
            int line = Current.Line;
            if (AcceptOperator("|"))
            {
                value = ParseFilter(value);
            }
            else if (AcceptName("is"))
            {
                value = ParseTest(value, line);
            }
            else if (Current.IsOperator("("))
            {
                value = new CallOf(value, ParseArguments(), line);
            }
            else
            {
                return value;
            }
        }
    }

    private FilterOf ParseFilter(Expression? value)
    {
        int line = Current.Line;
        string name = ParseDottedName();
        return new FilterOf(value, name, Current.IsOperator("(") ? ParseArguments() : ArgumentList.None, line);
    }

    private Expression ParseTest(Expression value, int line)
    {
        bool negated = AcceptName("not");
        string name = ParseDottedName();
        ArgumentList arguments = ArgumentList.None;
        if (Current.IsOperator("("))
        {
            arguments = ParseArguments();
        }
        else if (Current.IsName("is"))
        {
            throw JinjaFault.At(Current.Line, "tests cannot be chained with 'is'");
        }
        else if (Current.Kind is TokenKind.Name or TokenKind.String or TokenKind.Integer or TokenKind.Float
            ? Current is not { Kind: TokenKind.Name, Text: "else" or "or" or "and" }
            : Current is { Kind: TokenKind.Operator, Text: "[" or "{" })
        {
            arguments = new ArgumentList([ParsePostfix(ParsePrimary())], [], null, null);
        }

        Expression test = new TestOf(value, name, arguments, line);
        return negated ? new Not(test, line) : test;
    }

    private string ParseDottedName()
    {
        string name = Expect(TokenKind.Name).Text;
        while (AcceptOperator("."))
        {
            name += "." + Expect(TokenKind.Name).Text;
        }

        return name;
    }

    /// <summary>A level of nesting.</summary>
    protected readonly struct Level(OperandParser parser) : IDisposable
    {
        public void Dispose() => parser._depth--;
    }
}
