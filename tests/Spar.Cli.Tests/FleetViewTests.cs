using Microsoft.Extensions.AI;
using Spar.Cli.Console;
using Spar.Runtime.Endpoints;
using Spar.Runtime.Fleet;
using Spar.Store;
using Spar.Web.Mock;

namespace Spar.Cli.Tests;

/// <summary>What a run's progress says of the servers that it asks.</summary>
public sealed class FleetViewTests
{
    [Fact]
    public async Task Servers_have_a_line_over_all_and_one_each_and_a_table_at_the_end()
    {
        await using MockServer first = await MockServer.StartAsync(new MockOptions { Tokens = 6 });
        await using MockServer second = await MockServer.StartAsync(
            new MockOptions { Tokens = 6, Faults = FaultPlan.Parse("429=100%") });
        FleetWatch watch = new();
        FleetView view = new(watch, TimeProvider.System);
        Assert.Empty(view.Lines());
        using (IChatClient client = PooledChatClient.Open(
            [
                new ServedEndpoint(second.Address, "mock") { Concurrency = 3 },
                new ServedEndpoint(first.Address, "mock") { Prices = (1_000_000, 0) },
            ],
            new PoolOptions { Watch = watch }))
        {
            for (int i = 0; i < 4; i++)
            {
                await client.GetResponseAsync("A word.", cancellationToken: TestContext.Current.CancellationToken);
            }

            string[] lines = [.. view.Lines()];
            Assert.Equal(3, lines.Length);
            Assert.StartsWith("2 servers: 0 in flight, ", lines[0], StringComparison.Ordinal);
            Assert.Contains("0 waiting", lines[0], StringComparison.Ordinal);
            Assert.Contains(" spent", lines[0], StringComparison.Ordinal);
            Assert.Contains(lines, line => line.StartsWith($"{first.Address.Authority}: 0 of ", StringComparison.Ordinal));
            Assert.Contains(lines, line =>
                line.StartsWith($"{second.Address.Authority}: 0 of 3 in flight", StringComparison.Ordinal)
                && line.Contains("busy ", StringComparison.Ordinal));
        }

        Assert.All(view.Lines().Skip(1), line => Assert.Contains(": not in use", line, StringComparison.Ordinal));
        IReadOnlyList<EndpointFigures> figures = watch.Figures();
        EndpointFigures served = Assert.Single(figures, one => one.Calls > 0);
        Assert.Equal((4, 4, served.InputTokens), (served.Calls, served.Requests, served.Cost));
        StringWriter text = new();
        Spectre.Console.IAnsiConsole console = Spectre.Console.AnsiConsole.Create(
            new Spectre.Console.AnsiConsoleSettings { Out = new Spectre.Console.AnsiConsoleOutput(text) });
        console.Profile.Width = 200;
        FleetView.Table(figures).WriteTo(console);
        Assert.Contains("cost", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("busy ", text.ToString(), StringComparison.Ordinal);
    }
}
