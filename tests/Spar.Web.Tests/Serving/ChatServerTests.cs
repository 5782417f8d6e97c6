using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Spar.Ground;
using Spar.Templates;
using Spar.Web.Serving;

namespace Spar.Web.Tests.Serving;

/// <summary>The server, from the outside: what it says, whom it refuses, and who waits for whom.</summary>
public sealed class ChatServerTests
{
    private const string Chat = "chat/completions";
    private static readonly CancellationToken s_none = CancellationToken.None;

    [Fact]
    public async Task An_answer_has_the_shape_and_the_seed_that_was_asked_for()
    {
        await using ChatServer server = await StartAsync(ScriptedModel.Echo);
        using HttpClient client = new();
        JsonNode answer = await AskAsync(client, server, Chat, Hello(more: "\"seed\": 7, \"n\": 2"));
        Assert.Equal("chat.completion", (string?)answer["object"]);
        Assert.Equal("7 hello", (string?)answer["choices"]![0]!["message"]!["content"]);
        Assert.EndsWith(" hello", (string?)answer["choices"]![1]!["message"]!["content"], StringComparison.Ordinal);
        Assert.NotEqual(
            (string?)answer["choices"]![0]!["message"]!["content"], (string?)answer["choices"]![1]!["message"]!["content"]);
        Assert.Equal("stop", (string?)answer["choices"]![1]!["finish_reason"]);
        Assert.Equal(
            (3, 4, 7),
            ((int)answer["usage"]!["prompt_tokens"]!, (int)answer["usage"]!["completion_tokens"]!,
                (int)answer["usage"]!["total_tokens"]!));
    }

