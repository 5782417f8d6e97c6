using System.ClientModel;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using Spar.Cli.Console;
using Spar.Engine.Inference;
using Spar.Runtime.Embedded;
using Spar.Templates;
using Spar.TestSupport;
using Spar.Web.Serving;

namespace Spar.Cli.Tests;

/// <summary>The shipped model behind the server, asked by the official library, by crowds, and by a run.</summary>
public sealed class ServeTests : IAsyncLifetime
{
    private const string Asked = "write a line about the sea. use exactly 6 words.";

    private readonly string _work = Directory.CreateTempSubdirectory("spar-serve-").FullName;
    private IChatClient? _model;
    private ChatServer? _server;

    private static string Nano => Path.Combine(SharedData.ProjectRoot, "models", "nano");

    private string Address => _server!.Address;

    public async ValueTask InitializeAsync()
    {
        _model = await new EmbeddedModelHost(new EngineOptions { Threads = 2 }).OpenAsync(Nano, CancellationToken.None);
        ServedNames models = new();
        models.Add("nano", _model, search =>
        {
            search.Templates = TemplateSet.Load("compact");
            search.Votes = 5;
        });
        _server = await ChatServer.StartAsync(
            models, new ServerOptions { Port = 0 }, TimeProvider.System, line => Assert.Fail(line),
            CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        _model!.Dispose();
        SqliteConnection.ClearAllPools();
        Directory.Delete(_work, recursive: true);
    }

    [Fact]
    public async Task The_official_library_gets_the_same_answer_whole_and_streamed()
    {
        ChatClient client = Client();
#pragma warning disable OPENAI001 // Seeds are experimental in the library.
        ChatCompletionOptions options = new()
        {
            Seed = 11,
            Temperature = 0.9f,
            MaxOutputTokenCount = 40,
            IncludeLogProbabilities = true,
            TopLogProbabilityCount = 2,
        };
#pragma warning restore OPENAI001
        ChatCompletion whole = await client.CompleteChatAsync([new UserChatMessage(Asked)], options);
        string text = whole.Content[0].Text;
        Assert.NotEmpty(text);
        Assert.Equal(OpenAI.Chat.ChatFinishReason.Stop, whole.FinishReason);
        Assert.Equal(text, string.Concat(whole.ContentTokenLogProbabilities.Select(token => token.Token)).Trim());
        Assert.All(whole.ContentTokenLogProbabilities, token => Assert.Equal(2, token.TopLogProbabilities.Count));
        StringBuilder pieces = new();
        await foreach (StreamingChatCompletionUpdate update in
            client.CompleteChatStreamingAsync([new UserChatMessage(Asked)], options))
        {
            pieces.Append(string.Concat(update.ContentUpdate.Select(part => part.Text)));
        }

        Assert.Equal(text, pieces.ToString());
        options.StopSequences.Add(text[^1..]);
        ChatCompletion stopped = await client.CompleteChatAsync([new UserChatMessage(Asked)], options);
        Assert.Equal(text[..text.IndexOf(text[^1])], stopped.Content[0].Text);
    }

    [Fact]
    public async Task The_official_library_gets_as_many_choices_as_it_asks_for()
    {
        string body =
            $$"""{"model": "nano", "seed": 11, "n": 4, "messages": [{"role": "user", "content": "{{Asked}}"}]}""";
        ClientResult reply = await Client().CompleteChatAsync(BinaryContent.Create(BinaryData.FromString(body)));
        string[] texts =
        [
            .. JsonNode.Parse(reply.GetRawResponse().Content)!["choices"]!.AsArray()
                .Select(choice => (string)choice!["message"]!["content"]!),
        ];
        Assert.Equal(4, texts.Length);
        Assert.True(texts.Distinct().Count() > 1);
    }

    [Fact]
    public async Task The_official_library_tells_refusals_apart()
    {
        Assert.Equal(404, await StatusAsync(Client("gpt-4"), Asked));
        Assert.Equal(413, await StatusAsync(Client(), new string('a', 5_000_000)));
        ServedNames models = new();
        models.Add("nano", _model!, _ => { });
        await using ChatServer guarded = await ChatServer.StartAsync(
            models, new ServerOptions { Port = 0, Key = "open sesame", MaxConcurrency = 1, MaxWaiting = 0 },
            TimeProvider.System, line => Assert.Fail(line), CancellationToken.None);
        Assert.Equal(401, await StatusAsync(Client(address: guarded.Address), Asked));

        // The first takes the only place, and the library is told that there is none.
        ChatClient client = Client(address: guarded.Address, key: "open sesame");
        string body = $$"""
            {"model": "nano:best-of-64", "n": 128, "stream": true, "messages": [{"role": "user", "content": "{{Asked}}"}]}
            """;
        using HttpClient first = new() { DefaultRequestHeaders = { Authorization = new("Bearer", "open sesame") } };
        using HttpRequestMessage request = new(HttpMethod.Post, $"{guarded.Address}/chat/completions")
        {
            Content = new StringContent(body),
        };
        using (await first.SendAsync(request, HttpCompletionOption.ResponseHeadersRead))
        {
            Assert.Equal(429, await StatusAsync(client, Asked));
        }
    }

    [Fact]
    public async Task A_thousand_streams_at_a_time_are_all_answered()
    {
        using HttpClient client = new(new SocketsHttpHandler { MaxConnectionsPerServer = 1000 });
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 1000).Select(async i =>
        {
            string body =
                $$"""{"model": "nano", "seed": {{i % 10}}, "stream": true, "max_tokens": 12, "messages": [{"role": "user", "content": "{{Asked}}"}]}""";
            using HttpResponseMessage reply = await client.PostAsync(
                $"{Address}/chat/completions", new StringContent(body));
            reply.EnsureSuccessStatusCode();
            string events = await reply.Content.ReadAsStringAsync();
            Assert.EndsWith("data: [DONE]\n\n", events, StringComparison.Ordinal);
            return string.Concat(events.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).SkipLast(1).Select(one =>
                (string?)JsonNode.Parse(one["data: ".Length..])!["choices"]![0]!["delta"]!["content"]));
        }));
        Assert.Equal(10, answers.Chunk(10).Select(ten => string.Join('|', ten)).Distinct().Single().Split('|').Length);
    }

    [Fact]
    public async Task A_run_whose_model_is_served_gives_what_it_gives_with_the_model_in_its_process()
    {
        string embedded = await RunAsync("embedded", Nano), served = await RunAsync("served", $"{Address}#nano");
        string plays = Plays(embedded);
        Assert.Contains("tree", plays, StringComparison.Ordinal);
        Assert.Equal(plays, Plays(served));
    }

    private ChatClient Client(string model = "nano", string? address = null, string key = "none") => new(
        model, new ApiKeyCredential(key), new OpenAIClientOptions
        {
            Endpoint = new Uri(address ?? Address),
            RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(maxRetries: 0),
        });

    private static async Task<int> StatusAsync(ChatClient client, string text) =>
        (await Assert.ThrowsAsync<ClientResultException>(() => client.CompleteChatAsync([new UserChatMessage(text)]))).Status;

    private async Task<string> RunAsync(string name, string model)
    {
        string recipe = Path.Combine(_work, $"{name}.yaml");
        await File.WriteAllTextAsync(
            recipe,
            $$"""
            base_model: {{model}}
            prompt_set: compact
            iterations: 1
            prompts_per_iteration: 8
            responses: 2
            votes: 3
            actor_sft: { epochs: 0 }
            refiner_sft: { epochs: 0 }
            dpo: { epochs: 0 }
            rft: { epochs: 0 }
            nano: { held_out_prompts: 4, held_out_repairs: 2 }
            """);
        string run = Path.Combine(_work, name);
        (int code, _, string messages) = await CliRunner.RunAsync("", "run", recipe, "--output", run);
        Assert.True(code == ExitCode.Success, messages);
        return run;
    }

    // Every played prompt with its responses, votes and trees, and every call with its answer.
    private static string Plays(string run)
    {
        using SqliteConnection connection = new($"Data Source={Path.Combine(run, "run.db")};Pooling=False");
        connection.Open();
        List<string> lines = [];
        foreach (string query in new[]
            {
                "SELECT stage || ' ' || item || ' ' || json FROM items WHERE stage LIKE 'play%' ORDER BY stage, item",
                "SELECT key || ' ' || text FROM calls ORDER BY key",
            })
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = query;
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                lines.Add(reader.GetString(0));
            }
        }

        return string.Join('\n', lines);
    }
}
