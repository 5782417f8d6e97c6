using System.CommandLine;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Runtime.Embedded;
using Spar.Web.Dashboard;

namespace Spar.Cli.Commands;

/// <summary><c>spar dashboard</c>: runs as pages for a browser, also while they are at work.</summary>
internal static class DashboardCommand
{
    private const string Help = """
        Shows runs in a browser, also while they are at work: stages and throughput, scores, losses and margins as they come, the judge, prompts
        with filter and full-text search, every search tree, the pairs and the tokens that carry loss, and the calls behind the figures.

        It reads the runs and writes nothing into their stores; the index of prompts is a file dashboard.db beside each, which may be deleted.
        Only this machine is answered. Ctrl-C ends.

        Examples:
          spar dashboard runs/quickstart
          spar dashboard runs/quickstart runs/second --port 8080
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string[]> runs = new("run")
        {
            Description = "run directories, to be shown side by side",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<int> port = Options.Count("--port", "port to listen at; 0 takes a free one", 8010, 0, 65_535, "-p");
        Command command = new("dashboard", Help) { runs, port };
        command.SetAction(async (parse, cancellationToken) =>
        {
            RowTokens rows = new();
            await using DashboardServer server = await DashboardServer.StartAsync(
                parse.GetValue(runs)!,
                parse.GetValue(port),
                (store, turns, prompt, response, refiner, ended) =>
                    rows.Cut(store, turns, prompt, response, refiner, ended) is { } cut
                    ? new TrainedTokens(cut.Pieces, cut.FirstTarget, cut.Truncated)
                    : null,
                context.Time,
                context.Say,
                cancellationToken);
            context.Print($"{server.Address}\n");
            context.Say("Open this address in a browser. Ctrl-C ends.");
            TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
            await using (cancellationToken.Register(ended.SetResult))
            {
                await ended.Task;
            }

            return ExitCode.Success;
        });
        return command;
    }
}
