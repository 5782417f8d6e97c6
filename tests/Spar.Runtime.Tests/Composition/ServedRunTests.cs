using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Spar.Ground;
using Spar.Runs;
using Spar.Runtime.Composition;
using Spar.Runtime.Recipes;
using Spar.Runtime.Tests.Endpoints;
using Spar.SelfPlay;
using Spar.Store;
using Xunit;

namespace Spar.Runtime.Tests.Composition;

/// <summary>Runs in which every role is behind a server, so that nothing is trained.</summary>
public sealed class ServedRunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("spar-served").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_run_stopped_extended_and_resumed_on_another_port_ends_in_the_same_bytes()
    {
        int asked;
        string whole;
        using (LoopbackServer server = new(Answer))
        {
            await RunAsync("whole", Recipe(server, iterations: 2), CancellationToken.None);
            whole = Dump("whole", server);
            asked = server.Requests.Count;
        }

        using CancellationTokenSource stop = new();
        using (LoopbackServer server = new((i, request) =>
        {
            if (i == 25)
            {
                stop.Cancel();
            }

            return Answer(i, request);
        }))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
                RunAsync("stopped", Recipe(server, iterations: 1), stop.Token)
            );
        }

        using LoopbackServer other = new(Answer);
        RunResults first = await RunAsync("stopped", Recipe(other, iterations: 1), CancellationToken.None);
        int resumed = other.Requests.Count;
        using LoopbackServer third = new(Answer);
        RunResults extended = await RunAsync("stopped", Recipe(third, iterations: 2), CancellationToken.None);

        Assert.Equal(["base", "sft", "iteration-1"], first.Rows.Select(row => row.Name.ToString()));
        Assert.Equal(["base", "sft", "iteration-1", "iteration-2"], extended.Rows.Select(row => row.Name.ToString()));
        Assert.Equal(whole, Dump("stopped", third));
        Assert.InRange(resumed + third.Requests.Count, asked - 25, asked - 1);
        Assert.InRange(third.Requests.Count, 1, asked - 1);
    }

    [Fact]
    public async Task A_run_cannot_be_made_shorter_or_given_to_another_model()
    {
        using LoopbackServer server = new(Answer);
        await RunAsync("run", Recipe(server, iterations: 1), CancellationToken.None);

        foreach (RunRecipe other in new[] { Recipe(server, iterations: 0), Recipe(server, 1, model: "another") })
        {
            SparException fault = await Assert.ThrowsAsync<SparException>(() =>
                RunAsync("run", other, CancellationToken.None)
            );
            Assert.Contains("belongs to another recipe", fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_a_server_holds_cannot_be_trained()
    {
        using LoopbackServer server = new(Answer);
        SparException fault = Assert.Throws<SparException>(() => Recipe(server, 1, training: "rft: { epochs: 0 }"));

        Assert.Contains("weights behind a server cannot be", fault.Message, StringComparison.Ordinal);
        Assert.Contains("set dpo.epochs to 0", fault.Message, StringComparison.Ordinal);
    }

    private static Reply Answer(int number, JsonNode request)
    {
        string prompt = request["messages"]!.AsArray()[^1]!["content"]!.GetValue<string>();
        ulong hash = StableHash.Of($"{prompt} {request["seed"]} {request["temperature"]}");
        return LoopbackServer.Says(
            prompt.StartsWith("judge", StringComparison.Ordinal) ? $"it is so\njudgement: {(hash % 3 == 0 ? "yes" : "no")}"
            : prompt.StartsWith("refine", StringComparison.Ordinal) ? $"mend it\nrefined: the cat sleeps {hash % 7}"
            : $"a cat {hash % 5}"
        );
    }

    private static RunRecipe Recipe(
        LoopbackServer server,
        int iterations,
        string model = "served",
        string training = "dpo: { epochs: 0 }\nrft: { epochs: 0 }"
    ) =>
        RunComposer.Read(
            RecipeDocument.Parse(
                $$"""
                seed: 3
                base_model: {{server.Address}}#{{model}}
                prompt_set: compact
                iterations: {{iterations}}
                actor_sft: { epochs: 0 }
                refiner_sft: { epochs: 0 }
                prompts_per_iteration: 4
                responses: 2
                votes: 1
                concurrency: 4
                search: { branch: 2, max_depth: 1 }
                nano: { held_out_prompts: 3, held_out_repairs: 1 }
                {{training}}
                """,
                "recipe"
            )
        );

    private async Task<RunResults> RunAsync(string name, RunRecipe recipe, CancellationToken cancellationToken)
    {
        using RunStore store = RunStore.Open(Path.Combine(_folder, name), RunIdentities.Of(recipe));
        return await RunComposer
            .Compose(recipe, store, 1, new SilentObserver(), TimeProvider.System)
            .RunAsync(cancellationToken);
    }

    private string Dump(string name, LoopbackServer server)
    {
        using SqliteConnection connection = new($"Data Source={Path.Combine(_folder, name, "run.db")};Pooling=False");
        connection.Open();
        List<string> lines = [];
        foreach (
            string query in new[]
            {
                "SELECT stage || ' ' || json FROM products ORDER BY stage",
                "SELECT stage || ' ' || item || ' ' || json FROM items ORDER BY stage, item",
                "SELECT key || ' ' || prompt_hash || ' ' || text FROM calls ORDER BY key",
                "SELECT value FROM meta WHERE key = 'identity'",
            }
        )
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = query;
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                // Where the server is may differ.
                lines.Add(reader.GetString(0).Replace(server.Address.ToString(), "", StringComparison.Ordinal));
            }
        }

        return System.Text.RegularExpressions.Regex.Replace(string.Join('\n', lines), @"http://127\.0\.0\.1:\d+/v1", "");
    }
}
