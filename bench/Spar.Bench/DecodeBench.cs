using System.Diagnostics;
using Spar.Engine.Inference;
using Spar.Engine.Tensors;

namespace Spar.Bench;

/// <summary>
/// Speed of generation with a given model: reading a prompt of 512 tokens, decoding one stream and 32, and 16 samples
/// of one prompt of 512 tokens with 64 new tokens each, once sharing the prompt and once, with prompts that differ in
/// their first token, not. <c>bench/llama.cpp/decode.py</c> is its counterpart.
/// </summary>
internal static class DecodeBench
{
    private const int PromptTokens = 512;

    /// <summary>Prints a line for each.</summary>
    /// <param name="path">Checkpoint folder or GGUF file.</param>
    /// <param name="threads">Threads of the engine.</param>
    /// <param name="rounded">Whether activations are rounded to 8 bits with quantised weights.</param>
    /// <param name="dtype">What products multiply.</param>
    public static void Run(string path, int threads, bool rounded, DType dtype)
    {
        using ModelWeights weights = ModelWeights.Open(path);
        int vocabulary = weights.Config.VocabSize;
        using Generator generator = new(
            weights,
            new EngineOptions
            {
                Threads = threads,
                CacheTokens = 32 * 1024,
                DraftRows = 0,
                RoundActivations = rounded,
                DType = dtype,
            }
        );
        int salt = 0;

        double Timed(int calls, int prompt, int output, Func<int, int> first)
        {
            int seed = salt += 1000;
            int[] Prompt(int call)
            {
                Random random = new(seed);
                int[] ids = [.. Enumerable.Range(0, prompt).Select(_ => random.Next(100, vocabulary))];
                ids[0] = 1 + first(call);
                return ids;
            }

            Stopwatch? watch = null;
            Lock gate = new();
            int left = calls;
            bool decodeOnly = prompt < PromptTokens;
            Stopwatch whole = Stopwatch.StartNew();
            Task.WhenAll(
                    Enumerable
                        .Range(0, calls)
                        .Select(call =>
                        {
                            int tokens = 0;
                            return generator.GenerateAsync(
                                new GenerationRequest
                                {
                                    PromptIds = Prompt(call),
                                    MaxTokens = output,
                                    EndTokenIds = [],
                                    OnToken = _ =>
                                    {
                                        // Decoding is timed from the first token of the last stream on.
                                        if (tokens++ == 0)
                                        {
                                            lock (gate)
                                            {
                                                watch = --left == 0 ? Stopwatch.StartNew() : watch;
                                            }
                                        }

                                        return false;
                                    },
                                }
                            );
                        })
                )
                .GetAwaiter()
                .GetResult();
            return decodeOnly ? watch!.Elapsed.TotalSeconds : whole.Elapsed.TotalSeconds;
        }

        static double Best(Func<double> run, int rounds = 3) => Enumerable.Range(0, rounds).Select(_ => run()).Min();
        Timed(1, PromptTokens, 1, _ => 0); // warm-up
        Figure.Print(
            $"prefill {PromptTokens} tokens",
            PromptTokens / Best(() => Timed(1, PromptTokens, 1, _ => 0)),
            "tokens/s"
        );
        Figure.Print("decode, 1 stream", 128 / Best(() => Timed(1, 16, 129, _ => 0)), "tokens/s");
        Figure.Print("decode, 32 streams", 32 * 64 / Best(() => Timed(32, 16, 65, call => call)), "tokens/s");
        double shared = Best(() => Timed(16, PromptTokens, 64, _ => 0), 2),
            apart = Best(() => Timed(16, PromptTokens, 64, call => call), 1);
        Figure.Print("16 samples, prompt shared", shared, "s");
        Figure.Print(
            "16 samples, not shared",
            apart,
            "s",
            FormattableString.Invariant($"{apart / shared:F2} times the seconds with sharing")
        );
    }
}
