using System.Collections.Concurrent;
using Microsoft.Extensions.AI;
using Spar.Calls;

namespace Spar.Tests.Calls;

public sealed class StackTests
{
    [Fact]
    public async Task What_was_kept_comes_back_to_the_last_field_and_nobody_is_asked()
    {
        Answer answer = new("text", null, 4, "length", 0.25, [-1.5, -2]);
        int asked = 0;
        FunctionChatClient model = new(
            (_, _, _) =>
            {
                asked++;
                return Task.FromResult(answer);
            }
        );
        SharedMemo memo = new();
        CallCounts counts = new();
        IChatClient client = model.AsBuilder().UseCounting(counts).UseMemo(memo).Build();
        ChatOptions options = new ChatOptions().WithCall(new CallIdentity("k", 7));
        Assert.Same(answer, (await client.GetResponseAsync("x", options)).ToAnswer());
        ChatResponse kept = await client.GetResponseAsync("x", options);
        Assert.True(kept.IsKept());
        Assert.Equal(answer, kept.ToAnswer());
        Assert.Equal(("text", "length", 4), (kept.Text, kept.FinishReason?.Value, kept.Usage?.OutputTokenCount));
        Assert.Equal((1, 1L, 1L, 4L), (asked, counts.Calls, counts.Kept, counts.OutputTokens));
    }

    [Fact]
    public async Task A_call_without_a_name_is_not_kept()
    {
        int asked = 0;
        FunctionChatClient model = new((_, _, _) => Task.FromResult(new Answer($"{++asked}")));
        IChatClient client = model.AsBuilder().UseMemo(new SharedMemo()).Build();
        Assert.Equal("1", (await client.GetResponseAsync("x")).Text);
        Assert.Equal("2", (await client.GetResponseAsync("x")).Text);
    }

    [Fact]
    public async Task After_giving_up_nobody_is_asked_any_more()
    {
        int asked = 0;
        FunctionChatClient model = new(
            (_, _, _) =>
            {
                asked++;
                throw new TimeoutException("too slow");
            }
        );
        IChatClient client = model.AsBuilder().UseGiveUp(new FailureStreak(2)).Build();
        await Assert.ThrowsAsync<CallFailedException>(() => client.GetResponseAsync("x"));
        GivenUpException last = await Assert.ThrowsAsync<GivenUpException>(() => client.GetResponseAsync("x"));
        Assert.Contains("too slow", last.Message);
        await Assert.ThrowsAsync<GivenUpException>(() => client.GetResponseAsync("x"));
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task A_fault_of_the_run_is_no_failed_call()
    {
        FunctionChatClient model = new((_, _, _) => throw new SparException("mend the template"));
        IChatClient client = model.AsBuilder().UseGiveUp(new FailureStreak(1)).Build();
        await Assert.ThrowsAsync<SparException>(() => client.GetResponseAsync("x"));
        await Assert.ThrowsAsync<SparException>(() => client.GetResponseAsync("x"));
    }

    [Fact]
    public async Task A_crowd_loses_what_fails_and_asks_only_for_that_when_it_is_started_again()
    {
        ConcurrentBag<int> asked = [];
        bool down = true;
        FunctionChatClient model = new(
            (messages, _, _) =>
            {
                int item = int.Parse(messages[0].Text);
                asked.Add(item);
                return down && item % 5 == 0
                    ? throw new IOException("gone")
                    : Task.FromResult(new Answer($"answer {item}"));
            }
        );
        SharedMemo memo = new();
        IChatClient client = model.AsBuilder().UseMemo(memo).UseGiveUp(new FailureStreak(100)).Build();
        int[] items = [.. Enumerable.Range(0, 20)];
        ConcurrentBag<string?> told = [];
        (Answer? Result, string? Failure)[] first = await AskAsync();
        Assert.Equal([0, 5, 10, 15], items.Where(i => first[i].Failure is not null));
        Assert.Equal("IOException: gone", first[5].Failure);
        Assert.Equal(4, told.Count(failure => failure is not null));
        down = false;
        asked.Clear();
        Assert.Equal(items.Select(i => $"answer {i}"), (await AskAsync()).Select(outcome => outcome.Result!.Text));
        Assert.Equal([0, 5, 10, 15], asked.Order());

        Task<(Answer? Result, string? Failure)[]> AskAsync() =>
            Crowd.EachAsync(
                items,
                concurrency: 3,
                async (_, item, token) =>
                {
                    ChatOptions options = new ChatOptions().WithCall(new CallIdentity($"item {item}", 1));
                    return (await client.GetResponseAsync($"{item}", options, token)).ToAnswer();
                },
                (_, failure) => told.Add(failure),
                default
            );
    }
}
