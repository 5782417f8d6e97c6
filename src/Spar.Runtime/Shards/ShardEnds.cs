using System.Globalization;
using Spar.Runtime.Launchers;

namespace Spar.Runtime.Shards;

/// <summary>How a shard ended, in words.</summary>
internal static class ShardEnds
{
    /// <summary>
    /// Whether it ended by itself with a fault, so that it would do so again; not by a signal, nor for failed calls.
    /// </summary>
    /// <param name="state">How it ended.</param>
    public static bool IsFault(JobState state) => state is { End: JobEnd.Exited, ExitCode: > 0 and not 3 and < 128 };

    /// <summary>Why a shard that ended is to be played again.</summary>
    /// <param name="state">How it ended.</param>
    public static string How(JobState state) => state.End switch
    {
        JobEnd.OutOfMemory => "it ran out of memory",
        JobEnd.TimeLimit => "its time was over",
        JobEnd.Cancelled => "somebody cancelled it",
        JobEnd.NodeLost => "its node failed or was taken away" + (state.Detail is null ? "" : $" ({state.Detail})"),
        JobEnd.Exited when state.ExitCode >= 128 => string.Create(
            CultureInfo.InvariantCulture, $"a signal ended it (exit status {state.ExitCode})"),
        JobEnd.Exited when state.ExitCode == 3 => "some of its calls failed",
        JobEnd.Exited => "it ended before all was played",
        _ => "it is gone without a word",
    };

    /// <summary>Shards as people list them.</summary>
    /// <param name="shards">Their numbers.</param>
    public static string Words(IReadOnlyCollection<int> shards) =>
        (shards.Count == 1 ? "shard " : "shards ") + string.Join(", ", shards);

    /// <summary>The last line that says something.</summary>
    /// <param name="log">A log; need not be there.</param>
    public static string LastLine(string log)
    {
        try
        {
            return File.ReadLines(log).LastOrDefault(line => !string.IsNullOrWhiteSpace(line))?.Trim() ?? "it said nothing";
        }
        catch (IOException)
        {
            return "it said nothing";
        }
    }
}
