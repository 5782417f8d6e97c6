using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;
using Spar.Evaluation.Tests.Fuzzing;

namespace Spar.Bench;

/// <summary>
/// Runs every instruction's check, strictly and loosely, over responses that no model would give: thousands of short
/// ones, then floods of a megabyte. A check that throws ends the run; the slowest are named.
/// </summary>
internal static class FuzzVerifiers
{
    private const int Shown = 8;

    /// <summary>Prints what was run, and the slowest checks.</summary>
    /// <param name="data">
    /// The folder that <c>spar eval --data</c> takes; arguments come from its IFEval, IFTrain and IFBench files.
    /// </param>
    /// <param name="responses">The number of short responses.</param>
    /// <param name="floodLength">The length of a flood in UTF-16 units.</param>
    /// <param name="floods">The number of floods; those at even distances of all kinds are taken.</param>
    /// <param name="seed">Picks responses and arguments.</param>
    public static void Run(string data, int responses, int floodLength, int floods, int seed)
    {
        Dictionary<string, List<Instruction>> instructions = InstructionSamples.Load(data);
        ResponseFuzzer fuzzer = new(seed);
        Random random = new(seed);
        List<(double Seconds, string What)> slowest = [];
        long start = Stopwatch.GetTimestamp();
        long checks = 0;
        for (int i = 0; i < responses; i++)
        {
            checks += Check($"response {i}", fuzzer.Next());
        }

        Report($"{responses} responses", start, checks, slowest);
        slowest.Clear();
        start = Stopwatch.GetTimestamp();
        checks = 0;
        for (int i = 0; i < floods; i++)
        {
            int index = (int)((long)i * ResponseFuzzer.FloodCount / floods);
            string text = fuzzer.Flood(index, floodLength);
            checks += Check($"flood {index}, {JsonSerializer.Serialize(text[..Math.Min(12, text.Length)])}", text);
        }

        Report($"{floods} floods of {floodLength} characters", start, checks, slowest);

        int Check(string name, string response)
        {
            foreach ((string id, List<Instruction> some) in instructions)
            {
                InstructionPrompt prompt = new("", "", [some[random.Next(some.Count)]]);
                long before = Stopwatch.GetTimestamp();
                InstructionScorer.Score(prompt, response);
                slowest.Add((Stopwatch.GetElapsedTime(before).TotalSeconds, $"{id} on {name}"));
            }

            if (slowest.Count > 10_000)
            {
                slowest.Sort((a, b) => b.Seconds.CompareTo(a.Seconds));
                slowest.RemoveRange(Shown, slowest.Count - Shown);
            }

            return instructions.Count;
        }
    }

    private static void Report(string what, long start, long checks, List<(double Seconds, string What)> slowest)
    {
        double all = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: {checks} checks, strict and loose, in {all:0.0} s; no exception. Slowest:"));
        foreach ((double seconds, string name) in slowest.OrderByDescending(one => one.Seconds).Take(Shown))
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {seconds,8:0.000} s  {name}"));
        }
    }
}
