using System.Diagnostics;
using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Training;

namespace Spar.Bench;

/// <summary>Tokens per second of optimizer steps. <c>bench/pytorch/train_nano.py</c> does the same at the nano shape with PyTorch.</summary>
internal static class TrainBench
{
    private const int Length = 192, Rows = 32, PromptLength = 64;

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

    /// <summary>The shape of SmolLM2-135M, one sequence a step, all parameters and LoRA, with the process's largest memory.</summary>
    public static void Run135M(int threads, int steps, int tokens)
    {
        using ThreadTeam team = new(threads);
        Random random = new(1);
        TrainingSequence row = new([.. Enumerable.Range(0, tokens).Select(_ => random.Next(SmolLm2.VocabSize))], 1);
        LlamaParameters parameters = LlamaParameters.Initialize(SmolLm2, 1);
        using (LlamaTrainer lora = new(parameters, new AdamWOptions(), team, LoraAdapter.Initialize(parameters, new LoraSettings { Rank = 16, Alpha = 32 }, 1)))
        {
            Report($"135M, LoRA, {tokens} tokens", () => lora.SupervisedStep([row], 1e-4).Tokens, steps, warmup: 1);
            ReportMemory();
        }

        using LlamaTrainer trainer = new(parameters, new AdamWOptions(), team);
        Report($"135M, SFT, {tokens} tokens", () => trainer.SupervisedStep([row], 1e-4).Tokens, steps, warmup: 1);
        ReportMemory();
    }

    public static void Run(int threads, int steps)
    {
        using ThreadTeam team = new(threads);
        using LlamaTrainer trainer = new(LlamaParameters.Initialize(Nano, 1), new AdamWOptions(), team);
        Random random = new(1);
        TrainingSequence Row(int firstTarget) => new([.. Enumerable.Range(0, Length).Select(_ => random.Next(Nano.VocabSize))], firstTarget);
        TrainingSequence[] whole = [.. Enumerable.Range(0, Rows).Select(_ => Row(1))];
        TrainingSequence[] responses = [.. Enumerable.Range(0, Rows).Select(_ => Row(PromptLength))];
        TrainingPair[] pairs = [.. Enumerable.Range(0, Rows / 2).Select(i => new TrainingPair(responses[2 * i], responses[(2 * i) + 1], -800, -800))];
        Report("SFT, loss on all tokens", () => trainer.SupervisedStep(whole, 1e-4).Tokens, steps);
        Report("SFT, loss on 2/3 of the tokens", () => trainer.SupervisedStep(responses, 1e-4).Tokens, steps);
        Report("DPO", () => trainer.PreferenceStep(pairs, 1e-4, 0.1, 0.1).Tokens, steps);
    }

    private static void ReportMemory() => Console.WriteLine($"largest memory {Process.GetCurrentProcess().PeakWorkingSet64 / (double)(1 << 30):F2} GiB");

    private static void Report(string name, Func<int> step, int steps, int warmup = 2)
    {
        for (int i = 0; i < warmup; i++)
        {
            step();
        }

        List<double> seconds = [];
        int tokens = 0;
        TimeSpan processor = Process.GetCurrentProcess().TotalProcessorTime;
        long allocated = GC.GetTotalAllocatedBytes();
        for (int i = 0; i < steps; i++)
        {
            long start = Stopwatch.GetTimestamp();
            tokens = step();
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        allocated = (GC.GetTotalAllocatedBytes() - allocated) / steps;
        double processorSeconds = (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds;
        seconds.Sort();
        Console.WriteLine($"{name,-32} best {tokens / seconds[0],8:F0} tokens/s, median {tokens / seconds[steps / 2],8:F0}, {steps * (double)tokens / processorSeconds:F0} a processor second, {allocated / 1024} KiB allocated a step");
    }
}
