using Microsoft.Extensions.AI;
using Spar.Decoding;
using Spar.Ground;
using Spar.Judging;
using Spar.Search;
using Spar.Templates;
using Spar.Tests.Fakes;

namespace Spar.Tests.Decoding;

/// <summary>Searches and judges before a chat client, as a service uses them.</summary>
public sealed class DecodingChatClientTests
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    // Its own answers are bad; as refiner it mends them, and as judge it knows which are good.
    private static ScriptedClient Model => new(prompt =>
        prompt.StartsWith("judge", StringComparison.Ordinal)
            ? $"so\njudgement: {(prompt.Contains("good", StringComparison.Ordinal) ? "yes" : "no")}"
        : prompt.StartsWith("refine", StringComparison.Ordinal) ? "mend it\nrefined: a good cat"
        : "a cat");

    private static void Compact(DecodingChatClient client) =>
        (client.Templates, client.Votes) = (TemplateSet.Load("compact"), 1);

    [Theory]
    [InlineData(SearchOrder.Bfs)]
    [InlineData(SearchOrder.Dfs)]
    public async Task A_failed_answer_is_repaired_and_comes_with_its_tree_and_the_usage_of_all_calls(SearchOrder order)
    {
        using IChatClient client = Model.AsBuilder().UseTreeSearchRefinement(order, Compact).Build();
        ChatResponse response = await client.GetResponseAsync("write of a cat", cancellationToken: s_none);
        Assert.Equal("a good cat", response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Decoded decoded = DecodingChatClient.DecodedOf(response)!;
        Assert.Equal(["a cat", "a good cat"], decoded.Candidates.Select(one => one.Response).Distinct());
        Assert.NotNull(decoded.Tree);
        Assert.True(response.Usage!.OutputTokenCount > "a cat".Length + "a good cat".Length);
    }

    [Fact]
    public async Task A_stream_tells_the_calls_and_then_says_the_same()
    {
        using IChatClient client = Model.AsBuilder().UseTreeSearchRefinement(configure: Compact).Build();
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(
            "write of a cat", cancellationToken: s_none))
        {
            updates.Add(update);
        }

        Assert.Equal("a good cat", updates.ToChatResponse().Text);
        Assert.True(updates.SelectMany(one => one.Contents).OfType<TextReasoningContent>().Count() >= 4);
    }

    [Fact]
    public async Task The_same_call_gives_the_same_answer_and_another_seed_another()
    {
        ScriptedClient model = new((prompt, options) => Task.FromResult(
            prompt.StartsWith("judge", StringComparison.Ordinal)
                ? "so\njudgement: yes"
                : $"a cat {options.Seed % 97}"));
        using IChatClient client = model.AsBuilder().UseBestOf(3, Compact).Build();
        async Task<string> AskAsync(long seed) => (await client.GetResponseAsync(
            "write of a cat", new ChatOptions { Seed = seed, Temperature = 1 }, s_none)).Text;
        Assert.Equal(await AskAsync(1), await AskAsync(1));
        Assert.NotEqual(await AskAsync(1), await AskAsync(2));
    }

    [Fact]
    public async Task What_a_search_cannot_give_is_refused()
    {
        using IChatClient client = Model.AsBuilder().UseTreeSearchRefinement(configure: Compact).Build();
        UserFaultException fault = await Assert.ThrowsAsync<UserFaultException>(() => client.GetResponseAsync(
            "a", new ChatOptions { StopSequences = ["x"] }, s_none));
        Assert.Contains("stop sequences", fault.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<UserFaultException>(() => client.GetResponseAsync(
            [new ChatMessage(ChatRole.Assistant, "a")], cancellationToken: s_none));
        Assert.Throws<ArgumentException>(() => Model.AsBuilder().UseDecoding("widest").Build());
    }

    [Fact]
    public async Task A_judge_values_what_a_model_says_and_nothing_that_is_not_whole()
    {
        static void One(JudgingChatClient judge) => (judge.Templates, judge.Votes) = (TemplateSet.Load("compact"), 1);
        using IChatClient judged = Model.AsBuilder().UseJudge(One).Build();
        ChatResponse response = await judged.GetResponseAsync("write of a cat", cancellationToken: s_none);
        Assert.Equal("a cat", response.Text);
        Assert.Equal(0, JudgingChatClient.ValuationOf(response.AdditionalProperties)!.Value);
        using IChatClient both = Model.AsBuilder().UseJudge(One).UseTreeSearchRefinement(configure: Compact).Build();
        response = await both.GetResponseAsync("write of a cat", cancellationToken: s_none);
        Assert.Equal(1, JudgingChatClient.ValuationOf(response.AdditionalProperties)!.Value);
        using IChatClient cut = new ScriptedClient((_, _) => Task.FromResult("a cat"), finish: "length")
            .AsBuilder().UseJudge(One).Build();
        response = await cut.GetResponseAsync("write of a cat", cancellationToken: s_none);
        Assert.Null(JudgingChatClient.ValuationOf(response.AdditionalProperties));
    }
}
