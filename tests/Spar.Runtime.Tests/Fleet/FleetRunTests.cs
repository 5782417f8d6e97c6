using Microsoft.Data.Sqlite;
using Spar.Runs;
using Spar.Runtime.Composition;
using Spar.Runtime.Recipes;
using Spar.Runtime.Tests.Endpoints;
using Spar.SelfPlay;
using Spar.Store;
using Spar.TestSupport;
using Spar.Web.Mock;

namespace Spar.Runtime.Tests.Fleet;

/// <summary>
/// Runs on servers that fail all the time: every prompt has one outcome, every call is answered once, and the store
/// holds what it would hold without a fault, whatever the concurrency.
/// </summary>
public sealed class FleetRunTests : IDisposable
{
    private const string Faults = "500=3%,502=3%,503=3%,429=3%,cut=3%,empty=2%,html=2%,choices=2%";

    private readonly string _folder = Directory.CreateTempSubdirectory("spar-fleet").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Faults_and_concurrency_change_nothing_and_nothing_is_lost_or_asked_twice()
    {
        string[] undisturbed;
        await using (MockServer server = await MockServer.StartAsync(new MockOptions { Tokens = 6 }))
        {
            undisturbed = await RunAsync("undisturbed", 16, server.Address);
        }

        foreach (int concurrency in new[] { 1, 16, 256, 1024 })
        {
            await using MockServer server = await MockServer.StartAsync(new MockOptions
            {
                Tokens = 6,
                Faults = FaultPlan.Parse(Faults),
                FaultSeed = (ulong)concurrency,
            });
            string[] made = await RunAsync($"faults-{concurrency}", concurrency, server.Address);
            Assert.Equal(undisturbed, made);
            int calls = made.Count(line => line.StartsWith("call ", StringComparison.Ordinal));
            Assert.Equal((calls, 0, 0), (
                server.Counts.Choices, server.Counts.AnsweredTwice, server.Counts.NeverAnswered));

            // Votes, responses and refinements go together, two or three to a request.
            long answered = server.Counts.Answered;
            Assert.InRange(answered, calls / 3, calls / 2);
            Assert.InRange(server.Counts.Requests, 1.15 * answered, 1.5 * answered);
            Assert.Equal(8, server.Counts.Faults.Count);

            // The results say the same.
            using RunStore store = RunStore.OpenForReading(Path.Combine(_folder, $"faults-{concurrency}"));
            EndpointFigures figures = Assert.Single(RunResults.Of(store).Endpoints!);
            Assert.Equal((calls, answered, calls - answered), (figures.Calls, figures.Requests, figures.SparedRequests));
            Assert.Equal(server.Counts.Requests - answered, figures.Faults.Values.Sum());
            Assert.Equal(["busy", "down", "faulty"], figures.Faults.Keys);
        }
    }

    [Fact]
    public async Task One_server_of_three_dies_one_comes_late_and_the_run_is_the_same()
    {
        string[] undisturbed;
        long calls;
        await using (MockServer server = await MockServer.StartAsync(new MockOptions { Tokens = 6 }))
        {
            undisturbed = await RunAsync("one", 16, server.Address);
            calls = server.Counts.Requests;
        }

        await using MockServer dying = await MockServer.StartAsync(new MockOptions { Tokens = 6 });
        await using MockServer late = await MockServer.StartAsync(
            new MockOptions { Tokens = 6, Port = FreePort.Next() });
        await late.StopAsync();
        Task dies = Task.CompletedTask, comes = Task.CompletedTask;
        await using MockServer steady = await MockServer.StartAsync(new MockOptions
        {
            Tokens = 6,
            Asked = number =>
            {
                if (number == calls / 10)
                {
                    dies = dying.StopAsync();
                }
                else if (number == calls / 4)
                {
                    comes = late.RestartAsync();
                }
            },
        });
        string[] made = await RunAsync("three", 64, steady.Address, dying.Address, late.Address);
        await Task.WhenAll(dies, comes);
        Assert.Equal(undisturbed, made);
        Assert.All(
            new[] { steady, dying, late }, server => Assert.InRange(server.Counts.Answered, calls / 50, calls * 9 / 10));
    }

    private async Task<string[]> RunAsync(string name, int concurrency, params Uri[] servers)
    {
        RunRecipe recipe = RunComposer.Read(RecipeDocument.Parse(
            $$"""
            seed: 3
            base_model: {{string.Join(',', servers.Select(server => server.ToString()))}}#mock
            prompt_set: compact
            iterations: 1
            actor_sft: { epochs: 0 }
            refiner_sft: { epochs: 0 }
            dpo: { epochs: 0 }
            rft: { epochs: 0 }
            prompts_per_iteration: 60
            responses: 2
            votes: 3
            concurrency: {{concurrency}}
            respond: { max_tokens: 64 }
            judge: { max_tokens: 64 }
            refine: { max_tokens: 64 }
            search: { branch: 2, max_depth: 2 }
            nano: { held_out_prompts: 3, held_out_repairs: 1 }
            """,
            "recipe"));
        string folder = Path.Combine(_folder, name);
        using (RunStore store = RunStore.Open(folder, RunIdentities.Of(recipe)))
        {
            await RunComposer.Compose(recipe, store, 1, new SilentObserver(), new ImpatientTime()).RunAsync(default);
        }

        using SqliteConnection connection = new($"Data Source={Path.Combine(folder, "run.db")};Pooling=False");
        connection.Open();
        List<string> lines = [];
        foreach (string query in new[]
        {
            "SELECT 'product ' || stage || ' ' || json FROM products ORDER BY stage",
            "SELECT 'item ' || stage || ' ' || item || ' ' || json FROM items ORDER BY stage, item",
            "SELECT 'call ' || key || ' ' || prompt_hash || ' ' || text FROM calls ORDER BY key",
        })
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = query;
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                lines.Add(reader.GetString(0).Replace(servers[0].ToString(), "", StringComparison.Ordinal));
            }
        }

        return [.. lines.Select(line => System.Text.RegularExpressions.Regex.Replace(
            line, @",?http://127\.0\.0\.1:\d+/v1", ""))];
    }
}
