using System.CommandLine;
using System.Text.RegularExpressions;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

/// <summary>What <c>--help</c> prints can be typed.</summary>
public sealed partial class HelpTests
{
    private static readonly string[] s_made = ["--output", "-o", "--failures", "--shard", "--calls"];

    private static Command Tree()
    {
        StringWriter nowhere = new();
        return CommandLine.Create(
            new CommandContext(CliRunner.Plain(nowhere), CliRunner.Plain(nowhere), TextReader.Null, TimeProvider.System)
        );
    }

    private static IEnumerable<Command> Leaves(Command command) =>
        command.Subcommands.Count == 0 ? [command] : command.Subcommands.SelectMany(Leaves);

    [Fact]
    public void Every_command_has_examples_that_can_be_read_and_name_what_is_there()
    {
        Command root = Tree();
        foreach (Command command in Leaves(root))
        {
            string[] examples = [.. Examples(command.Description!)];
            Assert.True(examples.Length > 0, $"{command.Name} has no example");
            Assert.Contains(examples, example => example.Contains($" {command.Name}", StringComparison.Ordinal));
            HashSet<string> made = [];
            foreach (string example in examples)
            {
                string[] words = [.. Words(example)];
                Assert.Equal("spar", words[0]);
                ParseResult parse = Tree()
                    .Parse(words[1..], new ParserConfiguration { ResponseFileTokenReplacer = null });
                Assert.True(UsageFault.Find(parse) is null, $"{example}: {UsageFault.Find(parse)}");
                for (int i = 1; i < words.Length; i++)
                {
                    if (s_made.Contains(words[i - 1]))
                    {
                        made.Add(words[i]);
                    }
                    else if (Path().IsMatch(words[i]) && !words[i].Contains("://", StringComparison.Ordinal))
                    {
                        bool there = System.IO.Path.Exists(System.IO.Path.Combine(SharedData.ProjectRoot, words[i]));
                        Assert.True(
                            there || made.Contains(words[i]) || Made().IsMatch(words[i]),
                            $"{example}: {words[i]} is neither there nor a placeholder"
                        );
                    }
                }
            }
        }
    }

    [Fact]
    public void Lines_of_help_fit_a_window_of_80_columns_where_they_are_to_be_typed()
    {
        foreach (Command command in Leaves(Tree()))
        {
            foreach (
                string line in command
                    .Description!.Split('\n')
                    .Where(line => line.StartsWith("  ", StringComparison.Ordinal))
            )
            {
                Assert.True(line.Length <= 78, $"{command.Name}: {line}");
            }
        }
    }

    [Fact]
    public void One_option_has_one_short_form_and_one_meaning()
    {
        Option[] options = [.. Leaves(Tree()).SelectMany(command => command.Options)];
        foreach (IGrouping<string, Option> same in options.GroupBy(option => option.Name))
        {
            Assert.True(
                same.Select(option => string.Join(' ', option.Aliases)).Distinct().Count() == 1
                    || same.Key is "--samples",
                $"{same.Key} has several short forms"
            );
        }

        foreach (
            IGrouping<string, Option> form in options
                .SelectMany(option => option.Aliases.Select(alias => (alias, option)))
                .GroupBy(one => one.alias, one => one.option)
        )
        {
            string[] names = [.. form.Select(option => option.Name).Distinct()];
            Assert.True(names.Length == 1 || form.Key == "-n", $"{form.Key} stands for {string.Join(", ", names)}");
        }
    }

    private static IEnumerable<string> Examples(string description)
    {
        string joined = description.ReplaceLineEndings("\n").Replace("\\\n", " ", StringComparison.Ordinal);
        foreach (
            string line in joined
                .Split('\n')
                .Where(line =>
                    line.StartsWith("  ", StringComparison.Ordinal) && line.Contains("spar ", StringComparison.Ordinal)
                )
        )
        {
            // What feeds the command and where its output goes is the shell's matter.
            string command = line.Split("| ")[^1].Split(" > ")[0].Trim();
            yield return command;
        }
    }

    private static IEnumerable<string> Words(string line) =>
        Word().Matches(line).Select(match => match.Groups[1].Success ? match.Groups[1].Value : match.Value);

    [GeneratedRegex("\"([^\"]*)\"|\\S+")]
    private static partial Regex Word();

    [GeneratedRegex(@"^[\w./-]+(/[\w./-]+|\.\w+)$")]
    private static partial Regex Path();

    // Placeholders are in capitals; runs/ is where the commands before have put their runs.
    [GeneratedRegex(@"^[A-Z_]+(\.\w+)?$|^runs/|^failed\.jsonl$|^\d+(\.\d+)?$")]
    private static partial Regex Made();
}
