using Spectre.Console;

namespace Spar.Cli.Tests;

/// <summary>Runs the command line in this process, with buffers for a console that is no terminal.</summary>
internal static class CliRunner
{
    public static async Task<(int Code, string Output, string Messages)> RunAsync(string input, params string[] args)
    {
        StringWriter output = new();
        StringWriter messages = new();
        int code = await CommandLine.InvokeAsync(args, new CommandContext(Plain(output), Plain(messages), new StringReader(input), TimeProvider.System));
        return (code, output.ToString(), messages.ToString());

        static IAnsiConsole Plain(TextWriter writer)
        {
            IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
            {
                Ansi = AnsiSupport.No,
                ColorSystem = ColorSystemSupport.NoColors,
                Interactive = InteractionSupport.No,
                Out = new AnsiConsoleOutput(writer),
            });
            console.Profile.Width = 400;
            return console;
        }
    }

    /// <summary>The command has to fail with one message that has these words, and without a stack trace.</summary>
    public static async Task FailsAsync(string[] args, params string[] words)
    {
        (int code, _, string messages) = await RunAsync("", args);
        Assert.Equal(CommandLine.Fault, code);
        Assert.StartsWith("error:", messages.TrimStart());
        Assert.DoesNotContain("   at ", messages, StringComparison.Ordinal);
        foreach (string word in words)
        {
            Assert.Contains(word, messages, StringComparison.Ordinal);
        }
    }
}
