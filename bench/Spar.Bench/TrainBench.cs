using System.Diagnostics;
using System.Globalization;
using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;
using Spar.Engine.Training;
using Spar.Engine.Training.Losses;

namespace Spar.Bench;

/// <summary>
/// Tokens per second of single optimizer steps. <c>bench/LibTorch</c> does the same with LibTorch.
/// </summary>
internal static class TrainBench
{
    private const int PromptLength = 64;

    private static readonly ModelConfig s_nano = new()
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

    // The same rows again and again: never so sure of them that gradients become denormal.
    private const double Rate = 1e-8;

    private static readonly ModelConfig s_smolLm2 = new()
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

    /// <summary>A step that several ranks share.</summary>
    public static void RunRanks(string kind, string shape, int threads, int batches, int steps) =>
        RankBench.Run(kind, shape == "nano" ? s_nano : s_smolLm2, threads, batches, steps);

    /// <summary>
    /// The shape of SmolLM2-135M, one sequence, or as many as are asked for, or one pair a step; also an adapter's
    /// training (case 3).
    /// </summary>
    /// <param name="threads">Threads to use.</param>
    /// <param name="settings">
    /// <c>rows=N</c>, sequences a step, <c>tokens=N</c>, of each sequence, and <c>memory=MIB</c>, which what a batch
    /// leaves for its backward pass may take.
    /// </param>
    public static void Run135M(int threads, string[] settings)
    {
        Dictionary<string, int> given = settings.Select(setting => setting.Split('=')).ToDictionary(
            parts => parts[0],
            parts => int.Parse(parts[1], CultureInfo.InvariantCulture)
        );
        long? bytes = given.TryGetValue("memory", out int memory) ? (long)memory << 20 : null;
        int rows = given.GetValueOrDefault("rows", 1), tokens = given.GetValueOrDefault("tokens", 512);
        Run("135m", s_smolLm2, threads, rows, pairs: 1, tokens, bytes);
    }

    /// <summary>The nano shape, 32 rows of 192 tokens a step.</summary>
    public static void RunNano(int threads) => Run("nano", s_nano, threads, rows: 32, pairs: 16, tokens: 192);

    /// <summary>
    /// Takes one step for every line of standard input, which names a case by its number, and prints its figure: the
    /// peers' steps come between.
    /// </summary>
    private static void Run(
        string name,
        ModelConfig config,
        int threads,
        int rows,
        int pairs,
        int tokens,
        long? activationBytes = null
    )
    {
        using ThreadTeam team = new(threads);
        LlamaParameters parameters = LlamaParameters.Initialize(config, 1);
        DType[] types = [DType.Float32, DType.BFloat16];
        Lazy<LlamaTrainer>[] whole =
        [
            .. types.Select(dtype => new Lazy<LlamaTrainer>(() =>
                new LlamaTrainer(parameters, new AdamWOptions(), team, activationBytes: activationBytes, dtype: dtype)
            )),
        ];
        Lazy<LlamaTrainer>[] lora =
        [
            .. types.Select(dtype => new Lazy<LlamaTrainer>(() =>
                new LlamaTrainer(
                    parameters,
                    new AdamWOptions(),
                    team,
                    LoraAdapter.Initialize(parameters, new LoraSettings { Rank = 16, Alpha = 32 }, 1),
                    activationBytes,
                    dtype: dtype
                )
            )),
        ];
        TrainingSequence[] all = Rows(config, rows, tokens, 1),
            responses = Rows(config, rows, tokens, PromptLength);
        TrainingSequence[] sides = Rows(config, 2 * pairs, tokens, PromptLength);
        TrainingPair[] paired =
        [
            .. Enumerable.Range(0, pairs).Select(i => new TrainingPair(sides[2 * i], sides[(2 * i) + 1], -800, -800)),
        ];
        (string Name, Func<int> Step)[] cases =
        [
            .. types.SelectMany((dtype, i) =>
                new (string Name, Func<int> Step)[]
                {
                    ("SFT, loss on all tokens", () => whole[i].Value.Step(new CrossEntropy(), all, Rate).Tokens),
                    ("SFT, loss on the response", () => whole[i].Value.Step(new CrossEntropy(), responses, Rate).Tokens),
                    ("DPO", () => whole[i].Value.Step(new Dpo(0.1, 0.1), paired, Rate).Tokens),
                    ("SFT of a LoRA adapter", () => lora[i].Value.Step(new CrossEntropy(), all, Rate).Tokens),
                }.Select(one => ($"{one.Name}; {(dtype == DType.Float32 ? "fp32" : "bf16")} spar", one.Step))
            ),
        ];
        HashSet<int> warm = [];
        while (Console.ReadLine() is { } line)
        {
            int index = int.Parse(line, CultureInfo.InvariantCulture);
            if (warm.Add(index))
            {
                WarmUp(cases[index].Step);
            }

            long allocated = GC.GetTotalAllocatedBytes(),
                start = Stopwatch.GetTimestamp();
            int count = cases[index].Step();
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Figure.Print(
                $"{name}: {cases[index].Name}",
                count / seconds,
                "tokens/s",
                FormattableString.Invariant(
                    $"{(GC.GetTotalAllocatedBytes() - allocated) / 1024} KiB allocated, at most {Process.GetCurrentProcess().PeakWorkingSet64 / (double)(1 << 30):F2} GiB in use"
                )
            );
        }
    }

    /// <summary>Steps for a while: the runtime compiles anew what runs often.</summary>
    private static void WarmUp(Func<int> step)
    {
        long start = Stopwatch.GetTimestamp();
        do
        {
            step();
        } while (Stopwatch.GetElapsedTime(start).TotalSeconds < 3);
    }

    private static TrainingSequence[] Rows(ModelConfig config, int count, int tokens, int firstTarget)
    {
        Random random = new(1);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ => new TrainingSequence(
                    [.. Enumerable.Range(0, tokens).Select(_ => random.Next(config.VocabSize))],
                    firstTarget
                )),
        ];
    }
}
