using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;

namespace Spar.Bench;

/// <summary>
/// Seconds that scoring 300 ready IFBench responses of a data folder takes, strictly and loosely, on one thread: in a
/// first pass, with all that is loaded and compiled on the way, and the sum of each response's best of several passes.
/// <c>bench/python/score_ifbench.py</c> is the counterpart.
/// </summary>
internal static class ScoreIFBench
{
    private const int Responses = 300;
    private const int Passes = 200;

    /// <summary>Prints the time and what came out.</summary>
    /// <param name="data">The folder that <c>spar eval --data</c> takes.</param>
    public static void Run(string data)
    {
        string folder = Path.Combine(data, "ifbench");
        Dictionary<string, InstructionPrompt> prompts =
            InstructionPrompt.Load(Path.Combine(folder, "prompts.jsonl")).Items.ToDictionary(prompt => prompt.Key);
        (InstructionPrompt, string)[] responses =
        [
            .. new[] { "sample_output", "sample_mutated" }
                .SelectMany(name => Read(Path.Combine(folder, "responses", name + ".jsonl.gz")))
                .Take(Responses)
                .Select(row => (prompts[row.Key], row.Response)),
        ];
        double first = 0;
        double[] best = [.. Enumerable.Repeat(double.MaxValue, responses.Length)];
        (int strict, int loose) = (0, 0);
        for (int pass = 0; pass < Passes; pass++)
        {
            (strict, loose) = (0, 0);
            for (int i = 0; i < responses.Length; i++)
            {
                (InstructionPrompt prompt, string response) = responses[i];
                long start = Stopwatch.GetTimestamp();
                InstructionSample sample = InstructionScorer.Score(prompt, response);
                double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
                best[i] = Math.Min(best[i], seconds);
                first += pass == 0 ? seconds : 0;
                strict += sample.Strict.Count(followed => followed);
                loose += sample.Loose.Count(followed => followed);
            }
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"ifbench: {responses.Length} responses in {first:0.000} s at first, {best.Sum():0.0000} s at best, "
            + $"instructions followed strictly {strict}, loosely {loose}"));
    }

    private static IEnumerable<(string Key, string Response)> Read(string file)
    {
        using StreamReader reader = new(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        while (reader.ReadLine() is string line)
        {
            using JsonDocument row = JsonDocument.Parse(line);
            JsonElement record = row.RootElement;
            yield return (record.GetProperty("key").GetString()!, record.GetProperty("response").GetString()!);
        }
    }
}
