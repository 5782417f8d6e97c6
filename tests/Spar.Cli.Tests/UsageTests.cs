using Spar.Cli.Console;
using Spar.Ground;

namespace Spar.Cli.Tests;

/// <summary>Command lines that cannot be read, and the manners of those that can.</summary>
public sealed class UsageTests
{
    [Theory]
    [InlineData("eval nano --count five", "--count", "whole number", "five")]
    [InlineData("eval nano --count 0", "--count", "from 1 to", "0")]
    [InlineData("run R --threads two", "--threads", "two")]
    [InlineData("run R --seed abc", "--seed", "whole number", "abc")]
    [InlineData("run R --seed -1", "--seed", "not negative", "-1")]
    [InlineData("generate hi --votes x", "--votes", "x")]
    [InlineData("generate hi --top-p 0", "--top-p", "above 0", "'0'")]
    [InlineData("chat --temperature hot", "--temperature", "number", "hot")]
    [InlineData("chat --temperature NaN", "--temperature", "NaN")]
    [InlineData("eval ifeval --limit x", "--limit", "x")]
    [InlineData("evolve a --similarity x", "--similarity", "above 0 and at most 1")]
    [InlineData("experiment judges --votes x", "--votes", "x")]
    [InlineData("experiment judges --seeds 1,1", "--seeds", "each once")]
    [InlineData("generate hi --strategy bsf", "--strategy", "bsf", "Did you mean bfs?")]
    [InlineData("generate hi --valuation Votez", "--valuation", "Did you mean votes?")]
    [InlineData("run --outptu x R", "--outptu", "Did you mean --output?")]
    [InlineData("generate --tempersture 1 hi", "--tempersture", "Did you mean --temperature?")]
    [InlineData("run R --output --jsn", "Did you mean --json?")]
    [InlineData("export R", "--output is missing")]
    [InlineData("run", "<recipe> is missing")]
    [InlineData("run a b", "'b' is one argument too many")]
    [InlineData("run R --seed 1 --seed 2", "--seed is given more than once")]
    [InlineData("rnu R", "no command 'rnu'", "Did you mean run?")]
    [InlineData("eval", "spar eval", "nano")]
    [InlineData("generate", "--prompts-file")]
    [InlineData("generate hi --explain --json", "--explain")]
    public async Task A_command_line_that_cannot_be_read_gets_one_short_message(string line, params string[] words) =>
        await CliRunner.IsRefusedAsync(line.Split(' '), words);

    [Theory]
    [InlineData("run")]
    [InlineData("report")]
    [InlineData("chat --model")]
    [InlineData("export R --output")]
    public async Task An_empty_path_is_refused(string line) =>
        await CliRunner.IsRefusedAsync([.. line.Split(' '), ""], "empty");

    [Fact]
    public async Task Help_says_spar_and_lists_the_exit_codes()
    {
        (int code, string output, _) = await CliRunner.RunAsync("", "--help");
        Assert.Equal(ExitCode.Success, code);
        Assert.Contains("spar [command] [options]", output, StringComparison.Ordinal);
        foreach ((int number, string meaning) in ExitCode.All)
        {
            Assert.Contains($"{number}  {meaning}", output, StringComparison.Ordinal);
        }

        Assert.InRange(output.Split('\n').Length, 10, 45);
    }

    [Fact]
    public void Control_characters_become_visible_signs_of_one_column()
    {
        Assert.Equal(
            "a\u241b[31mb\u2407\u240d\u2421\ufffd\ufffd\n\tc",
            HarmlessText.Of("a\u001b[31mb\u0007\r\u007f\u009b\u202e\n\tc")
        );
        Assert.Equal("\ufffdx", HarmlessText.Of("\ud800x"));
        const string Harmless = "plain \U0001f980 text äö 中";
        Assert.Same(Harmless, HarmlessText.Of(Harmless));
    }

    [Fact]
    public async Task A_name_with_an_escape_sequence_reaches_no_terminal()
    {
        (int code, _, string messages) = await CliRunner.RunAsync("", "run", "no\u001b]0;such\u0007.yaml");
        Assert.Equal(ExitCode.Fault, code);
        Assert.DoesNotContain('\u001b', messages);
        Assert.Contains("no\u241b]0;such\u2407.yaml", messages, StringComparison.Ordinal);
    }
}
