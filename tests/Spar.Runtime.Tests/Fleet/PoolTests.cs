using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Runtime.Endpoints;
using Spar.Runtime.Fleet;
using Spar.Runtime.Tests.Endpoints;
using Spar.Store;
using Spar.TestSupport;
using Spar.Web.Mock;

namespace Spar.Runtime.Tests.Fleet;

/// <summary>Servers that go away, come late, take no key or never answer, and what becomes of the calls.</summary>
public sealed class PoolTests
{
    private readonly List<string> _notices = [];

    private PoolOptions Options => new() { Notice = Note };

    [Fact]
    public async Task A_server_that_restarts_for_two_minutes_costs_about_two_minutes()
    {
        ImpatientTime time = new();
        TimeSpan back = TimeSpan.Zero;
        using LoopbackServer server = new(_ =>
            time.Elapsed < back ? new Reply(503, "starting") : LoopbackServer.Says("well"))
        {
            Models = () => new Reply(time.Elapsed < back ? 503 : 200, "{}"),
        };
        using IChatClient client = PooledChatClient.Open([server.Endpoint], Options, time);
        await client.GetResponseAsync("before");
        back = time.Elapsed + TimeSpan.FromMinutes(2);
        ChatResponse[] answers = await Task.WhenAll(
            Enumerable.Range(0, 40).Select(i => client.GetResponseAsync($"while away {i}")));

        Assert.All(answers, answer => Assert.Equal("well", answer.Text));
        Assert.InRange(time.Elapsed.TotalSeconds, 120, 150);
        // Those that were under way, a few more until it is clear, and everything once.
        Assert.InRange(server.Requests.Count, 41, 41 + 80);
        Assert.Contains(_notices, one => one.Contains("starting. Waiting for the server, up to 30 minutes", StringComparison.Ordinal));
        Assert.Contains(_notices, one => one.Contains("answers again, after 2", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_request_that_takes_too_long_is_asked_at_a_second_server_and_the_first_answer_counts()
    {
        await using MockServer slow = await MockServer.StartAsync(
            new MockOptions { Tokens = 6, Faults = FaultPlan.Parse("hang=20%") });
        await using MockServer quick = await MockServer.StartAsync(new MockOptions { Tokens = 6 });
        FleetWatch watch = new();
        using IChatClient client = PooledChatClient.Open(
            [new ServedEndpoint(slow.Address, "mock"), new ServedEndpoint(quick.Address, "mock")],
            Options with { Hedge = 0.9, Watch = watch });
        for (int round = 0; round < 4; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 30).Select(i => client.GetResponseAsync(
                $"Write a line, {round}-{i}.", new ChatOptions { Seed = i, MaxOutputTokens = 64 })));
            if (watch.Figures().Any(one => one.Hedged > 0))
            {
                break;
            }
        }

        EndpointFigures[] figures = [.. watch.Figures()];
        Assert.True(figures.Single(one => one.Endpoint == quick.Address.ToString()).Hedged > 0);
        Assert.All(figures, one => Assert.DoesNotContain("timedOut", one.Faults.Keys));
        Assert.All(watch.Look(), one => Assert.Equal(0, one.InFlight));
    }

    [Fact]
    public async Task Patience_ends_and_then_no_call_waits_any_more()
    {
        ImpatientTime time = new();
        bool away = false;
        using LoopbackServer server = new(_ => away ? new Reply(502, "nobody") : LoopbackServer.Says("well"))
        {
            Models = () => new Reply(away ? 502 : 200, "nobody"),
        };
        PoolOptions options = Options with { Retry = new RetryOptions { Patience = TimeSpan.FromMinutes(10) } };
        using IChatClient client = PooledChatClient.Open([server.Endpoint], options, time);
        await client.GetResponseAsync("before");
        away = true;
        ServersAwayException fault = await Assert.ThrowsAsync<ServersAwayException>(() => client.GetResponseAsync("x"));
        Assert.InRange(time.Elapsed.TotalMinutes, 10, 11);
        Assert.Contains("nobody", fault.Message, StringComparison.Ordinal);
        Assert.Contains("waited for, 10", fault.Message, StringComparison.Ordinal);
        int asked = server.Requests.Count;
        await Assert.ThrowsAsync<ServersAwayException>(() => client.GetResponseAsync("y"));
        Assert.Equal(asked, server.Requests.Count);
        Assert.InRange(time.Elapsed.TotalMinutes, 10, 11);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_address_where_nobody_ever_answered_is_not_waited_for_long()
    {
        // Probes move the clock on while the call is on its way back to the pool. Within a minute it has to give up, by
        // a clock that goes no further; it has no waits of its own, which might not end.
        ImpatientTime time = new() { Last = TimeSpan.FromMinutes(1) };
        using IChatClient client = PooledChatClient.Open(
            [new ServedEndpoint(new Uri($"http://127.0.0.1:{FreePort.Next()}/v1"), "m")],
            Options with { Retry = Options.Retry with { Delay = TimeSpan.Zero } }, time);
        await Assert.ThrowsAsync<ServersAwayException>(() => client.GetResponseAsync("x"));
        Assert.InRange(time.Elapsed.TotalSeconds, 30, 60);
    }

    [Fact]
    public async Task Of_three_servers_one_dies_one_comes_late_and_every_call_is_answered()
    {
        ImpatientTime time = new();
        int answered = 0;
        bool Dead() => Volatile.Read(ref answered) > 100;
        bool Late() => Volatile.Read(ref answered) < 200;
        using LoopbackServer good = new(_ => Answer());
        using LoopbackServer dying = new(_ => Dead() ? new Reply(502, "dead") : Answer())
        {
            Models = () => new Reply(Dead() ? 502 : 200, "{}"),
        };
        using LoopbackServer late = new(_ => Late() ? new Reply(503, "loading") : Answer())
        {
            Models = () => new Reply(Late() ? 503 : 200, "{}"),
        };
        using IChatClient client = PooledChatClient.Open(
            [good.Endpoint, dying.Endpoint, late.Endpoint], Options, time);
        for (int round = 0; round < 8; round++)
        {
            ChatResponse[] answers = await Task.WhenAll(
                Enumerable.Range(0, 60).Select(i => client.GetResponseAsync($"call {round} {i}")));
            Assert.All(answers, answer => Assert.Equal("well", answer.Text));
        }

        Assert.Equal(480, answered);
        Assert.Contains(_notices, one => one.Contains("dead. The pool goes on with", StringComparison.Ordinal));
        Assert.Contains(_notices, one => one.Contains($"{late.Endpoint.Name} answers again", StringComparison.Ordinal));

        Reply Answer()
        {
            Interlocked.Increment(ref answered);
            return LoopbackServer.Says("well");
        }
    }

    [Theory]
    [InlineData(500)]
    [InlineData(429)]
    public async Task A_call_that_fails_at_one_server_is_asked_at_another_at_once(int status)
    {
        ImpatientTime time = new();
        using LoopbackServer bad = new(_ => new Reply(status, "not now"));
        using LoopbackServer good = new(_ => LoopbackServer.Says("well"));
        using IChatClient client = PooledChatClient.Open([bad.Endpoint, good.Endpoint], Options, time);
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal("well", (await client.GetResponseAsync($"call {i}")).Text);
        }

        Assert.Equal(20, good.Requests.Count);
        Assert.NotEmpty(bad.Requests);
        Assert.Empty(time.Waits);
    }

    [Fact]
    public async Task A_server_that_takes_no_key_leaves_the_pool_and_the_last_one_ends_the_run()
    {
        using LoopbackServer locked = new(_ => new Reply(401, """{"error": {"message": "Incorrect API key: key-1234"}}"""));
        using LoopbackServer open = new(_ => LoopbackServer.Says("well"));
        ServedEndpoint secret = locked.Endpoint with { ApiKey = "key-1234" };
        using IChatClient both = PooledChatClient.Open([secret, open.Endpoint], Options, new ImpatientTime());
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal("well", (await both.GetResponseAsync($"call {i}")).Text);
        }

        Assert.Single(locked.Requests);
        Assert.Contains("It gets no more calls", Assert.Single(_notices), StringComparison.Ordinal);
        using IChatClient alone = PooledChatClient.Open([secret], Options, new ImpatientTime());
        RunFaultException fault = await Assert.ThrowsAsync<RunFaultException>(() => alone.GetResponseAsync("x"));
        Assert.Contains("Incorrect API key: [key]", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_notices.Append(fault.Message), one => one.Contains("1234", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Calls_with_the_same_prompt_go_to_the_same_server_and_others_are_spread_by_weight()
    {
        using LoopbackServer first = new(_ => LoopbackServer.Says("1"));
        using LoopbackServer second = new(_ => LoopbackServer.Says("2"));
        using IChatClient client = PooledChatClient.Open(
            [first.Endpoint with { Weight = 3 }, second.Endpoint], Options, new ImpatientTime());
        string[][] votes = await Task.WhenAll(Enumerable.Range(0, 8).Select(prompt =>
            Task.WhenAll(Enumerable.Range(0, 2).Select(async vote =>
                (await client.GetResponseAsync("x", Call($"p{prompt}/v{vote}", (ulong)prompt))).Text))));
        Assert.All(votes, one => Assert.Single(one.Distinct()));
        Assert.InRange(first.Requests.Count, 10, 14);
    }

    [Fact]
    public async Task A_call_that_hangs_is_ended_in_time_and_made_again()
    {
        StoppableTime time = new();
        TaskCompletionSource hanging = new();
        using HangingServer server = new(hanging);
        using IChatClient client = PooledChatClient.Open([new ServedEndpoint(server.Address, "m")], Options, time);
        Task<ChatResponse> call = client.GetResponseAsync("x", new ChatOptions { MaxOutputTokens = 100 });
        await hanging.Task;
        Assert.False(call.IsCompleted);
        time.RingAll();
        Assert.Equal("well", (await call).Text);
        Assert.Equal(TimeSpan.FromSeconds(120 + 10), time.Longest);
    }

    private static ChatOptions Call(string key, ulong prompt) => new ChatOptions().WithCall(new CallIdentity(key, prompt));

    private void Note(string text)
    {
        lock (_notices)
        {
            _notices.Add(text);
        }
    }
}
