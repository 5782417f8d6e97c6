using System.CommandLine;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.AI;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Ground;
using Spar.Judging;
using Spar.Runtime.Models;
using Spar.Seams;
using Spar.Templates;
using Spar.Web.Serving;

namespace Spar.Cli.Commands;

/// <summary><c>spar serve</c>: models, and models that search, behind OpenAI's interface.</summary>
internal static class ServeCommand
{
    private const string DefaultKeyVariable = "SPAR_API_KEY";
    private const string Help = """
        Serves models behind OpenAI's interface: chat completions (also streamed), completions, responses, models; /health and /metrics (Prometheus).
        Beside each model NAME its searches are models, too: NAME:bfs, NAME:dfs, NAME:iterative, NAME:restarts, NAME:best-of-8. A chat program that
        asks for one gets the refined answer, and sees the search's calls as reasoning. Any client of OpenAI's interface can be used, and another
        spar: --model http://127.0.0.1:8000/v1#nano.

        It answers this machine alone. To listen elsewhere, set a key in the environment; clients send it as Authorization: Bearer KEY.
        Ctrl-C takes no more requests and waits for those in hand.

        Examples:
          spar serve
          spar serve --model runs/quickstart --refiner runs/quickstart
          spar serve --model small=MODEL --prompts small --port 8080
          spar serve --host ADDRESS --key-variable SPAR_API_KEY
        """;

    public static Command Create(CommandContext context)
    {
        Option<string[]> models = new("--model", "-m")
        {
            Description = $"a model to serve, as NAME=MODEL or MODEL; may be given several times: {ModelReference.Spellings}",
            HelpName = "model",
            DefaultValueFactory = _ => [Shared.NanoModel],
        };
        Option<string?> refiner = Options.OptionalText(
            "--refiner", "who judges and refines in searches, named like a model (default: each model itself)", "model");
        Option<string> prompts = Shared.TemplateSet();
        Option<int> samples = Options.Count(
            "--samples", "responses that restarts may begin from", 5, most: 64, aliases: "-n");
        Option<int> votes = Shared.Votes();
        Option<ValuationMethod> valuation = Shared.Valuation();
        Option<string> host = Options.Text("--host", "address to listen at", "address", "127.0.0.1");
        Option<int> port = Options.Count("--port", "port to listen at; 0 takes a free one", 8000, 0, 65_535, "-p");
        Option<string> keyVariable = Options.Text(
            "--key-variable", "environment variable with the key that clients have to send", "name", DefaultKeyVariable);
        Option<int> concurrency = Options.Count(
            "--concurrency", "most requests that are answered at the same time", 512, most: 65_536);
        Option<int> waiting = Options.Count(
            "--waiting", "most requests that wait for their turn; those beyond are told to come again", 4096, 0, 1 << 20);
        Option<int> threads = Options.Threads();
        ArithmeticOptions arithmetic = new();
        Command command = new("serve", Help)
        {
            models, refiner, prompts, samples, votes, valuation, host, port, keyVariable, concurrency, waiting, threads,
        };
        arithmetic.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            string variable = parse.GetValue(keyVariable)!;
            ServerOptions options = new()
            {
                Address = Address(parse.GetValue(host)!),
                Port = parse.GetValue(port),
                Key = Environment.GetEnvironmentVariable(variable) is { Length: > 0 } key ? key : null,
                MaxConcurrency = parse.GetValue(concurrency),
                MaxWaiting = parse.GetValue(waiting),
            };
            if (options.Key is null && !IPAddress.IsLoopback(options.Address))
            {
                throw new UserFaultException(
                    $"--host: {options.Address} can be reached from other machines, and {variable} holds no key.",
                    $"Put a key into the environment variable {variable}.");
            }

            TemplateSet templates = TemplateSet.Load(parse.GetValue(prompts)!);
            int count = parse.GetValue(threads);
            using ProgressLine progress = new(context);
            List<IChatClient> open = [];
            try
            {
                IChatClient? second = parse.GetValue(refiner) is { } named
                    ? Kept(await Shared.OpenAsync(
                        named, count, progress, cancellationToken, ModelRole.Refiner, arithmetic.Of(parse)))
                    : null;
                ServedNames served = new();
                foreach ((string name, string model) in Named(parse.GetValue(models)!))
                {
                    IChatClient client = Kept(await Shared.OpenAsync(
                        model, count, progress, cancellationToken, options: arithmetic.Of(parse)));
                    served.Add(name, client, search =>
                    {
                        search.Refiner = second;
                        search.Templates = templates;
                        search.Votes = parse.GetValue(votes);
                        search.Samples = parse.GetValue(samples);
                        search.Judging = new JudgingSettings { Valuation = parse.GetValue(valuation) };
                    });
                }

                await ServeAsync(served, options, context, cancellationToken);
                return ExitCode.Success;
            }
            finally
            {
                open.ForEach(client => client.Dispose());
            }

            IChatClient Kept(IChatClient client)
            {
                open.Add(client);
                return client;
            }
        });
        return command;
    }

    private static async Task ServeAsync(
        ServedNames models, ServerOptions options, CommandContext context, CancellationToken cancellationToken)
    {
        await using ChatServer server = await ChatServer.StartAsync(
            models, options, context.Time, context.Say, cancellationToken);
        context.Print($"{server.Address}\n");
        context.Say($"Serving {string.Join(", ", models.Names)}. Ctrl-C ends.");
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (cancellationToken.Register(ended.SetResult))
        {
            await ended.Task;
        }

        context.Say("Waiting for the requests in hand.");
    }

    private static IPAddress Address(string host) => host switch
    {
        "localhost" => IPAddress.Loopback,
        _ when IPAddress.TryParse(host, out IPAddress? address) => address,
        _ => throw new UserFaultException(
            $"--host: '{host}' is no address.", "Give one, such as 127.0.0.1, or 0.0.0.0 for all of this machine's."),
    };

    // A name of a model may hold = itself only where it is a served one.
    private static List<(string Name, string Model)> Named(IEnumerable<string> given)
    {
        List<(string Name, string Model)> named = [];
        foreach (string text in given)
        {
            int sign = text.IndexOf('=', StringComparison.Ordinal);
            int address = text.IndexOf("://", StringComparison.Ordinal);
            bool hasName = sign > 0 && (address < 0 || sign < address) && !Path.Exists(text);
            string model = hasName ? text[(sign + 1)..] : text;
            string name = hasName ? text[..sign] : NameOf(model);
            if (name.Contains(':', StringComparison.Ordinal) || name.Length == 0
                || named.Any(one => one.Name == name))
            {
                throw new UserFaultException(
                    $"--model: {text} cannot be served as '{name}': a name stands once, and has no colon.",
                    "Give it another one, as NAME=MODEL.");
            }

            named.Add((name, model));
        }

        return named;
    }

    private static string NameOf(string model) => ModelReference.IsServed(model)
        ? model[(model.LastIndexOf('#') + 1)..].Replace(':', '-')
        : Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(model)).Replace(':', '-');
}
