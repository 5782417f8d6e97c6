using System.Diagnostics;
using Spar.Engine.Inference;
using Spar.Engine.Models;
using Spar.Engine.Sampling;
using Spar.Engine.Tensors;

namespace Spar.Bench;

/// <summary>
/// Generated tokens a second of the embedded engine at the nano shape (vocabulary 1024, hidden 128, 4 layers of 4
/// heads, feed-forward 384) with random weights: prompts of 60 tokens, 40 tokens each, five calls a prompt.
/// <c>bench/LibTorch</c> has its counterpart.
/// </summary>
internal static class GenerateNano
{
    private const int PromptTokens = 60;
    private const int OutputTokens = 40;
    private const int CallsPerPrompt = 5;

    private static readonly ModelConfig s_nano = new()
    {
        ModelType = "llama",
        VocabSize = 1024,
        HiddenSize = 128,
        IntermediateSize = 384,
        LayerCount = 4,
        HeadCount = 4,
        KvHeadCount = 4,
        HeadDim = 32,
        MaxPositions = 512,
        TieWordEmbeddings = true,
    };

    /// <summary>Prints a line for 1, 32 and 256 calls in flight.</summary>
    /// <param name="threads">Threads of the engine.</param>
    /// <param name="dtype">What products multiply.</param>
    public static void Run(int threads, DType dtype)
    {
        using Generator generator = new(
            s_nano,
            LlamaParameters.Initialize(s_nano, seed: 1).ToDictionary(),
            new EngineOptions { Threads = threads, DType = dtype }
        );
        foreach (int streams in new[] { 1, 32, 256 })
        {
            Measure(generator, streams, calls: 10 * streams); // warm-up
            int calls = Math.Max(40, streams * 12);
            double seconds = Measure(generator, streams, calls);
            Figure.Print(
                $"generate nano, {streams} streams; {(dtype == DType.Float32 ? "fp32" : "bf16")} spar",
                calls * OutputTokens / seconds,
                "tokens/s",
                FormattableString.Invariant($"{calls} calls in {seconds:F2} s")
            );
        }
    }

    private static double Measure(Generator generator, int streams, int calls)
    {
        SamplingOptions sampling = new() { Temperature = 1 };
        int next = -1;
        int salt = Random.Shared.Next(); // new prompts every time: nothing is cached from before

        async Task Caller()
        {
            for (int call; (call = Interlocked.Increment(ref next)) < calls;)
            {
                Random random = new(salt + (call / CallsPerPrompt));
                int[] prompt = [.. Enumerable.Range(0, PromptTokens).Select(_ => random.Next(s_nano.VocabSize))];
                GenerationResult result = await generator.GenerateAsync(
                    new GenerationRequest
                    {
                        PromptIds = prompt,
                        MaxTokens = OutputTokens,
                        Sampling = sampling,
                        Seed = (ulong)call,
                        EndTokenIds = [],
                    }
                );
                if (result.Ids.Count != OutputTokens)
                {
                    throw new InvalidOperationException($"A call gave {result.Ids.Count} tokens.");
                }
            }
        }

        Stopwatch watch = Stopwatch.StartNew();
        Task.WhenAll(Enumerable.Range(0, streams).Select(_ => Task.Run(Caller))).GetAwaiter().GetResult();
        return watch.Elapsed.TotalSeconds;
    }
}
