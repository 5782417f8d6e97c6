using System.CommandLine;
using System.CommandLine.Parsing;
using Spar.Runtime.Recipes;

namespace Spar.Cli.Arguments;

/// <summary>Puts into one short message what is wrong with a command line.</summary>
internal static class UsageFault
{
    /// <summary>
    /// The first thing that is wrong, misspelt options before all else, since they are the cause of most of the rest;
    /// null when all is well.
    /// </summary>
    /// <param name="parse">A parsed command line.</param>
    public static string? Find(ParseResult parse)
    {
        Command command = parse.CommandResult.Command;
        if (MisspeltOption(parse) is string option)
        {
            return UnknownOption(command, parse.CommandResult, option);
        }

        if (parse.Errors.Count == 0)
        {
            return null;
        }

        return command.Subcommands.Count > 0 && parse.UnmatchedTokens.Count > 0
                ? UnknownCommand(command, parse.UnmatchedTokens[0])
            : OptionWithoutValue(parse) is string name ? $"{name} needs a value."
            : OptionGivenTwice(parse) is string twice ? $"{twice} is given more than once."
            : parse.UnmatchedTokens.Count > 0
                ? $"'{Short(parse.UnmatchedTokens[0])}' is one argument too many; a text with blanks needs quotes "
                    + "around it."
            : command.Subcommands.Count > 0 ? $"a command is missing after {Name(command)}: {Names(command)}."
            : Missing(command, parse) is string missing ? missing
            : parse.Errors[0].Message;
    }

    /// <summary>A command with the words that lead to it: <c>spar eval nano</c>.</summary>
    /// <param name="command">The command.</param>
    public static string Name(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is Command parent
            ? $"{Name(parent)} {command.Name}"
            : command.Name;

    // An option that no command knows is taken for an argument by the parser, or for the value of the option before it.
    private static string? MisspeltOption(ParseResult parse)
    {
        HashSet<string> values =
        [
            .. parse
                .CommandResult.Children.OfType<OptionResult>()
                .SelectMany(option => option.Tokens)
                .Select(token => token.Value),
        ];
        return parse
            .Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash)
            .Where(token =>
                token.Type == TokenType.Argument
                && token.Value.Length > 1
                && token.Value[0] == '-'
                && (token.Value[1] == '-' || char.IsLetter(token.Value[1]))
            )
            .Select(token => token.Value)
            .FirstOrDefault(value =>
                !values.Contains(value) || NearestName.To(value, Known(parse.CommandResult)) is not null
            );
    }

    private static IReadOnlyList<string> Known(CommandResult result)
    {
        List<string> known = [];
        for (SymbolResult? at = result; at is CommandResult level; at = at.Parent)
        {
            known.AddRange(
                level
                    .Command.Options.Where(option => !option.Hidden && (level == result || option.Recursive))
                    .Select(option => option.Name)
            );
        }

        return known;
    }

    private static string UnknownOption(Command command, CommandResult result, string token)
    {
        string given = token.Split('=', ':')[0];
        string? meant = NearestName.To(given, Known(result));
        return $"{Name(command)} has no option {Short(given)}."
            + (meant is not null ? $" Did you mean {meant}?" : " (A text that begins with - goes behind --.)");
    }

    private static string UnknownCommand(Command command, string token)
    {
        string start = $"{Name(command)} has no command '{Short(token)}'.";
        return NearestName.To(token, command.Subcommands.Select(sub => sub.Name)) is string meant
            ? $"{start} Did you mean {meant}?"
            : $"{start} There are {Names(command)}.";
    }

    private static string? OptionWithoutValue(ParseResult parse) =>
        parse
            .CommandResult.Children.OfType<OptionResult>()
            .FirstOrDefault(result =>
                !result.Implicit && result.Tokens.Count == 0 && result.Option.Arity.MinimumNumberOfValues > 0
            )
            ?.Option.Name;

    private static string? OptionGivenTwice(ParseResult parse) =>
        parse
            .CommandResult.Children.OfType<OptionResult>()
            .FirstOrDefault(result => result.Tokens.Count > result.Option.Arity.MaximumNumberOfValues)
            ?.Option.Name;

    private static string? Missing(Command command, ParseResult parse) =>
        command.Arguments.FirstOrDefault(argument =>
            argument.Arity.MinimumNumberOfValues > 0
            && !argument.HasDefaultValue
            && parse.GetResult(argument) is not { Tokens.Count: > 0 }
        )
            is { } argument
            ? $"the argument <{argument.Name}> is missing: {argument.Description}."
        : command.Options.FirstOrDefault(option =>
            option.Required && parse.GetResult(option) is not { Implicit: false }
        )
            is { } option
            ? $"{option.Name} is missing: {option.Description}."
        : null;

    private static string Names(Command command) =>
        string.Join(", ", command.Subcommands.Where(sub => !sub.Hidden).Select(sub => sub.Name));

    private static string Short(string text) => text.Length <= 60 ? text : text[..57] + "...";
}
