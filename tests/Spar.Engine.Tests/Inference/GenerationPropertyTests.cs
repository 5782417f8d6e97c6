using FsCheck;
using FsCheck.Fluent;
using Spar.Engine.Inference;
using Spar.Engine.Sampling;
using Spar.Engine.Tests.Models;

namespace Spar.Engine.Tests.Inference;

/// <summary>What a request gives depends on the request alone, to the last bit, whatever the family.</summary>
public class GenerationPropertyTests
{
    [Theory]
    [MemberData(nameof(FamilyModel.Names), MemberType = typeof(FamilyModel))]
    public void Results_depend_on_the_request_alone(string name)
    {
        FamilyModel model = FamilyModel.Get(name);
        using Generator oneAtATime = Engine(model, 1, 1, 12, draftRows: 0);

        // A world of requests: some share prompts or beginnings of prompts, of all lengths around block borders; some
        // score. With few blocks, sequences lose theirs and come back; with many, nearly every prompt is found. One at a
        // time nothing is guessed ahead, together much is.
        Gen<(int Seed, int Threads, int MaxSequences, int Blocks)> worlds =
            from seed in Gen.Choose(0, int.MaxValue)
            from sequences in Gen.Elements(7, 64)
            from blocks in Gen.Elements(12, 20, 300)
            select (seed, 1 + (seed % 2), sequences, blocks);
        Prop.ForAll(
                worlds.ToArbitrary(),
                world =>
                {
                    Random random = new(world.Seed);
                    GenerationRequest[] requests = Requests(model, random, 64);
                    string[] alone = new string[requests.Length];
                    for (int i = 0; i < requests.Length; i++)
                    {
                        alone[i] = Run(oneAtATime, requests[i]).GetAwaiter().GetResult();
                        if (i % 8 == 0)
                        {
                            // As long as the cache, so that the engine forgets what it knows.
                            oneAtATime
                                .GenerateAsync(
                                    new GenerationRequest { PromptIds = model.Ids(190, random.Next()), MaxTokens = 1 }
                                )
                                .GetAwaiter()
                                .GetResult();
                        }
                    }

                    using Generator generator = Engine(
                        model, world.Threads, world.MaxSequences, world.Blocks, draftRows: 32 << (world.Seed % 3));
                    string[] together = Task.WhenAll(requests.Select(r => Task.Run(() => Run(generator, r))))
                        .GetAwaiter()
                        .GetResult();
                    Assert.Equal(alone, together);
                    string[] again = Task.WhenAll(requests.Reverse().Select(r => Run(generator, r)))
                        .GetAwaiter()
                        .GetResult();
                    Assert.Equal(alone, again.Reverse());
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(1)); // a world for each family
    }

    private static Generator Engine(FamilyModel model, int threads, int maxSequences, int blocks, int draftRows) =>
        new(
            model.Config,
            model.Checkpoint.Tensors,
            new EngineOptions
            {
                Threads = threads,
                MaxSequences = maxSequences,
                CacheTokens = blocks * 16,
                DraftRows = draftRows,
            }
        );

    /// <summary>Ids and the exact log-probabilities of a request's tokens: equal bits in, equal string out.</summary>
    private static async Task<string> Run(Generator generator, GenerationRequest request)
    {
        GenerationResult result = await generator.GenerateAsync(request);
        double[] logProbs = await generator.LogProbsAsync(request.PromptIds, result.Ids);
        Assert.All(logProbs.Zip(result.LogProbs!), pair => Assert.Equal(pair.First, pair.Second.LogProb));
        return string.Join(' ', result.Ids)
            + result.End
            + string.Join(' ', logProbs.Select(BitConverter.DoubleToInt64Bits));
    }

    private static GenerationRequest[] Requests(FamilyModel model, Random random, int count)
    {
        int[][] stems = [.. Enumerable.Range(0, 4).Select(_ => model.Ids(random.Next(1, 70), random.Next()))];
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ =>
                {
                    int[] stem = stems[random.Next(stems.Length)];
                    int[] prompt =
                        random.Next(3) switch
                        {
                            0 => [.. stem, .. model.Ids(random.Next(1, 40), random.Next())],
                            1 => [.. stem, .. stem[^Math.Min(stem.Length, 20)..]],
                            _ => stem,
                        };
                    return new GenerationRequest
                    {
                        PromptIds = prompt,
                        MaxTokens = random.Next(1, 40),
                        Sampling = new SamplingOptions
                        {
                            Temperature = random.Next(4) == 0 ? 0 : 0.9,
                            TopP = random.Next(2) == 0 ? 1 : 0.9,
                            MinP = random.Next(4) == 0 ? 0.05 : 0,
                            RepetitionPenalty = random.Next(3) == 0 ? 1.2 : 1,
                            FrequencyPenalty = random.Next(3) == 0 ? 0.3 : 0,
                        },
                        Seed = (ulong)random.Next(3),
                        EndTokenIds = [11],
                        TopLogProbs = 1,
                    };
                }),
        ];
    }
}
