using FsCheck;
using FsCheck.Fluent;
using Spar.Engine.Inference;
using Spar.Engine.Models;
using Spar.Engine.Sampling;
using Spar.Engine.Tensors;

namespace Spar.Engine.Tests.Inference;

public class GeneratorTests
{
    private static readonly ModelConfig Small = new()
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

    private static readonly IReadOnlyDictionary<string, Tensor> Weights = Widen(LlamaParameters.Initialize(Small, seed: 3).ToDictionary());

    [Theory]
    [MemberData(nameof(GoldenModel.Names), MemberType = typeof(GoldenModel))]
    public async Task Greedy_ids_and_log_probs_match_the_reference(string name)
    {
        GoldenModel model = GoldenModel.Load(name);
        using Generator generator = new(model.Config, model.Checkpoint.Tensors, new EngineOptions { Threads = 2, CacheTokens = 512 });
        await Task.WhenAll(model.Prompts.Select(async prompt =>
        {
            Task<double[]> scoring = generator.LogProbsAsync(prompt.Ids, prompt.Continuation, TestContext.Current.CancellationToken);
            GenerationResult result = await generator.GenerateAsync(new GenerationRequest { PromptIds = prompt.Ids, MaxTokens = 32, EndTokenIds = [] });
            Assert.Equal(prompt.Greedy, result.Ids);
            double[] logProbs = await scoring;
            Assert.Equal(prompt.LogProbs.Length, logProbs.Length);
            for (int i = 0; i < logProbs.Length; i++)
            {
                Assert.Equal(prompt.LogProbs[i], logProbs[i], 5e-5);
            }

            Assert.Equal(prompt.LogProbs.Sum(), logProbs.Sum(), 5e-4);
        }));
    }

    [Fact]
    public void Results_depend_on_the_request_alone()
    {
        // A world of requests: some share prompts or beginnings of prompts, of all lengths around block borders; some score.
        Gen<(int Seed, int Threads, int MaxSequences, int Blocks)> worlds =
            from seed in Gen.Choose(0, int.MaxValue)
            from threads in Gen.Choose(1, 2)
            from sequences in Gen.Elements(2, 7, 64)
            from blocks in Gen.Elements(12, 20, 300)
            select (seed, threads, sequences, blocks);
        Prop.ForAll(worlds.ToArbitrary(), world =>
        {
            Random random = new(world.Seed);
            GenerationRequest[] requests = Requests(random, 64);
            string[] alone = new string[requests.Length];
            for (int i = 0; i < requests.Length; i++)
            {
                // A fresh engine for every request would be slow: a cache of the least size, and another prompt in between, do the same.
                alone[i] = Run(Alone.Value, requests[i]).GetAwaiter().GetResult();
                if (i % 8 == 0)
                {
                    Alone.Value.GenerateAsync(new GenerationRequest { PromptIds = Ids(random, 255), MaxTokens = 1 }).GetAwaiter().GetResult();
                }
            }

            using Generator generator = new(
                Small, Weights, new EngineOptions { Threads = world.Threads, MaxSequences = world.MaxSequences, CacheTokens = world.Blocks * 16 });
            string[] together = Task.WhenAll(requests.Select(r => Task.Run(() => Run(generator, r)))).GetAwaiter().GetResult();
            Assert.Equal(alone, together);
            string[] again = Task.WhenAll(requests.Reverse().Select(r => Run(generator, r))).GetAwaiter().GetResult();
            Assert.Equal(alone, again.Reverse());
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(12));
    }

    private static readonly Lazy<Generator> Alone = new(() => new Generator(Small, Weights, new EngineOptions { Threads = 1, MaxSequences = 1, CacheTokens = 256 }));

    /// <summary>Ids and the exact log-probabilities of a request's tokens: equal bits in, equal string out.</summary>
    private static async Task<string> Run(Generator generator, GenerationRequest request)
    {
        GenerationResult result = await generator.GenerateAsync(request);
        double[] logProbs = await generator.LogProbsAsync(request.PromptIds, result.Ids);
        return string.Join(' ', result.Ids) + result.End + string.Join(' ', logProbs.Select(BitConverter.DoubleToInt64Bits));
    }

    private static GenerationRequest[] Requests(Random random, int count)
    {
        int[][] stems = [.. Enumerable.Range(0, 4).Select(_ => Ids(random, random.Next(1, 70)))];
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            int[] stem = stems[random.Next(stems.Length)];
            int[] prompt = random.Next(3) == 0 ? [.. stem, .. Ids(random, random.Next(1, 40))] : stem;
            return new GenerationRequest
            {
                PromptIds = prompt,
                MaxTokens = random.Next(1, 60),
                Sampling = new SamplingOptions
                {
                    Temperature = random.Next(4) == 0 ? 0 : 0.9,
                    TopP = random.Next(2) == 0 ? 1 : 0.9,
                    RepetitionPenalty = random.Next(3) == 0 ? 1.2 : 1,
                },
                Seed = (ulong)random.Next(3),
                EndTokenIds = [11],
            };
        })];
    }

    private static int[] Ids(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(Small.VocabSize))];

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
