using System.Globalization;
using Spar.Seams;

namespace Spar.Cli.Console;

/// <summary>What was found in files of prompts, in words.</summary>
internal static class PromptsText
{
    /// <summary>Rows by file, rows that were dropped by reason, prompts by split.</summary>
    /// <param name="found">What was found.</param>
    public static string Summary(PromptsFound found)
    {
        string rows = string.Join(", ", found.Files.Select(file => Number(file.Path, file.Rows)));
        string dropped = string.Join(", ", found.Dropped.Select(one => Number(one.Key, one.Value)));
        string splits = string.Join(", ", found.Splits.Select(split => Number(split.Name, split.Taken)));
        return $"rows: {rows}; {(dropped.Length == 0 ? "" : $"dropped: {dropped}; ")}taken: {splits}";
    }

    /// <summary>A line for each row that was kept out, and one for those that are not shown.</summary>
    /// <param name="found">What was found.</param>
    /// <param name="most">Rows that are shown, at most.</param>
    public static IEnumerable<string> KeptOut(PromptsFound found, int most)
    {
        foreach (KeptOutPrompt row in found.KeptOut.Take(most))
        {
            yield return $"kept out: {row.Place} (id {row.Id}), near {row.Near}: {row.Measure}";
        }

        if (found.KeptOut.Count > most)
        {
            yield return Number("kept out besides, listed in the run directory:", found.KeptOut.Count - most);
        }
    }

    private static string Number(string name, long count) =>
        string.Create(CultureInfo.InvariantCulture, $"{name} {count}");
}
