using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Spar.Evaluation.InstructionFollowing;

namespace Spar.Bench;

/// <summary>
/// Seconds that scoring the ready IFEval responses of a data folder takes, strictly and loosely, on one thread. The
/// first pass includes what is loaded and compiled on the way; <c>bench/python/score_ifeval.py</c> is the counterpart.
/// </summary>
internal static class ScoreIFEval
{
    /// <summary>Prints a line for each model's responses.</summary>
    /// <param name="data">The folder that <c>spar eval --data</c> takes.</param>
    public static void Run(string data)
    {
        string folder = Path.Combine(data, "ifeval");
        IReadOnlyList<InstructionPrompt> prompts = InstructionPrompt
            .Load(Path.Combine(folder, "prompts.jsonl"), lenient: false)
            .Items;
        foreach (
            string file in Directory
                .GetFiles(Path.Combine(folder, "responses"), "*.jsonl.gz")
                .Order(StringComparer.Ordinal)
        )
        {
            Dictionary<string, string> responses = Read(file);
            double first = 0;
            double best = double.MaxValue;
            int followed = 0;
            for (int pass = 0; pass < 8; pass++)
            {
                long start = Stopwatch.GetTimestamp();
                followed = InstructionScorer.Score(prompts, responses).Prompts.Strict;
                double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
                first = pass == 0 ? seconds : first;
                best = Math.Min(best, seconds);
            }

            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Path.GetFileName(file)[..^9]}: {responses.Count} responses in {first:0.00} s at first, "
                        + $"{best:0.00} s at best, prompts followed strictly {followed}"
                )
            );
        }
    }

    private static Dictionary<string, string> Read(string file)
    {
        using StreamReader reader = new(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        Dictionary<string, string> responses = [];
        while (reader.ReadLine() is string line)
        {
            using JsonDocument row = JsonDocument.Parse(line);
            responses[row.RootElement.GetProperty("key").ToString()] = row
                .RootElement.GetProperty("response")
                .GetString()!;
        }

        return responses;
    }
}
