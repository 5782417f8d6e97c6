using Spar.Engine.Inference;
using Spar.Engine.Models;
using Spar.Engine.Sampling;
using Spar.Engine.Tensors;

namespace Spar.Engine.Tests.Inference;

public class GeneratorTests
{
    private static readonly ModelConfig s_small = new()
    {
        ModelType = "llama",
        VocabSize = 97,
        HiddenSize = 48,
        IntermediateSize = 80,
        LayerCount = 2,
        HeadCount = 4,
        KvHeadCount = 2,
        HeadDim = 12,
        MaxPositions = 256,
        TieWordEmbeddings = true,
    };

    private static readonly IReadOnlyDictionary<string, Tensor> s_weights = Widen(
        LlamaParameters.Initialize(s_small, seed: 3).ToDictionary()
    );

    [Theory]
    [MemberData(nameof(GoldenModel.Names), MemberType = typeof(GoldenModel))]
    public async Task Greedy_ids_and_log_probs_match_the_reference(string name)
    {
        GoldenModel model = GoldenModel.Load(name);
        using Generator generator = new(
            model.Config,
            model.Checkpoint.Tensors,
            new EngineOptions { Threads = 2, CacheTokens = 512 }
        );
        await Task.WhenAll(
            model.Prompts.Select(async prompt =>
            {
                Task<double[]> scoring = generator.LogProbsAsync(
                    prompt.Ids,
                    prompt.Continuation,
                    TestContext.Current.CancellationToken
                );
                GenerationResult result = await generator.GenerateAsync(
                    new GenerationRequest
                    {
                        PromptIds = prompt.Ids,
                        MaxTokens = 32,
                        EndTokenIds = [],
                    }
                );
                Assert.Equal(prompt.Greedy, result.Ids);
                double[] logProbs = await scoring;
                Assert.Equal(prompt.LogProbs.Length, logProbs.Length);
                for (int i = 0; i < logProbs.Length; i++)
                {
                    Assert.Equal(prompt.LogProbs[i], logProbs[i], 5e-5);
                }

                Assert.Equal(prompt.LogProbs.Sum(), logProbs.Sum(), 5e-4);
            })
        );
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.7, 1)]
    [InlineData(0, 9)]
    public async Task Text_that_repeats_comes_in_fewer_passes_with_the_same_bits(double temperature, int streams)
    {
        // A model of random weights ends in a loop soon, which is what can be guessed.
        int[] stem = Ids(new Random(5), 40);
        GenerationRequest request = new()
        {
            PromptIds = [.. stem, .. stem, .. stem[..9]],
            MaxTokens = 120,
            EndTokenIds = [],
            TopLogProbs = 2,
            Sampling = new SamplingOptions { Temperature = temperature, TopP = 0.2 },
        };
        List<(string Text, long Passes)> runs = [];
        foreach (int rows in new[] { 0, 16, 100 })
        {
            using Generator generator = new(
                s_small, s_weights, new EngineOptions { Threads = 2, DraftRows = rows });
            GenerationResult[] results = await Task.WhenAll(Enumerable.Range(0, streams).Select(i =>
                generator.GenerateAsync(request with { Seed = (ulong)i })));
            runs.Add((
                string.Join('\n', results.Select(result => string.Join(
                    ' ', result.Ids.Zip(result.LogProbs!, (id, prob) => $"{id}:{prob.LogProb:R}")))),
                generator.Passes));
        }

        Assert.Equal(runs[0].Text, runs[1].Text);
        Assert.Equal(runs[0].Text, runs[2].Text);
        Assert.True(runs[2].Passes < runs[0].Passes * 3 / 4, $"{runs[2].Passes} passes of {runs[0].Passes}");
        Assert.True(streams > 8 || runs[1].Passes < runs[0].Passes * 3 / 4, $"{runs[1].Passes} passes of {runs[0].Passes}");
    }

    [Fact]
    public async Task Cancellation_frees_blocks()
    {
        using Generator generator = new(s_small, s_weights, new EngineOptions { Threads = 1, CacheTokens = 256 });
        using CancellationTokenSource source = new();
        int tokens = 0;
        GenerationRequest endless = new()
        {
            PromptIds = Ids(new Random(1), 150),
            EndTokenIds = [],
            OnToken = _ =>
            {
                if (++tokens == 5)
                {
                    source.Cancel();
                }

                return false;
            },
        };
        Task<GenerationResult> cancelled = generator.GenerateAsync(endless, source.Token);

        // This one needs the whole cache.
        GenerationRequest large = new()
        {
            PromptIds = Ids(new Random(2), 250),
            MaxTokens = 6,
            EndTokenIds = [],
        };
        GenerationResult result = await generator.GenerateAsync(large).WaitAsync(TimeSpan.FromMinutes(1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(6, result.Ids.Count);
        Assert.InRange(tokens, 5, 6);
    }

    [Fact]
    public async Task A_fault_of_one_request_fails_that_request_only()
    {
        using Generator generator = new(s_small, s_weights, new EngineOptions { Threads = 2 });
        Random random = new(3);
        Task<GenerationResult>[] good =
        [
            .. Enumerable
                .Range(0, 20)
                .Select(_ =>
                    generator.GenerateAsync(
                        new GenerationRequest
                        {
                            PromptIds = Ids(random, 20),
                            MaxTokens = 30,
                            EndTokenIds = [],
                        }
                    )
                ),
        ];
        Task<GenerationResult> bad = generator.GenerateAsync(
            new GenerationRequest
            {
                PromptIds = Ids(random, 20),
                OnToken = _ => throw new InvalidOperationException("callback"),
            }
        );
        Assert.Equal("callback", (await Assert.ThrowsAsync<InvalidOperationException>(() => bad)).Message);
        Assert.All(await Task.WhenAll(good), result => Assert.Equal(30, result.Ids.Count));
    }

    [Fact]
    public async Task Weights_that_are_not_numbers_fail_requests_with_a_clear_message()
    {
        Dictionary<string, Tensor> broken = new(s_weights) { ["model.norm.weight"] = new Tensor(s_small.HiddenSize) };
        Array.Fill(broken["model.norm.weight"].Data, float.NaN);
        using Generator generator = new(s_small, broken, new EngineOptions { Threads = 2 });
        Task<GenerationResult>[] tasks =
        [
            .. Enumerable
                .Range(0, 5)
                .Select(_ => generator.GenerateAsync(new GenerationRequest { PromptIds = [1, 2] })),
        ];
        foreach (Task<GenerationResult> task in tasks)
        {
            Assert.Contains("not finite", (await Assert.ThrowsAsync<EngineException>(() => task)).Message);
        }
    }

    [Fact]
    public async Task A_pass_that_fails_fails_its_requests_and_the_engine_goes_on()
    {
        // An embedding of 50 rows for 97 ids: the pass that meets a higher id breaks.
        Dictionary<string, Tensor> broken = new(s_weights)
        {
            ["lm_head.weight"] = s_weights["model.embed_tokens.weight"],
            ["model.embed_tokens.weight"] = new Tensor(50, s_small.HiddenSize),
        };
        using Generator generator = new(
            s_small with
            {
                TieWordEmbeddings = false,
            },
            broken,
            new EngineOptions { Threads = 2, CacheTokens = 256 }
        );
        Task<GenerationResult> bad = generator.GenerateAsync(
            new GenerationRequest { PromptIds = [.. Enumerable.Repeat(3, 40), 60] }
        );
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => bad.WaitAsync(TimeSpan.FromMinutes(1)));
        GenerationResult good = await generator.GenerateAsync(
            new GenerationRequest { PromptIds = [.. Enumerable.Repeat(3, 40)], MaxTokens = 1 }
        );
        Assert.Equal(0, good.CachedTokens);
    }

    [Fact]
    public async Task Generation_ends_at_the_end_token_the_callback_or_the_limit()
    {
        using Generator generator = new(s_small, s_weights, new EngineOptions { Threads = 1 });
        GenerationRequest request = new()
        {
            PromptIds = [5, 6, 7],
            MaxTokens = 40,
            EndTokenIds = [],
            Sampling = new SamplingOptions(),
            Seed = 4,
        };
        GenerationResult free = await generator.GenerateAsync(request);
        Assert.Equal((GenerationEnd.Length, 40), (free.End, free.Ids.Count));

        int end = free.Ids[10];
        int first = free.Ids.ToList().IndexOf(end);
        GenerationResult ended = await generator.GenerateAsync(request with { EndTokenIds = [end] });
        Assert.Equal(free.Ids.Take(first), ended.Ids);
        Assert.Equal((GenerationEnd.EndToken, first + 1), (ended.End, ended.GeneratedTokens));

        GenerationResult stopped = await generator.GenerateAsync(request with { OnToken = id => id == end });
        Assert.Equal(free.Ids.Take(first + 1), stopped.Ids);
        Assert.Equal(GenerationEnd.Stopped, stopped.End);

        GenerationResult full = await generator.GenerateAsync(request with { MaxTokens = int.MaxValue });
        Assert.Equal(s_small.MaxPositions - 3, full.Ids.Count);
        Assert.Equal(free.Ids, full.Ids.Take(40));
    }

    [Fact]
    public async Task Requests_that_cannot_be_served_say_why()
    {
        using Generator generator = new(s_small, s_weights, new EngineOptions { Threads = 1, CacheTokens = 64 });
        async Task<string> Fault(GenerationRequest request) =>
            (await Assert.ThrowsAsync<EngineException>(() => generator.GenerateAsync(request))).Message;
        Assert.Contains("cache holds 64", await Fault(new GenerationRequest { PromptIds = new int[64] }));
        Assert.Contains("no tokens", await Fault(new GenerationRequest { PromptIds = [] }));
        Assert.Contains("97", await Fault(new GenerationRequest { PromptIds = [97] }));
        Assert.Contains("at least 1", await Fault(new GenerationRequest { PromptIds = [1], MaxTokens = 0 }));
        Assert.Contains(
            "made for at most 256",
            (
                await Assert.ThrowsAsync<EngineException>(() => generator.LogProbsAsync(new int[200], new int[57]))
            ).Message
        );
        Assert.Contains(
            "Threads",
            Assert
                .Throws<EngineException>(() => new Generator(s_small, s_weights, new EngineOptions { Threads = 0 }))
                .Message
        );
        Assert.Empty(await generator.LogProbsAsync([1], []));
    }

    private static int[] Ids(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.Next(s_small.VocabSize))];

    /// <summary>Weights wide enough that the next token is far from certain and far from uniform.</summary>
    private static IReadOnlyDictionary<string, Tensor> Widen(IReadOnlyDictionary<string, Tensor> tensors)
    {
        foreach ((string name, Tensor tensor) in tensors)
        {
            float factor = name.Contains("norm") ? 1 : 8;
            for (int i = 0; i < tensor.Count; i++)
            {
                tensor.Data[i] *= factor;
            }
        }

        return tensors;
    }
}
