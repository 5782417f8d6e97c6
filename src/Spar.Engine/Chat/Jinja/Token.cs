namespace Spar.Engine.Chat.Jinja;

/// <summary>Kinds of tokens.</summary>
internal enum TokenKind
{
    Data,
    Name,
    String,
    Integer,
    Float,
    Operator,
    VariableBegin,
    VariableEnd,
    BlockBegin,
    BlockEnd,
    End,
}

/// <summary>A token.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Text">Name, operator, text between tags, or a string without quotes and escapes.</param>
/// <param name="Line">Its line, from 1.</param>
internal sealed record Token(TokenKind Kind, string Text, int Line)
{
    public bool IsName(string name) => Kind == TokenKind.Name && Text == name;

    public bool IsOperator(string text) => Kind == TokenKind.Operator && Text == text;

    public string Description => Kind switch
    {
        TokenKind.VariableEnd => "'}}'",
        TokenKind.BlockEnd => "'%}'",
        TokenKind.VariableBegin or TokenKind.BlockBegin or TokenKind.Data or TokenKind.End => "the end of the tag",
        _ => $"'{Text}'",
    };
}
