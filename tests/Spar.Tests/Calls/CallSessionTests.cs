using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Ground;
using Spar.Tests.Fakes;

namespace Spar.Tests.Calls;

public sealed class CallSessionTests
{
    private static readonly Sampling s_sampling = new(0.7, 0.9, 64);

    [Fact]
    public async Task The_client_gets_seed_and_sampling_of_the_key()
    {
        using CallSession session = new(3, 1);
        List<ChatOptions> seen = [];
        ModelCaller caller = new(
            new ScriptedClient(
                (_, options) =>
                {
                    seen.Add(options);
                    return Task.FromResult("abc");
                },
                finish: "length"
            ),
            session
        );
        Answer answer = await caller.AskAsync("a/b", "hello", s_sampling, default);
        await caller.AskAsync("a/c", "hello", s_sampling, default);
        Assert.Equal(new Answer("abc", 5, 3, "length"), answer);
        Assert.Equal(AnswerStatus.CutOff, answer.Read().Status);
        Assert.Equal((long)(StableHash.Seed(3, "a/b") >> 1), seen[0].Seed);
        Assert.NotEqual(seen[0].Seed, seen[1].Seed);
        Assert.Equal((0.7f, 0.9f, 64), (seen[0].Temperature, seen[0].TopP, seen[0].MaxOutputTokens));
        Assert.Equal((2, 0, 6), (session.Calls, session.Kept, session.OutputTokens));
    }

    [Fact]
    public async Task A_kept_answer_is_not_asked_for_again_unless_the_prompt_changed()
    {
        Memo memo = new();
        using CallSession session = new(3, 1, memo);
        int calls = 0;
        ModelCaller caller = new(new ScriptedClient(prompt => $"{prompt} {++calls}"), session);
        Assert.Equal("x 1", (await caller.AskAsync("k", "x", s_sampling, default)).Text);
        Assert.Equal("x 1", (await caller.AskAsync("k", "x", s_sampling, default)).Text);
        Assert.Equal("y 2", (await caller.AskAsync("k", "y", s_sampling, default)).Text);
        Assert.Equal("y 3", (await caller.AskAsync("k", "y", s_sampling with { MaxTokens = 65 }, default)).Text);
        Assert.Equal((3, 1), (session.Calls, session.Kept));
    }

    [Fact]
    public async Task A_failed_call_is_reported_and_not_kept()
    {
        Memo memo = new();
        using CallSession session = new(3, 1, memo);
        bool down = true;
        ModelCaller caller = new(
            new ScriptedClient(_ => down ? throw new TimeoutException("too slow") : "ok"),
            session
        );
        CallFailedException failure = await Assert.ThrowsAsync<CallFailedException>(() =>
            caller.AskAsync("k", "x", s_sampling, default)
        );
        Assert.Equal(("k", "TimeoutException: too slow"), (failure.Key, failure.Message));
        down = false;
        Assert.Equal("ok", (await caller.AskAsync("k", "x", s_sampling, default)).Text);
    }

    [Fact]
    public async Task Many_failures_in_a_row_stop_the_run()
    {
        using CallSession session = new(3, 20);
        bool down = true;
        ModelCaller caller = new(
            new ScriptedClient(_ => down ? throw new TimeoutException("too slow") : "ok"),
            session
        );
        for (int i = 1; i < 40; i++)
        {
            await Assert.ThrowsAsync<CallFailedException>(() => caller.AskAsync("k", "x", s_sampling, default));
        }

        down = false;
        await caller.AskAsync("k", "x", s_sampling, default);
        down = true;
        for (int i = 1; i < 40; i++)
        {
            await Assert.ThrowsAsync<CallFailedException>(() => caller.AskAsync("k", "x", s_sampling, default));
        }

        GivenUpException stop = await Assert.ThrowsAsync<GivenUpException>(() =>
            caller.AskAsync("k", "x", s_sampling, default)
        );
        Assert.Contains("40 model calls failed in a row", stop.Message, StringComparison.Ordinal);
        Assert.Contains("too slow", stop.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_more_calls_than_allowed_are_in_flight()
    {
        using CallSession session = new(3, 4);
        int inFlight = 0,
            most = 0;
        ModelCaller caller = new(
            new ScriptedClient(
                async (_, _) =>
                {
                    InterlockedMax(ref most, Interlocked.Increment(ref inFlight));
                    await Task.Yield();
                    Interlocked.Decrement(ref inFlight);
                    return "ok";
                }
            ),
            session
        );
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => caller.AskAsync($"k{i}", "x", s_sampling, default)));
        Assert.InRange(most, 1, 4);
    }

    [Fact]
    public async Task Cancelling_is_not_a_failure()
    {
        using CallSession session = new(3, 4);
        using CancellationTokenSource source = new();
        ModelCaller caller = new(
            new ScriptedClient(
                (_, _) =>
                {
                    source.Cancel();
                    throw new IOException("connection closed");
                }
            ),
            session
        );
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            caller.AskAsync("k", "x", s_sampling, source.Token)
        );
    }

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref most)) < value && Interlocked.CompareExchange(ref most, value, seen) != seen)
        { }
    }

    private sealed class Memo : ICallMemo
    {
        private readonly Dictionary<string, (ulong Hash, Answer Answer)> _kept = [];

        public Answer? Find(string key, ulong promptHash) =>
            _kept.TryGetValue(key, out (ulong Hash, Answer Answer) kept) && kept.Hash == promptHash
                ? kept.Answer
                : null;

        public void Keep(string key, ulong promptHash, Answer answer) => _kept[key] = (promptHash, answer);
    }
}
