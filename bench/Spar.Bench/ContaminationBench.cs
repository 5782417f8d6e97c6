using System.Diagnostics;
using Spar.Runtime.Prompts;

namespace Spar.Bench;

/// <summary>How fast prompts of a file are drawn while copies of a benchmark's prompts are kept out.</summary>
internal static class ContaminationBench
{
    /// <summary>Draws 1,000 prompts and prints rows a second, with and without a benchmark to keep away from.</summary>
    /// <param name="file">A file of prompts.</param>
    /// <param name="keepAway">The benchmark's prompts.</param>
    public static void Run(string file, string keepAway)
    {
        Draw("reading and drawing alone", file, null);
        Draw("kept away from the benchmark", file, new MeasuredPrompts(MeasuredPrompts.Read(keepAway)));
    }

    private static void Draw(string what, string file, MeasuredPrompts? keepAway)
    {
        Stopwatch watch = Stopwatch.StartNew();
        PromptPool pool = PromptPool.Draw([file], 1000, 1, 0.8, keepAway, default);
        long rows = pool.Report.Rows.Values.Sum();
        Console.WriteLine(FormattableString.Invariant(
            $"{what}: {rows} rows in {watch.Elapsed.TotalSeconds:0.0} s, {rows / watch.Elapsed.TotalSeconds:0} rows/s, {pool.Report.KeptOut} kept out, peak {Process.GetCurrentProcess().PeakWorkingSet64 / 1e6:0} MB"));
    }
}
