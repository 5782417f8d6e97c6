using System.Text.RegularExpressions;

namespace Spar.Methods.Checks;

/// <summary>What a piece of an expression is.</summary>
internal enum CheckTokenKind
{
    /// <summary>and, or, not, or a function's name.</summary>
    Name,

    /// <summary>A whole number.</summary>
    Number,

    /// <summary>A text in quotes; <see cref="CheckToken.Text"/> is what stands between them.</summary>
    Text,

    /// <summary>A parenthesis, a comma or a comparison.</summary>
    Sign,

    /// <summary>Nothing follows.</summary>
    End,
}

/// <summary>A piece of a check's expression.</summary>
internal readonly partial record struct CheckToken(CheckTokenKind Kind, string Text)
{
    /// <summary>Takes an expression apart; the last piece is the end.</summary>
    /// <exception cref="FormatException">A character cannot stand where it stands.</exception>
    public static List<CheckToken> Split(string source)
    {
        List<CheckToken> tokens = [];
        int at = 0;
        while (Space().Match(source, at) is var space && at + space.Length < source.Length)
        {
            at += space.Length;
            Match match = Piece().Match(source, at);
            if (!match.Success)
            {
                throw new FormatException($"unexpected character '{source[at]}'");
            }

            tokens.Add(match switch
            {
                _ when match.Groups["name"].Success => new(CheckTokenKind.Name, match.Value),
                _ when match.Groups["number"].Success => new(CheckTokenKind.Number, match.Value),
                _ when match.Groups["text"].Success => new(
                    CheckTokenKind.Text, match.Groups["text"].Value.Replace("\\\"", "\"", StringComparison.Ordinal)),
                _ => new(CheckTokenKind.Sign, match.Value),
            });
            at += match.Length;
        }

        tokens.Add(new(CheckTokenKind.End, ""));
        return tokens;
    }

    [GeneratedRegex(@"\G\s*")]
    private static partial Regex Space();

    [GeneratedRegex("""\G(?:(?<name>[a-z_]+)|(?<number>\d{1,6})|"(?<text>(?:[^"\\\n]|\\")*)"|[(),]|[=!<>]=|[<>])""")]
    private static partial Regex Piece();
}