    [Fact]
    public async Task A_stream_is_the_same_answer_in_pieces_and_ends_with_the_usage_and_the_end()
    {
        await using ChatServer server = await StartAsync(ScriptedModel.Echo);
        using HttpClient client = new();
        string body = Hello(more: "\"seed\": 7, \"stream\": true, \"stream_options\": {\"include_usage\": true}");
        using HttpResponseMessage reply = await PostAsync(client, server, Chat, body);
        Assert.Equal("text/event-stream", reply.Content.Headers.ContentType!.MediaType);
        string[] events =
        [
            .. (await reply.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
                .Select(one => one["data: ".Length..]),
        ];
        Assert.Equal("[DONE]", events[^1]);
        JsonNode[] chunks = [.. events.SkipLast(1).Select(one => JsonNode.Parse(one)!)];
        Assert.Equal("assistant", (string?)chunks[0]["choices"]![0]!["delta"]!["role"]);
        Assert.Equal(
            "7 hello",
            string.Concat(chunks.SkipLast(1).Select(one => (string?)one["choices"]![0]!["delta"]!["content"])));
        Assert.Equal("stop", (string?)chunks[^2]["choices"]![0]!["finish_reason"]);
        Assert.Equal(5, (int)chunks[^1]["usage"]!["total_tokens"]!);
    }

    [Fact]
    public async Task Responses_are_answered_whole_and_as_events()
    {
        await using ChatServer server = await StartAsync(ScriptedModel.Echo);
        using HttpClient client = new();
        const string Input = "\"input\": [{\"role\": \"user\", \"content\": [{\"type\": \"input_text\", \"text\": \"hello\"}]}]";
        JsonNode answer = await AskAsync(client, server, "responses", $"{{\"model\": \"m\", {Input}, \"seed\": 7}}");
        Assert.Equal("completed", (string?)answer["status"]);
        Assert.Equal("7 hello", (string?)answer["output"]![0]!["content"]![0]!["text"]);
        using HttpResponseMessage reply = await PostAsync(
            client, server, "responses", $"{{\"model\": \"m\", {Input}, \"seed\": 7, \"stream\": true}}");
        string[] names =
        [
            .. (await reply.Content.ReadAsStringAsync()).Split('\n')
                .Where(line => line.StartsWith("event: ", StringComparison.Ordinal)).Select(line => line["event: ".Length..]),
        ];
        Assert.Equal(
            [
                "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
                "response.output_text.delta", "response.output_text.delta", "response.output_text.done",
                "response.content_part.done", "response.output_item.done", "response.completed",
            ],
            names);
    }

    [Fact]
    public async Task A_search_is_a_model_and_tells_its_calls_as_reasoning()
    {
        ScriptedModel model = new((messages, _, _) => new[]
        {
            messages[^1].Text.StartsWith("judge", StringComparison.Ordinal)
                ? $"so\njudgement: {(messages[^1].Text.Contains("good", StringComparison.Ordinal) ? "yes" : "no")}"
            : messages[^1].Text.StartsWith("refine", StringComparison.Ordinal) ? "mend it\nrefined: good cat"
            : "a cat",
        }.ToAsyncEnumerable());
        await using ChatServer server = await StartAsync(model);
        using HttpClient client = new();
        JsonNode answer = await AskAsync(client, server, Chat, Hello("m:bfs"));
        JsonNode message = answer["choices"]![0]!["message"]!;
        Assert.Equal("good cat", (string?)message["content"]);
        Assert.Contains("judgement: no", (string?)message["reasoning_content"], StringComparison.Ordinal);
        Assert.True((int)answer["usage"]!["completion_tokens"]! > 4);
        foreach (string name in new[] { "m", "m:bfs", "m:dfs", "m:restarts", "m:iterative", "m:best-of-8" })
        {
            Assert.Contains(name, (await client.GetStringAsync($"{server.Address}/models")), StringComparison.Ordinal);
            await AskAsync(client, server, Chat, Hello(name));
        }
    }

    [Theory]
    [InlineData("{", 400, "not valid JSON")]
    [InlineData("[]", 400, "must be a JSON object")]
    [InlineData("{\"model\": \"m\"}", 400, "'messages' is missing")]
    [InlineData("{\"messages\": []}", 400, "'model' is missing")]
    [InlineData("{\"model\": \"m\", \"messages\": []}", 400, "at least one turn")]
    [InlineData("{\"model\": \"m\", \"messages\": [{\"role\": \"user\"}]}", 400, "'messages[0].content' is missing")]
    [InlineData("{\"model\": \"m\", \"messages\": [{\"role\": \"x\", \"content\": \"a\"}]}", 400, "'messages[0].role'")]
    [InlineData("{\"model\": \"x\", \"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}", 404, "'x' is not served")]
    [InlineData("{\"model\": \"m:x\", \"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}", 404, "m:bfs")]
    [InlineData("@\"temperature\": \"hot\"", 400, "'temperature'")]
    [InlineData("@\"n\": 0", 400, "'n'")]
    [InlineData("@\"stop\": [\"\"]", 400, "'stop'")]
    [InlineData("@\"top_p\": 0", 400, "'top_p'")]
    [InlineData("@\"tools\": [{\"type\": \"function\"}]", 400, "'tools' is not supported")]
    [InlineData("@\"response_format\": {\"type\": \"json_object\"}", 400, "'json_object' is not supported")]
    [InlineData("@\"top_logprobs\": 2", 400, "'logprobs' true")]
    public async Task What_cannot_be_answered_is_refused_in_the_interfaces_words(string body, int status, string words)
    {
        await using ChatServer server = await StartAsync(ScriptedModel.Echo);
        using HttpClient client = new();
        using HttpResponseMessage reply =
            await PostAsync(client, server, Chat, body[0] == '@' ? Hello(more: body[1..]) : body);
        JsonNode error = JsonNode.Parse(await reply.Content.ReadAsStringAsync())!["error"]!;
        Assert.Equal(status, (int)reply.StatusCode);
        Assert.Contains(words, (string?)error["message"], StringComparison.Ordinal);
        Assert.NotNull((string?)error["type"]);
    }

    [Fact]
    public async Task Whoever_lacks_the_key_or_comes_from_elsewhere_is_refused()
    {
        await using ChatServer server = await StartAsync(
            ScriptedModel.Echo, new ServerOptions { Port = 0, Key = "open sesame" });
        using HttpClient client = new();
        string models = $"{server.Address}/models";
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync(models)).StatusCode);
        client.DefaultRequestHeaders.Authorization = new("Bearer", "open");
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync(models)).StatusCode);
        client.DefaultRequestHeaders.Authorization = new("Bearer", "open sesame");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(models)).StatusCode);
        foreach ((string header, string value) in new[] { ("Host", "evil.example"), ("Origin", "https://evil.example") })
        {
            using HttpRequestMessage request = new(HttpMethod.Get, models);
            request.Headers.Add(header, value);
            Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(request)).StatusCode);
        }

        using HttpRequestMessage page = new(HttpMethod.Options, models);
        page.Headers.Add("Origin", "http://localhost:3000");
        using HttpResponseMessage allowed = await client.SendAsync(page);
        Assert.Equal("http://localhost:3000", allowed.Headers.GetValues("Access-Control-Allow-Origin").Single());
    }

    [Theory]
    [InlineData(2000, false)]
    [InlineData(20_000_000, false)]
    [InlineData(20_000_000, true)]
    public async Task A_body_beyond_the_limit_is_refused_in_words_that_its_sender_lives_to_read(int length, bool chunked)
    {
        await using ChatServer server = await StartAsync(
            ScriptedModel.Echo, new ServerOptions { Port = 0, MaxBodyBytes = 1000 });
        using HttpClient client = new();
        for (int time = 0; time < 10; time++)
        {
            using HttpRequestMessage request = new(HttpMethod.Post, $"{server.Address}/chat/completions")
            {
                Content = new StringContent(new string('a', length)),
            };
            request.Headers.TransferEncodingChunked = chunked;
            using HttpResponseMessage reply = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, reply.StatusCode);
            Assert.Contains("request_too_large", await reply.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task A_body_up_to_the_limit_is_taken_with_and_without_its_length()
    {
        await using ChatServer server = await StartAsync(ScriptedModel.Echo, new ServerOptions { Port = 0 });
        using HttpClient client = new();
        string body = Hello(text: new string('a', 100)).PadRight(4 << 20);
        foreach (bool chunked in (bool[])[false, true])
        {
            using HttpRequestMessage request = new(HttpMethod.Post, $"{server.Address}/chat/completions")
            {
                Content = new StringContent(body),
            };
            request.Headers.TransferEncodingChunked = chunked;
            using HttpResponseMessage reply = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        }
    }

    [Fact]
    public async Task A_client_that_leaves_frees_its_place_and_one_too_many_is_told_to_come_again()
    {
        TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource left = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ScriptedModel model = new((messages, _, cancellationToken) => Forever(messages[^1].Text, cancellationToken));
        await using ChatServer server = await StartAsync(
            model, new ServerOptions { Port = 0, MaxConcurrency = 1, MaxWaiting = 1 });
        using HttpClient client = new();
        using CancellationTokenSource leave = new();
        Task<HttpResponseMessage> first = PostAsync(client, server, Chat, Hello(text: "wait"), leave.Token);
        await begun.Task;
        Task<HttpResponseMessage> second = PostAsync(client, server, Chat, Hello());

        // The second waits for a place; the third finds none to wait in. Which of the two is the server's choice.
        Task<HttpResponseMessage> third = PostAsync(client, server, Chat, Hello());
        using HttpResponseMessage refused = await await Task.WhenAny(second, third);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal("1", refused.Headers.GetValues("Retry-After").Single());
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await left.Task;
        HttpResponseMessage[] all = await Task.WhenAll(second, third);
        Assert.Single(all, reply => reply.StatusCode == HttpStatusCode.OK);

        async IAsyncEnumerable<string> Forever(
            string text,
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            if (text != "wait")
            {
                yield return "done";
                yield break;
            }

            yield return "a";
            begun.TrySetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            finally
            {
                left.TrySetResult();
            }
        }
    }

    [Fact]
    public async Task A_slow_reader_holds_nobody_up()
    {
        ScriptedModel model = new((messages, _, _) =>
            Enumerable.Repeat(new string('x', 1 << 16), messages[^1].Text == "much" ? 512 : 1).ToAsyncEnumerable());
        await using ChatServer server = await StartAsync(model, new ServerOptions { Port = 0, MaxConcurrency = 1 });
        Uri address = new(server.Address);
        using TcpClient slow = new();
        await slow.ConnectAsync(address.Host, address.Port);
        string body = Hello(text: "much", more: "\"stream\": true");
        byte[] request = Encoding.ASCII.GetBytes(
            $"POST /v1/{Chat} HTTP/1.1\r\nHost: {address.Authority}\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        await slow.GetStream().WriteAsync(request);
        Assert.True(await slow.GetStream().ReadAsync(new byte[10]) > 0);

        // It reads no more; 32 MiB wait for it.
        using HttpClient client = new();
        Assert.Equal(1 << 16, ((string)(await AskAsync(client, server, Chat, Hello()))["choices"]![0]!["message"]!["content"]!).Length);
    }

    [Fact]
    public async Task No_body_however_strange_is_a_fault_of_the_server()
    {
        await using ChatServer server = await StartAsync(
            ScriptedModel.Echo, report: line => Assert.Fail($"The server reports: {line}"));
        using HttpClient client = new();
        string[] bodies =
        [
            Hello(more: "\"seed\": 7, \"n\": 2, \"stop\": [\"a\"], \"logprobs\": true, \"top_logprobs\": 2, \"stream\": true"),
            "{\"model\": \"m:bfs\", \"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"\\ud83d\"}]}]}",
            "{\"model\": \"m\", \"prompt\": [\"a\"], \"logprobs\": 1}",
            "{\"model\": \"m\", \"input\": [{\"role\": \"user\", \"content\": \"a\"}], \"instructions\": \"b\"}",
        ];
        string[] pieces = ["{", "}", "[", "]", "\"", ",", ":", "null", "-1", "1e999", "true", "\\ud800", "\u0000", "", "é"];
        SeededRandom random = new(5);
        for (int i = 0; i < 600; i++)
        {
            string body = bodies[random.Next(bodies.Length)];
            for (int edit = random.Next(4); edit >= 0; edit--)
            {
                int from = random.Next(body.Length + 1), length = random.Next(Math.Min(9, body.Length - from + 1));
                body = body[..from] + pieces[random.Next(pieces.Length)] + body[(from + length)..];
            }

            string path = new[] { Chat, "completions", "responses" }[random.Next(3)];
            using HttpResponseMessage reply = await PostAsync(client, server, path, body);
            Assert.True((int)reply.StatusCode < 500, $"{path} {body}: {reply.StatusCode}");
            Assert.NotEmpty(await reply.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task A_taken_port_is_said()
    {
        await using ChatServer server = await StartAsync(ScriptedModel.Echo);
        UserFaultException fault = await Assert.ThrowsAsync<UserFaultException>(
            () => StartAsync(ScriptedModel.Echo, new ServerOptions { Port = new Uri(server.Address).Port }));
        Assert.Contains("Give another port", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_and_metrics_are_there()
    {
        await using ChatServer server = await StartAsync(ScriptedModel.Echo);
        using HttpClient client = new();
        await AskAsync(client, server, Chat, Hello());
        string root = server.Address[..^"/v1".Length];
        Assert.Contains("ok", await client.GetStringAsync($"{root}/health"), StringComparison.Ordinal);
        string metrics = await client.GetStringAsync($"{root}/metrics");
        Assert.Contains("gen_ai_server_request_duration_seconds_count", metrics, StringComparison.Ordinal);
        Assert.Contains("spar_server_tokens_total", metrics, StringComparison.Ordinal);
    }

    private static Task<ChatServer> StartAsync(
        IChatClient model, ServerOptions? options = null, Action<string>? report = null)
    {
        ServedNames models = new();
        models.Add("m", model, search =>
        {
            search.Templates = TemplateSet.Load("compact");
            search.Votes = 1;
        });
        return ChatServer.StartAsync(
            models, options ?? new ServerOptions { Port = 0 }, TimeProvider.System, report ?? (_ => { }), s_none);
    }

    private static string Hello(string model = "m", string text = "hello", string? more = null) =>
        $"{{\"model\": \"{model}\", \"messages\": [{{\"role\": \"user\", \"content\": \"{text}\"}}]"
        + (more is null ? "}" : $", {more}}}");

    private static Task<HttpResponseMessage> PostAsync(
        HttpClient client, ChatServer server, string path, string body, CancellationToken cancellationToken = default) =>
        client.PostAsync($"{server.Address}/{path}", new StringContent(body, Encoding.UTF8, "application/json"), cancellationToken);

    private static async Task<JsonNode> AskAsync(HttpClient client, ChatServer server, string path, string body)
    {
        using HttpResponseMessage reply = await PostAsync(client, server, path, body);
        string text = await reply.Content.ReadAsStringAsync();
        Assert.True(reply.StatusCode == HttpStatusCode.OK, text);
        return JsonNode.Parse(text)!;
    }
}
