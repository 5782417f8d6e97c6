using Spar.Cli.Console;
using Spectre.Console;

namespace Spar.Cli.Tests;

/// <summary>Runs the command line in this process, with buffers for a console that is no terminal.</summary>
internal static class CliRunner
{
    public static async Task<(int Code, string Output, string Messages)> RunAsync(string input, params string[] args)
    {
        StringWriter output = new();
        StringWriter messages = new();
        int code = await CommandLine.InvokeAsync(
            args,
            new CommandContext(Plain(output), Plain(messages), new StringReader(input), TimeProvider.System)
        );
        return (code, output.ToString(), messages.ToString());
    }

    /// <summary>A console that is no terminal and breaks no line.</summary>
    public static IAnsiConsole Plain(TextWriter writer)
    {
        IAnsiConsole console = AnsiConsole.Create(
            new AnsiConsoleSettings
            {
                Ansi = AnsiSupport.No,
                ColorSystem = ColorSystemSupport.NoColors,
                Interactive = InteractionSupport.No,
                Out = new AnsiConsoleOutput(writer),
            }
        );
        console.Profile.Width = 400;
        return console;
    }

    /// <summary>The command has to fail with one message that has these words, and without a stack trace.</summary>
    public static async Task FailsAsync(string[] args, params string[] words)
    {
        (int code, _, string messages) = await RunAsync("", args);
        Assert.Equal(ExitCode.Fault, code);
        Assert.Contains(messages.Split('\n'), line => line.StartsWith("error:", StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", messages, StringComparison.Ordinal);
        foreach (string word in words)
        {
            Assert.Contains(word, messages, StringComparison.Ordinal);
        }
    }

    /// <summary>
    /// The command line has to be refused with one short message that has these words, and with the command whose help
    /// says more.
    /// </summary>
    public static async Task IsRefusedAsync(string[] args, params string[] words)
    {
        (int code, string output, string messages) = await RunAsync("", args);
        Assert.True(code == ExitCode.Usage, $"{code}: {messages}");
        Assert.Empty(output);
        string[] lines = messages.TrimEnd().Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("error:", lines[0], StringComparison.Ordinal);
        Assert.Matches("^See spar.* --help\\.$", lines[1]);
        foreach (string word in words)
        {
            Assert.Contains(word, lines[0], StringComparison.Ordinal);
        }
    }
}
