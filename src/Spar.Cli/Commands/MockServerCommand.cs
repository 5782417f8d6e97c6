using System.CommandLine;
using System.Globalization;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Ground;
using Spar.Web.Mock;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar mock-server</c>: a served model that is none, for trying recipes.</summary>
internal static class MockServerCommand
{
    private const string Help = """
        Serves OpenAI's chat interface on this machine without a model, to try a recipe before servers are paid for:
        seeded answers in the format that the prompt sets ask for, latencies, slots, and faults as planned. It ends with
        Ctrl-C and says what it saw; /stats says it meanwhile. A recipe names it as http://127.0.0.1:8000/v1#mock.

        Examples:
          spar mock-server
          spar mock-server --latency 50 --token 0.5 --yes 0.3 --slots 4
          spar mock-server --port 8001 --faults 500=5%,503=2%,hang=0.5%,cut=1%
          spar mock-server --restart 30+120
        """;

    public static Command Create(CommandContext context)
    {
        Option<int> port = Options.Count("--port", "port on this machine", 8000, 1, 65_535, "-p");
        Option<string[]> models = Options.Texts("--name", "name of a model that it serves; may be given several times", "name", "mock");
        Option<ulong> seed = Options.Seed();
        Option<int> faultSeed = Options.Count(
            "--fault-seed", "decides every fault; servers of one pool take the same seed and different ones here", 1);
        Option<double> latency = Options.Number("--latency", "milliseconds before the first token", 0, 0, 1e7);
        Option<double> token = Options.Number("--token", "milliseconds for each token", 0, 0, 1e6);
        Option<int> tokens = Options.Count("--tokens", "tokens of an answer in the mean", 40, most: 100_000);
        Option<double> yes = Options.Share("--yes", "share of the judgements that say yes", 0.3);
        Option<int?> slots = Options.OptionalCount("--slots", "answers in the making at once; requests above get status 429");
        Option<int?> retryAfter = Options.OptionalCount(
            "--retry-after", "seconds that a request with status 429 or 503 is told to wait", most: 1_000_000);
        Option<string?> faults = Options.OptionalText(
            "--faults",
            "what goes wrong, with its share of the requests: statuses, hang, cut, empty, html, choices, or all",
            "plan");
        Option<string?> restart = Options.OptionalText(
            "--restart", "goes away once, after so many seconds and for so many, as in 30+120", "after+for");
        Option<bool> oneChoice = Options.Flag("--ignore-n", "gives one choice, however many are asked for");
        Option<string?> keyVariable = Options.OptionalText(
            "--key-variable", "environment variable with the key that requests must have", "name");
        Option<string[]> sets = Options.Texts(
            "--prompts", "prompt sets whose questions it knows, by name or folder", "set", "compact", "small", "full");
        Command command = new("mock-server", Help)
        {
            port, models, seed, faultSeed, latency, token, tokens, yes, slots, retryAfter, faults, restart, oneChoice,
            keyVariable, sets,
        };
        command.SetAction(async (parse, cancellationToken) =>
        {
            (double After, double For)? away = parse.GetValue(restart) is { } text ? Restart(text) : null;
            MockOptions options = new()
            {
                Port = parse.GetValue(port),
                Models = parse.GetValue(models)!,
                Seed = parse.GetValue(seed),
                FaultSeed = (ulong)parse.GetValue(faultSeed),
                Latency = TimeSpan.FromMilliseconds(parse.GetValue(latency)),
                Token = TimeSpan.FromMilliseconds(parse.GetValue(token)),
                Tokens = parse.GetValue(tokens),
                Yes = parse.GetValue(yes),
                Slots = parse.GetValue(slots) ?? int.MaxValue,
                RetryAfter = parse.GetValue(retryAfter) is int wait ? TimeSpan.FromSeconds(wait) : null,
                Faults = parse.GetValue(faults) is { } plan ? FaultPlan.Parse(plan) : FaultPlan.None,
                ManyChoices = !parse.GetValue(oneChoice),
                ApiKey = parse.GetValue(keyVariable) is { } name ? Key(name) : null,
                PromptSets = parse.GetValue(sets)!,
                Time = context.Time,
            };
            await using MockServer server = await MockServer.StartAsync(options);
            context.Say($"listening on {server.Address}; models {string.Join(", ", options.Models)}");
            try
            {
                if (away is { } times)
                {
                    await Task.Delay(TimeSpan.FromSeconds(times.After), context.Time, cancellationToken);
                    await server.StopAsync();
                    context.Say("away");
                    await Task.Delay(TimeSpan.FromSeconds(times.For), context.Time, cancellationToken);
                    await server.RestartAsync();
                    context.Say("back again");
                }

                await Task.Delay(Timeout.InfiniteTimeSpan, context.Time, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                context.Print($"{server.Counts.ToJson().ToJsonString(JsonSettings.Readable)}\n");
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static (double After, double For) Restart(string text) =>
        text.Split('+') is [var after, var away] && Seconds(after) is { } first && Seconds(away) is { } second
            ? (first, second)
            : throw new UserFaultException(
                "--restart takes two numbers of seconds, as in 30+120.", "Give when it goes away and for how long.");

    private static double? Seconds(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds)
        && seconds is >= 0 and < 1e7
            ? seconds
            : null;

    private static string Key(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } key
            ? key
            : throw new UserFaultException(
                $"--key-variable: the environment variable {variable} is not set.", "Set it to the key.");
}
