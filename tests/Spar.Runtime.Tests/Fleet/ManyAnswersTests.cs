using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Runtime.Endpoints;
using Spar.Runtime.Fleet;
using Spar.Runtime.Tests.Endpoints;

namespace Spar.Runtime.Tests.Fleet;

/// <summary>Calls that ask the same, as one request for several answers.</summary>
public sealed class ManyAnswersTests
{
    private const string Long = "This answer is long enough to be told from another one that was drawn by chance, is it not?";
    private static readonly string[] s_keys = ["k/v0", "k/v1", "k/v2"];

    [Fact]
    public async Task Votes_go_together_and_each_is_kept_by_its_own_name()
    {
        using LoopbackServer server = new((_, request) => Says([.. Texts((int)request["n"]!)]));
        SharedMemo memo = new();
        (string[] texts, CallSession session) = await AskAsync(server, s_keys, memo);
        Assert.Equal(["answer 0", "answer 1", "answer 2"], texts);
        Assert.Equal((3L, 2L, 30L), (session.Calls, session.SparedRequests, session.OutputTokens));
        JsonNode request = Assert.Single(server.Requests);
        Assert.Equal(3, (int)request["n"]!);
        Assert.Equal(3, server.Headers["Spar-Seed"]!.Split(',').Distinct().Count());

        (string[] again, _) = await AskAsync(server, s_keys, memo);
        Assert.Equal(texts, again);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task After_a_stop_in_the_middle_the_missing_answers_are_the_same_as_without_it()
    {
        using LoopbackServer server = new((_, request) => Says([.. Texts((int?)request["n"] ?? 1)]));
        SharedMemo memo = new();
        (string[] whole, _) = await AskAsync(server, s_keys, memo);
        Forgetful half = new(memo, "k/v0", "k/v2");
        (string[] resumed, _) = await AskAsync(server, s_keys, half);
        Assert.Equal(whole, resumed);
        Assert.Equal(2, server.Requests.Count);
    }

    [Fact]
    public async Task A_server_that_gives_one_answer_is_asked_for_each_and_soon_for_no_more()
    {
        int number = 0;
        using LoopbackServer server = new((_, _) => Says($"answer {number++}"));
        using CallSession session = new(1, 8);
        ModelCaller caller = Caller(server, session);
        for (int i = 0; i < 3; i++)
        {
            Answer[] answers = await Task.WhenAll(
                caller.AskEach([.. s_keys.Select(key => $"{i}/{key}")], "vote", new Sampling(1, 1, 9), default));
            Assert.Equal(3, answers.Select(answer => answer.Text).Distinct().Count());
        }

        Assert.Equal((9, 0L), (server.Requests.Count, session.SparedRequests));
        Assert.Single(server.Requests, request => request["n"] is not null);
    }

    [Fact]
    public async Task A_server_that_refuses_several_answers_is_asked_for_each()
    {
        using LoopbackServer server = new((_, request) => request["n"] is null
            ? Says("alone")
            : new Reply(400, """{"error": {"message": "n must be 1"}}"""));
        using CallSession session = new(1, 8);
        ModelCaller caller = Caller(server, session);
        for (int i = 0; i < 2; i++)
        {
            Answer[] answers = await Task.WhenAll(
                caller.AskEach([.. s_keys.Select(key => $"{i}/{key}")], "vote", new Sampling(1, 1, 9), default));
            Assert.All(answers, answer => Assert.Equal("alone", answer.Text));
        }

        Assert.Single(server.Requests, request => request["n"] is not null);
    }

    [Fact]
    public async Task The_same_long_answer_several_times_is_not_taken_for_votes_that_agree()
    {
        using LoopbackServer server = new((i, request) => request["n"] is { } n
            ? Says([.. Enumerable.Repeat(Long, (int)n)])
            : Says($"{Long} {i}"));
        (string[] texts, _) = await AskAsync(server, s_keys, new SharedMemo());
        Assert.Equal(Long, texts[0]);
        Assert.Equal(3, texts.Distinct().Count());
    }

    [Fact]
    public async Task An_answer_that_cannot_be_used_is_asked_for_alone()
    {
        using LoopbackServer server = new((_, request) =>
        {
            if (request["n"] is null)
            {
                return Says("again");
            }

            JsonObject reply = JsonNode.Parse(Says("a", "b", "c").Body)!.AsObject();
            reply["choices"]![1] = new JsonObject { ["index"] = 1, ["finish_reason"] = "stop" };
            return new Reply(200, reply.ToJsonString());
        });
        (string[] texts, _) = await AskAsync(server, s_keys, new SharedMemo());
        Assert.Equal(["a", "again", "c"], texts);
    }

    [Fact]
    public async Task Answers_in_any_order_come_to_their_places()
    {
        using LoopbackServer server = new((_, request) =>
        {
            JsonArray choices = JsonNode.Parse(Says([.. Texts(3)]).Body)!["choices"]!.AsArray();
            return new Reply(200, new JsonObject
            {
                ["choices"] = new JsonArray([.. choices.Reverse().Select(choice => choice!.DeepClone())]),
            }.ToJsonString());
        });
        (string[] texts, _) = await AskAsync(server, s_keys, new SharedMemo());
        Assert.Equal(["answer 0", "answer 1", "answer 2"], texts);
    }

    [Fact]
    public async Task A_request_that_fails_fails_each_of_its_calls_by_its_own_name()
    {
        using LoopbackServer server = new((_, _) => new Reply(403, """{"error": {"message": "no"}}"""));
        using CallSession session = new(1, 8);
        foreach ((Task<Answer> call, string key) in Caller(server, session)
            .AskEach(s_keys, "vote", new Sampling(1, 1, 9), default).Zip(s_keys))
        {
            Assert.Equal(key, (await Assert.ThrowsAsync<CallFailedException>(() => call)).Key);
        }
    }

    private static IEnumerable<string> Texts(int count) => Enumerable.Range(0, count).Select(i => $"answer {i}");

    private static async Task<(string[] Texts, CallSession Session)> AskAsync(
        LoopbackServer server, string[] keys, ICallMemo memo)
    {
        using CallSession session = new(1, 8, memo);
        Answer[] answers = await Task.WhenAll(
            Caller(server, session).AskEach(keys, "vote", new Sampling(1, 1, 9), default));
        return ([.. answers.Select(answer => answer.Text)], session);
    }

    private static ModelCaller Caller(LoopbackServer server, CallSession session) =>
        new(PooledChatClient.Open([server.Endpoint], new PoolOptions { Groups = true }), session);

    private static Reply Says(params string[] texts) => new(200, new JsonObject
    {
        ["choices"] = new JsonArray([
            .. texts.Select((text, i) => new JsonObject
            {
                ["index"] = i,
                ["finish_reason"] = "stop",
                ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = text },
            }),
        ]),
        ["usage"] = new JsonObject { ["prompt_tokens"] = 5, ["completion_tokens"] = 10 * texts.Length },
    }.ToJsonString());

    private sealed class Forgetful(ICallMemo memo, params string[] lost) : ICallMemo
    {
        public Answer? Find(string key, ulong promptHash) => lost.Contains(key) ? null : memo.Find(key, promptHash);

        public void Keep(string key, ulong promptHash, Answer answer) => memo.Keep(key, promptHash, answer);
    }
}
