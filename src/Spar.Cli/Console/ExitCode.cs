namespace Spar.Cli.Console;

/// <summary>The exit codes of every command; <c>spar --help</c> and the README list them.</summary>
internal static class ExitCode
{
    /// <summary>All went well.</summary>
    public const int Success = 0;

    /// <summary>A fault that the message explains and the user can mend.</summary>
    public const int Fault = 1;

    /// <summary>
    /// The command line cannot be read: an unknown option, a value of the wrong kind, something missing.
    /// </summary>
    public const int Usage = 2;

    /// <summary>
    /// Done, but model calls failed, and what they were for is missing; --allow-failed let it be so.
    /// </summary>
    public const int Incomplete = 3;

    /// <summary>A defect of the program (EX_SOFTWARE of sysexits.h); what is known of it is in a trace file.</summary>
    public const int Defect = 70;

    /// <summary>Ended from outside, by Ctrl-C or a signal to end (128 + SIGINT).</summary>
    public const int Interrupted = 130;

    /// <summary>Every code with its meaning, for people.</summary>
    public static IReadOnlyList<(int Code, string Meaning)> All { get; } =
    [
        (Success, "all went well"),
        (Fault, "something is wrong that the message names: a file, a model, a server, a recipe"),
        (Usage, "the command line cannot be read: the message names the option and what it takes"),
        (Incomplete, "done, but model calls failed and what they were for is missing, as --allow-failed lets it"),
        (Defect, "a defect of the program: the message names the trace file to report"),
        (Interrupted, "interrupted by Ctrl-C or a signal to end"),
    ];
}
