using System.Diagnostics;
using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Training;

namespace Spar.Bench;

/// <summary>Tokens per second of optimizer steps. <c>bench/pytorch/train.py</c> does the same with PyTorch.</summary>
internal static class TrainBench
{
    private const int PromptLength = 64;

    private static readonly ModelConfig Nano = new()
    {
        ModelType = "llama",
        VocabSize = 512,
        HiddenSize = 128,
        IntermediateSize = 384,
        LayerCount = 4,
        HeadCount = 4,
        KvHeadCount = 4,
        HeadDim = 32,
        MaxPositions = 512,
        TieWordEmbeddings = true,
    };

    private static readonly ModelConfig SmolLm2 = new()
    {
        ModelType = "llama",
        VocabSize = 49152,
        HiddenSize = 576,
        IntermediateSize = 1536,
        LayerCount = 30,
        HeadCount = 9,
        KvHeadCount = 3,
        HeadDim = 64,
        MaxPositions = 8192,
        TieWordEmbeddings = true,
    };

    /// <summary>The shape of SmolLM2-135M, one sequence or pair a step: LoRA, then all parameters; with the process's largest memory.</summary>
    public static void Run135M(int threads, int steps, int tokens)
    {
        using ThreadTeam team = new(threads);
        LlamaParameters parameters = LlamaParameters.Initialize(SmolLm2, 1);
        using (LlamaTrainer lora = new(parameters, new AdamWOptions(), team, LoraAdapter.Initialize(parameters, new LoraSettings { Rank = 16, Alpha = 32 }, 1)))
        {
            TrainingSequence row = Rows(SmolLm2, 1, tokens, 1)[0];
            Report("135m: SFT of a LoRA adapter", () => lora.SupervisedStep([row], 1e-4).Tokens, steps);
            ReportMemory();
        }

        using LlamaTrainer trainer = new(parameters, new AdamWOptions(), team);
        Run("135m", trainer, SmolLm2, rows: 1, pairs: 1, tokens, steps);
        ReportMemory();
    }

    /// <summary>The nano shape, 32 rows of 192 tokens a step.</summary>
    public static void RunNano(int threads, int steps)
    {
        using ThreadTeam team = new(threads);
        using LlamaTrainer trainer = new(LlamaParameters.Initialize(Nano, 1), new AdamWOptions(), team);
        Run("nano", trainer, Nano, rows: 32, pairs: 16, tokens: 192, steps);
    }

    private static void Run(string name, LlamaTrainer trainer, ModelConfig config, int rows, int pairs, int tokens, int steps)
    {
        TrainingSequence[] whole = Rows(config, rows, tokens, 1), responses = Rows(config, rows, tokens, PromptLength);
        TrainingSequence[] sides = Rows(config, 2 * pairs, tokens, PromptLength);
        TrainingPair[] paired = [.. Enumerable.Range(0, pairs).Select(i => new TrainingPair(sides[2 * i], sides[(2 * i) + 1], -800, -800))];
        Report($"{name}: SFT, loss on all tokens", () => trainer.SupervisedStep(whole, 1e-4).Tokens, steps);
        Report($"{name}: SFT, loss on the response", () => trainer.SupervisedStep(responses, 1e-4).Tokens, steps);
        Report($"{name}: DPO", () => trainer.PreferenceStep(paired, 1e-4, 0.1, 0.1).Tokens, steps);
    }

    private static TrainingSequence[] Rows(ModelConfig config, int count, int tokens, int firstTarget)
    {
        Random random = new(1);
        return [.. Enumerable.Range(0, count).Select(_ => new TrainingSequence([.. Enumerable.Range(0, tokens).Select(_ => random.Next(config.VocabSize))], firstTarget))];
    }

    private static void ReportMemory() => Console.WriteLine($"largest memory {Process.GetCurrentProcess().PeakWorkingSet64 / (double)(1 << 30):F2} GiB");

    private static void Report(string name, Func<int> step, int steps)
    {
        long warmUp = Stopwatch.GetTimestamp(); // the runtime compiles anew what runs often
        do
        {
            step();
        }
        while (Stopwatch.GetElapsedTime(warmUp).TotalSeconds < 3);

        double best = double.MaxValue;
        int tokens = 0;
        long allocated = GC.GetTotalAllocatedBytes();
        for (int i = 0; i < steps; i++)
        {
            long start = Stopwatch.GetTimestamp();
            tokens = step();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        Figure.Print(name, tokens / best, "tokens/s", FormattableString.Invariant($"{(GC.GetTotalAllocatedBytes() - allocated) / steps / 1024} KiB allocated a step"));
    }
}
