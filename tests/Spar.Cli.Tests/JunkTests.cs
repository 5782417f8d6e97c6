using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using FsCheck;
using FsCheck.Fluent;
using Spar.Cli.Console;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

/// <summary>
/// Whatever stands in the place of an option's value, and whatever a file holds that a command reads: the exit code is
/// one of the table and not that of a defect, and what goes wrong is said in a few lines without a stack trace.
/// </summary>
public sealed partial class JunkTests : IDisposable
{
    private static readonly int[] s_codes = [ExitCode.Success, ExitCode.Fault, ExitCode.Usage];

    private readonly string _work = Directory.CreateTempSubdirectory("spar-junk").FullName;
    private readonly TcpListener _taken = new(IPAddress.Loopback, 0);

    public JunkTests() => _taken.Start();

    public void Dispose()
    {
        _taken.Dispose();
        Directory.Delete(_work, recursive: true);
    }

    private static string Nano => Path.Combine(SharedData.ProjectRoot, "models", "nano");

    // Words that make each command a valid one which ends soon, since what it is to read is not there.
    private string[] Words(string command)
    {
        string none = Path.Combine(_work, "none");
        return command switch
        {
            "spar run" or "spar train" or "spar pretrain" or "spar report" => [none],
            "spar runs list" or "spar runs show" or "spar runs verify" or "spar runs prune"
                or "spar runs merge" => [none],
            "spar recipe check" or "spar recipe show" or "spar cluster check" => [none],
            "spar generate" => ["hi", "--model", none],
            "spar chat" or "spar eval nano" => ["--model", none],

            // Two faults each, for whatever is right in the place of one would serve on and on.
            "spar serve" => ["--model", none, "--port", $"{((IPEndPoint)_taken.LocalEndpoint).Port}"],
            "spar dashboard" => [none, "--port", $"{((IPEndPoint)_taken.LocalEndpoint).Port}"],
            "spar mcp" => ["--model", none, "--prompts", none],
            "spar export" => [none, "--output", none],
            "spar evolve" => [none, "--teacher", "nano"],
            "spar eval compare" => [none, none],
            "spar eval refinement" => ["--cases", none, "--output", none],
            "spar experiment judges" => ["--actor", none, "--output", none],
            "spar model info" => [none],
            "spar mock-server" => ["--prompts", none, "--port", $"{((IPEndPoint)_taken.LocalEndpoint).Port}"],
            "spar model tokenize" => [none, "--input", none],
            "spar model logits" => [none, "--tokens", none, "--output", none],
            _ when command.StartsWith("spar experiment", StringComparison.Ordinal) => [none, "--output", none],
            _ when command.StartsWith("spar eval", StringComparison.Ordinal) =>
            [
                "--model",
                none,
                "--data",
                none,
                "--output",
                none,
            ],
            _ => [],
        };
    }

    private static IEnumerable<(string Name, Command Command)> Leaves(Command command, string name) =>
        command.Subcommands.Count == 0
            ? [(name, command)]
            : command.Subcommands.SelectMany(sub => Leaves(sub, $"{name} {sub.Name}"));

    private static Command Tree()
    {
        StringWriter nowhere = new();
        return CommandLine.Create(
            new CommandContext(CliRunner.Plain(nowhere), CliRunner.Plain(nowhere), TextReader.Null, TimeProvider.System)
        );
    }

    [Fact]
    public void Junk_at_any_option_is_refused_or_survived()
    {
        (string Command, string? Option)[] places =
        [
            .. Leaves(Tree(), "spar")
                .SelectMany(leaf =>
                    leaf.Command.Options.Where(option => option.Arity.MaximumNumberOfValues > 0)
                        .Select(option => (leaf.Name, (string?)option.Name))
                        .Append((leaf.Name, null))
                ),
        ];
        Assert.True(places.Length > 150, $"only {places.Length} options were found");
        foreach ((string command, string? option) in places)
        {
            foreach (string value in Junk.Values)
            {
                Survives(command, option, value);
            }
        }
    }

    [Fact]
    public void Any_text_at_any_option_is_refused_or_survived()
    {
        (string Command, string? Option)[] places =
        [
            .. Leaves(Tree(), "spar")
                .SelectMany(leaf =>
                    leaf.Command.Options.Select(option => (leaf.Name, (string?)option.Name)).Append((leaf.Name, null))
                ),
        ];
        Gen<string> text = ArbMap.Default.GeneratorFor<string?>().Select(any => any ?? "");
        Gen<(string Command, string? Option, string Value)> cases = Gen.Elements(places)
            .SelectMany(place => text.Select(value => (place.Command, place.Option, value)));
        Prop.ForAll(cases.ToArbitrary(), one => Survives(one.Command, one.Option, one.Value))
            .QuickCheckThrowOnFailure();
    }

    private void Survives(string command, string? option, string value)
    {
        // What a folder is to be made of has its place in the test's own folder.
        bool writes = option is "--output" or "--failures";
        string given =
            writes && value.Length > 0 && !value.StartsWith('/') ? Path.Combine(_work, "made", value) : value;
        List<string> words = [.. command.Split(' ').Skip(1), .. Words(command)];
        int at = option is null ? -1 : words.IndexOf(option);
        if (at >= 0)
        {
            words.RemoveRange(at, 2);
        }

        words.AddRange(option is null ? [given] : [option, given]);
        Survives(words, $"{command} {option} '{value}'");
    }

    private static void Survives(IReadOnlyList<string> words, string what)
    {
        (int code, _, string messages) = CliRunner.RunAsync("", [.. words]).GetAwaiter().GetResult();
        Assert.True(s_codes.Contains(code), $"{what}: exit code {code}: {messages}");
        Assert.False(
            messages.Contains("   at ", StringComparison.Ordinal)
                || messages.Contains("System.", StringComparison.Ordinal),
            $"{what}: {messages}"
        );
        Assert.True(
            messages.Split('\n').Count(line => !line.StartsWith("skipped:", StringComparison.Ordinal)) <= 8,
            $"{what}: {messages}"
        );
        Assert.True(messages.Length < 4000, $"{what}: a message of {messages.Length} characters");
        Assert.True(
            code == ExitCode.Success || messages.Contains("error:", StringComparison.Ordinal),
            $"{what}: no message"
        );
        Assert.False(
            messages.Any(c => char.IsControl(c) && c is not ('\n' or '\t')),
            $"{what}: control characters in the message"
        );
    }

    [Fact]
    public void Junk_in_any_file_is_refused_or_survived()
    {
        List<string> faults = [];
        foreach ((string what, string file, byte[] good, string[] words) in Readers())
        {
            byte[]? before = File.Exists(file) ? File.ReadAllBytes(file) : null;
            foreach ((string how, byte[] content) in Junk.Damage(good))
            {
                File.WriteAllBytes(file, content);
                try
                {
                    Survives(words, $"{what}, {how} ({Path.GetFileName(file)})");
                }
                catch (Exception fault) when (fault is Xunit.Sdk.IAssertionException)
                {
                    faults.Add(fault.Message);
                }
            }

            File.Delete(file);
            Directory.CreateDirectory(file);
            Survives(words, $"{what}, a folder in the place of {Path.GetFileName(file)}");
            Directory.Delete(file);
            Survives(words, $"{what}, without {Path.GetFileName(file)}");
            if (before is not null)
            {
                File.WriteAllBytes(file, before);
            }
        }

        Assert.True(faults.Count == 0, string.Join("\n\n", faults));
    }
}
