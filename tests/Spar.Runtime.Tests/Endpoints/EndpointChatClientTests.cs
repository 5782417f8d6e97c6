using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Runtime.Endpoints;
using Spar.Runtime.Fleet;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Endpoints;

public sealed class EndpointChatClientTests
{
    private static readonly ChatOptions s_options = new()
    {
        Temperature = 0.5f,
        TopP = 0.25f,
        MaxOutputTokens = 9,
        Seed = 77,
        StopSequences = ["Q:"],
    };

    [Fact]
    public async Task What_a_call_says_reaches_the_server_and_the_answer_comes_back()
    {
        using LoopbackServer server = new(_ => LoopbackServer.Says("hello", "length"));
        using EndpointChatClient client = new(server.Endpoint);
        Answer answer = (
            await client.GetResponseAsync([new(ChatRole.System, "be kind"), new(ChatRole.User, "hi")], s_options)
        ).ToAnswer();
        Assert.Equal(new Answer("hello", 7, 3, "length"), answer);
        Assert.Equal(AnswerStatus.CutOff, answer.Read().Status);
        JsonNode request = Assert.Single(server.Requests);
        Assert.Equal("served", (string?)request["model"]);
        Assert.Equal(
            (0.5, 0.25, 9, 77),
            (
                (double)request["temperature"]!,
                (double)request["top_p"]!,
                (int)request["max_tokens"]!,
                (int)request["seed"]!
            )
        );
        Assert.Equal("""["Q:"]""", request["stop"]!.ToJsonString());
        Assert.Equal(["system", "user"], request["messages"]!.AsArray().Select(message => (string)message!["role"]!));
        Assert.DoesNotContain("spar", request.ToJsonString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Words_are_weighed_by_the_tokens_that_the_server_reports()
    {
        JsonArray top = [Token("no", -1.5), Token("yes", -0.5)];
        using LoopbackServer server = new(_ =>
            LoopbackServer.Says(
                "so: no",
                logProbs: new JsonObject
                {
                    ["content"] = new JsonArray(
                        new JsonObject
                        {
                            ["token"] = "so: ",
                            ["logprob"] = -0.1,
                            ["bytes"] = null,
                            ["top_logprobs"] = new JsonArray(),
                        },
                        new JsonObject
                        {
                            ["token"] = "no",
                            ["logprob"] = -1.5,
                            ["bytes"] = null,
                            ["top_logprobs"] = top.DeepClone(),
                        }
                    ),
                }
            )
        );
        using CallSession session = new(1, 1);
        ModelCaller caller = new(
            PooledChatClient.Open([server.Endpoint], time: new ImpatientTime()),
            session
        );
        Answer answer = await caller.AskWeighedAsync(
            "k",
            "x",
            new Sampling(0, 1, 9),
            _ => new Alternatives(4, ["yes", "no"]),
            default
        );
        Assert.Equal("so: no", answer.Text);
        Assert.Equal(1 / (1 + Math.Exp(-1)), answer.Probability!.Value, 6);
        JsonNode request = Assert.Single(server.Requests);
        Assert.Equal(
            (true, 20, 9),
            ((bool)request["logprobs"]!, (int)request["top_logprobs"]!, (int)request["max_tokens"]!)
        );

        static JsonObject Token(string text, double logProb) =>
            new()
            {
                ["token"] = text,
                ["logprob"] = logProb,
                ["bytes"] = null,
            };
    }

    [Fact]
    public async Task A_server_without_log_probabilities_ends_the_run_with_a_remedy()
    {
        using LoopbackServer server = new(_ => LoopbackServer.Says("yes"));
        using CallSession session = new(1, 1);
        ModelCaller caller = new(
            PooledChatClient.Open([server.Endpoint], time: new ImpatientTime()),
            session
        );
        RunFaultException fault = await Assert.ThrowsAsync<RunFaultException>(() =>
            caller.AskWeighedAsync("k", "x", new Sampling(0, 1, 9), _ => new Alternatives(0, ["yes", "no"]), default)
        );
        Assert.Contains("gives no log-probabilities", fault.Message);
        Assert.Contains(server.Address.ToString(), fault.Message);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(429)]
    [InlineData(408)]
    public async Task A_server_that_is_busy_or_restarting_is_asked_again_ever_later(int status)
    {
        ImpatientTime time = new();
        using LoopbackServer server = new(i => i < 5 ? new Reply(status, "{}") : LoopbackServer.Says("at last"));
        using IChatClient client = PooledChatClient.Open([server.Endpoint], time: time);
        Assert.Equal("at last", (await client.GetResponseAsync("hi", s_options)).Text);
        Assert.Equal(6, server.Requests.Count);
        Assert.InRange(time.Waits.Count, 5, 8);
        Assert.InRange(time.Elapsed.TotalSeconds, 2.5, 300);
    }

    [Theory]
    [InlineData("7", 7)]
    [InlineData("3600", 60)]
    public async Task A_server_may_say_for_how_long_it_wants_to_be_left_alone_within_reason(string asked, double waited)
    {
        ImpatientTime time = new();
        using LoopbackServer server = new(i => i == 0 ? new Reply(429, "{}", asked) : LoopbackServer.Says("ok"));
        using IChatClient client = PooledChatClient.Open([server.Endpoint], time: time);
        await client.GetResponseAsync("hi", s_options);
        Assert.Equal(TimeSpan.FromSeconds(waited), Assert.Single(time.Waits));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(403)]
    [InlineData(404)]
    public async Task What_waiting_cannot_mend_is_not_asked_again_and_names_the_endpoint(int status)
    {
        using LoopbackServer server = new(_ => new Reply(
            status,
            """{"error": {"message": "the reason", "type": "x", "code": "y"}}"""
        ));
        using IChatClient client = PooledChatClient.Open([server.Endpoint], time: new ImpatientTime());
        RefusedCallException fault = await Assert.ThrowsAsync<RefusedCallException>(() =>
            client.GetResponseAsync("hi", s_options)
        );
        Assert.Contains(server.Address.ToString(), fault.Message);
        Assert.Contains("the reason", fault.Message);
        Assert.DoesNotContain('\n', fault.Message);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData("<html>proxy</html>")]
    [InlineData("{\"id\": \"x\", \"object\": \"chat.completion\", \"created\": 1, \"model\": \"m\", \"choices\": []}")]
    public async Task An_answer_that_cannot_be_read_is_asked_for_again_and_never_kept(string body)
    {
        using LoopbackServer server = new(i => i == 0 ? new Reply(200, body) : LoopbackServer.Says("whole"));
        using CallSession session = new(1, 1);
        ModelCaller caller = new(
            PooledChatClient.Open([server.Endpoint], time: new ImpatientTime()),
            session
        );
        Assert.Equal("whole", (await caller.AskAsync("k", "x", new Sampling(0, 1, 9), default)).Text);
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_named()
    {
        Uri nowhere = new($"http://127.0.0.1:{FreePort.Next()}/v1");
        ImpatientTime time = new();
        using IChatClient client = PooledChatClient.Open(
            [new ServedEndpoint(nowhere, "served")], new PoolOptions { Retry = new RetryOptions { Retries = 2 } }, time);
        TransientFaultException fault = await Assert.ThrowsAsync<TransientFaultException>(() =>
            client.GetResponseAsync("hi", s_options)
        );
        Assert.Contains($"{nowhere} (model served) cannot be reached", fault.Message);
        Assert.Equal(2, time.Waits.Count);
    }
}
