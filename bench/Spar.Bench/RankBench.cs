using System.Diagnostics;
using System.Globalization;
using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Training;
using Spar.Engine.Training.Losses;
using Spar.Runtime.Mpi;

namespace Spar.Bench;

/// <summary>
/// Tokens per second of optimizer steps that several ranks share, started by mpirun; <c>bench/ranks.sh</c> makes the table.
/// The first rank prints the median step.
/// </summary>
internal static class RankBench
{
    /// <summary>Measures one kind of step.</summary>
    /// <param name="kind">sft, dpo or lora.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="threads">Threads of each rank.</param>
    /// <param name="batches">Batches of 2,048 tokens or less in a step.</param>
    /// <param name="steps">Steps that are timed, after one that is not.</param>
    public static void Run(string kind, ModelConfig config, int threads, int batches, int steps)
    {
        using MpiRanks? ranks = MpiRanks.Join();
        using ThreadTeam team = new(threads);
        LlamaParameters parameters = LlamaParameters.Initialize(config, 1);
        LoraAdapter? adapter = kind == "lora"
            ? LoraAdapter.Initialize(parameters, new LoraSettings { Rank = 16, Alpha = 32 }, 1)
            : null;
        using LlamaTrainer trainer = new(parameters, new AdamWOptions(), team, adapter, ranks: ranks);
        Random random = new(1);
        TrainingSequence[] rows =
        [
            .. Enumerable.Range(0, 8 * batches).Select(_ => new TrainingSequence(
                [.. Enumerable.Range(0, 256).Select(_ => random.Next(config.VocabSize))], 64)),
        ];
        TrainingPair[] pairs = [.. rows.Chunk(2).Select(two => new TrainingPair(two[0], two[1], -800, -800))];
        List<double> speeds = [];
        for (int step = 0; step <= steps; step++)
        {
            long start = Stopwatch.GetTimestamp();
            int tokens = kind == "dpo"
                ? trainer.Step(new Dpo(0.1, 0.1), pairs, 1e-4).Tokens
                : trainer.Step(new CrossEntropy(), rows, 1e-4).Tokens;
            if (step > 0)
            {
                speeds.Add(tokens / Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }

        if (ranks is null or { Rank: 0 })
        {
            speeds.Sort();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{kind}, {ranks?.Count ?? 1} ranks x {threads} threads, {batches} batches a step: {speeds[speeds.Count / 2]:F0} tokens/s"));
        }
    }
}
