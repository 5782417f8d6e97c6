using Spar.Cli.Console;

namespace Spar.Cli.Commands;

/// <summary>Files of lines that commands read; the name - means standard input.</summary>
internal static class InputLines
{
    /// <summary>The name that means standard input.</summary>
    public const string StandardInput = "-";

    /// <summary>What messages call a file.</summary>
    public static string Name(string file) => file == StandardInput ? "standard input" : file;

    /// <summary>Gives standard input where that is meant; else null.</summary>
    public static TextReader? Reader(string file, CommandContext context) =>
        file == StandardInput ? context.Input : null;
}
