using Microsoft.Extensions.AI;
using Spar.Engine.Inference;
using Spar.Engine.Sampling;
using Spar.Engine.Tokenization;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Inference;

public class EmbeddedChatClientTests
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    [Fact]
    public async Task Greedy_text_counts_and_finish_reason()
    {
        GoldenModel model = GoldenModel.Load("llama3-tiny");
        using EmbeddedChatClient client = EmbeddedChatClient.Load(model.Folder, new EngineOptions { Threads = 1 });
        Tokenizer tokenizer = (Tokenizer)client.GetService(typeof(Tokenizer))!;
        Generator generator = (Generator)client.GetService(typeof(Generator))!;

        ChatResponse response = await client.GetResponseAsync(
            [new ChatMessage(ChatRole.User, "Hello there")],
            new ChatOptions { MaxOutputTokens = 12 },
            s_none
        );
        int[] prompt = tokenizer.Encode("<|bos|><|user|>Hello there\n<|assistant|>");
        GenerationResult direct = await generator.GenerateAsync(
            new GenerationRequest { PromptIds = prompt, MaxTokens = 12 },
            s_none
        );
        Assert.Equal(tokenizer.Decode([.. direct.Ids]), response.Text);
        Assert.Equal(ChatRole.Assistant, response.Messages.Single().Role);
        Assert.Equal(
            direct.End == GenerationEnd.Length ? ChatFinishReason.Length : ChatFinishReason.Stop,
            response.FinishReason
        );
        Assert.Equal(prompt.Length, response.Usage!.InputTokenCount);
        Assert.Equal(direct.GeneratedTokens, response.Usage.OutputTokenCount);
        Assert.Equal(0, response.Usage.CachedInputTokenCount);
        Assert.Equal(prompt.Length - 1, direct.CachedTokens);
        Assert.Equal("llama3-tiny", response.ModelId);
    }

    [Fact]
    public async Task Streaming_gives_the_same_text_with_and_without_stop_strings()
    {
        using EmbeddedChatClient client = Open();
        int stopped = 0;
        for (int seed = 0; seed < 24; seed++)
        {
            ChatOptions options = new()
            {
                Seed = seed,
                Temperature = 1,
                MaxOutputTokens = 60,
                StopSequences =
                    seed % 3 == 0 ? null
                    : seed % 3 == 1 ? ["e"]
                    : ["er", " the", "an", "th"],
            };
            ChatMessage[] messages =
            [
                new(ChatRole.System, "Be brief."),
                new(ChatRole.User, "Tell me about café no. " + (seed % 5)),
            ];
            ChatResponse whole = await client.GetResponseAsync(messages, options, s_none);
            List<ChatResponseUpdate> updates = [];
            await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(messages, options, s_none))
            {
                updates.Add(update);
            }

            ChatResponse streamed = updates.ToChatResponse();
            Assert.Equal(whole.Text, streamed.Text);
            Assert.Equal(whole.FinishReason, streamed.FinishReason);
            Assert.Equal(whole.Usage!.OutputTokenCount, streamed.Usage!.OutputTokenCount);
            foreach (string stop in options.StopSequences ?? [])
            {
                Assert.DoesNotContain(stop, whole.Text);
            }

            stopped += options.StopSequences is not null && whole.FinishReason == ChatFinishReason.Stop ? 1 : 0;
        }

        Assert.True(stopped > 5, $"only {stopped} of the calls met a stop string");
    }

    [Fact]
    public async Task Many_concurrent_calls_give_what_each_gives_alone()
    {
        using EmbeddedChatClient client = Open(threads: 2, maxSequences: 50, cacheTokens: 3000);
        Task<string> Ask(int call) =>
            Task.Run(async () =>
                (
                    await client.GetResponseAsync(
                        [new ChatMessage(ChatRole.User, "Question " + (call / 5))],
                        new ChatOptions
                        {
                            Seed = call,
                            Temperature = 1,
                            MaxOutputTokens = 20,
                        },
                        s_none
                    )
                ).Text
            );
        string[] together = await Task.WhenAll(Enumerable.Range(0, 400).Select(Ask));
        for (int call = 0; call < together.Length; call += 37)
        {
            Assert.Equal(await Ask(call), together[call]);
        }

        Assert.True(together.Distinct().Count() > 300);
    }

    [Fact]
    public async Task Log_probabilities_and_penalties_are_additional_properties()
    {
        using EmbeddedChatClient client = Open();
        ChatMessage[] messages = [new(ChatRole.User, "Hello there")];
        ChatOptions options = new()
        {
            MaxOutputTokens = 9,
            Temperature = 1,
            Seed = 3,
            AdditionalProperties = new()
            {
                ["top_logprobs"] = 4,
                ["min_p"] = 0.01f,
                ["repetition_penalty"] = 1.1,
            },
        };
        ChatResponse response = await client.GetResponseAsync(messages, options, s_none);
        IReadOnlyList<GeneratedToken> tokens = Assert.IsAssignableFrom<IReadOnlyList<GeneratedToken>>(
            response.AdditionalProperties!["logprobs"]
        );
        Assert.InRange(
            tokens.Count,
            response.Usage!.OutputTokenCount!.Value - 1,
            response.Usage.OutputTokenCount.Value
        );
        Assert.All(
            tokens,
            token =>
            {
                Assert.Equal(4, token.Top.Count);
                Assert.Equal(token.Top.OrderByDescending(t => t.LogProb), token.Top);
                Assert.True(token.LogProb <= token.Top[0].LogProb && token.Top.Sum(t => Math.Exp(t.LogProb)) < 1);
                Assert.All(token.Top.Where(t => t.Id == token.Id), t => Assert.Equal(token.LogProb, t.LogProb));
            }
        );

        // The same as scoring the answer afterwards.
        Tokenizer tokenizer = (Tokenizer)client.GetService(typeof(Tokenizer))!;
        int[] prompt = tokenizer.Encode("<|bos|><|user|>Hello there\n<|assistant|>");
        double[] scored = await ((Generator)client.GetService(typeof(Generator))!).LogProbsAsync(
            prompt,
            [.. tokens.Select(t => t.Id)],
            s_none
        );
        Assert.All(scored.Zip(tokens), pair => Assert.Equal(pair.First, pair.Second.LogProb, 1e-9));

        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(messages, options, s_none))
        {
            updates.Add(update);
        }

        Assert.Equal(
            tokens.Select(t => t.LogProb),
            ((IReadOnlyList<GeneratedToken>)updates[^1].AdditionalProperties!["logprobs"]!).Select(t => t.LogProb)
        );
        options.AdditionalProperties["top_logprobs"] = 21;
        Assert.Contains(
            "0 to 20",
            (await Assert.ThrowsAsync<EngineException>(() => client.GetResponseAsync(messages, options, s_none))).Message
        );
        options.AdditionalProperties["top_logprobs"] = "many";
        Assert.Contains(
            "top_logprobs",
            (await Assert.ThrowsAsync<EngineException>(() => client.GetResponseAsync(messages, options, s_none))).Message
        );
    }

    [Fact]
    public async Task Answers_computed_together_are_those_computed_alone()
    {
        using EmbeddedChatClient client = Open();
        ChatMessage[] messages = [new(ChatRole.User, "Hello")];
        ChatOptions Options(int i) =>
            new()
            {
                Seed = 5 + i,
                Temperature = 1,
                MaxOutputTokens = 12,
            };
        ChatResponse[] together = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(i => client.GetResponseAsync(messages, Options(i), s_none))
        );
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal((await client.GetResponseAsync(messages, Options(i), s_none)).Text, together[i].Text);
        }

        Assert.True(together.Select(r => r.Text).Distinct().Count() > 1);
    }

    [Fact]
    public async Task A_caller_that_stops_listening_ends_its_generation()
    {
        // The cache holds one long answer: the second call can only run when the first has let go of its blocks.
        using EmbeddedChatClient client = Open(cacheTokens: 400);
        ChatMessage[] messages = [new(ChatRole.User, "Go on")];
        await foreach (
            ChatResponseUpdate _ in client.GetStreamingResponseAsync(
                messages,
                new ChatOptions { Temperature = 1 },
                s_none
            )
        )
        {
            break;
        }

        ChatResponse response = await client
            .GetResponseAsync(messages, new ChatOptions { MaxOutputTokens = 5 }, s_none)
            .WaitAsync(TimeSpan.FromMinutes(1), s_none);
        Assert.True(response.Usage!.OutputTokenCount <= 5);
    }

    [Fact]
    public async Task Faults_of_a_call_name_their_cause()
    {
        using EmbeddedChatClient client = Open();
        ChatMessage[] hello = [new(ChatRole.User, "Hello")];
        Task<EngineException> Fault(IEnumerable<ChatMessage> messages, ChatOptions options) =>
            Assert.ThrowsAsync<EngineException>(() => client.GetResponseAsync(messages, options, s_none));

        Assert.Contains(
            "Tools",
            (await Fault(hello, new ChatOptions { Tools = [AIFunctionFactory.Create(() => 1, "f")] })).Message
        );
        Assert.Contains("TopP", (await Fault(hello, new ChatOptions { TopP = 2 })).Message);
        Assert.Contains(
            "stop sequence is empty",
            (await Fault(hello, new ChatOptions { StopSequences = [""] })).Message
        );
        Assert.Contains(
            "text only",
            (
                await Fault(
                    [new ChatMessage(ChatRole.User, [new DataContent(new byte[1], "image/png")])],
                    new ChatOptions()
                )
            ).Message
        );
        Assert.Contains(
            "at most 512",
            (
                await Fault(
                    [new ChatMessage(ChatRole.User, string.Join(' ', Enumerable.Range(0, 500)))],
                    new ChatOptions()
                )
            ).Message
        );
        Assert.Equal(
            ChatFinishReason.Length,
            (await client.GetResponseAsync(hello, new ChatOptions { MaxOutputTokens = 1 }, s_none)).FinishReason
        );
    }

    [Fact]
    public async Task Calls_fail_when_the_client_is_disposed()
    {
        EmbeddedChatClient client = Open();
        Task<ChatResponse> pending = client.GetResponseAsync(
            [new ChatMessage(ChatRole.User, "Hello")],
            new ChatOptions { Temperature = 1 },
            s_none
        );
        client.Dispose();
        Exception? fault = await Record.ExceptionAsync(() => pending);
        Assert.True(fault is null or ObjectDisposedException);
        await Assert.ThrowsAsync<ObjectDisposedException>(() =>
            client.GetResponseAsync([new ChatMessage(ChatRole.User, "Hello")], null, s_none)
        );
    }

    private static EmbeddedChatClient Open(int threads = 1, int maxSequences = 16, int? cacheTokens = null) =>
        EmbeddedChatClient.Load(
            SharedData.Path("fixtures", "models", "llama3-tiny"),
            new EngineOptions
            {
                Threads = threads,
                MaxSequences = maxSequences,
                CacheTokens = cacheTokens,
            }
        );
}
