using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Spar.Cli.Arguments;

/// <summary>The library's help, with the first sentence of each subcommand in place of its whole description.</summary>
internal sealed class ShortListHelp : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        // The tree of commands is made anew for each command line.
        foreach (Command command in parseResult.CommandResult.Command.Subcommands)
        {
            command.Description = FirstSentence(command.Description ?? "");
        }

        return new HelpAction().Invoke(parseResult);
    }

    private static string FirstSentence(string description)
    {
        string text = description.ReplaceLineEndings(" ");
        int end = text.IndexOf(". ", StringComparison.Ordinal);
        return end < 0 ? text : text[..(end + 1)];
    }
}
