using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runs;

/// <summary>How far a run is.</summary>
public enum RunProgress
{
    /// <summary>Its last row is measured, or drift has stopped it.</summary>
    Ended,

    /// <summary>A process works on it now.</summary>
    AtWork,

    /// <summary>It was interrupted or killed, and goes on with the same command.</summary>
    Interrupted,

    /// <summary>It ended with a fault, which has to be mended first.</summary>
    Failed,
}

/// <summary>
/// What a run has come to and what it waits for: out of its store, and for what no store keeps (the stage in hand, the
/// last fault, the command) out of the end of its log.
/// </summary>
/// <param name="Progress">How far it is.</param>
/// <param name="Results">Its results so far.</param>
/// <param name="LastStage">The stage that ended last; null where none has.</param>
public sealed partial record RunState(RunProgress Progress, RunResults Results, string? LastStage)
{
    // More than the lines of any one stage's end.
    private const int TailBytes = 1 << 18;

    /// <summary>The stage that was begun and has not ended; null where there is none, or no log tells.</summary>
    public string? Stage { get; init; }

    /// <summary>Items of that stage; null where it has none that can be counted.</summary>
    public int? StageItems { get; init; }

    /// <summary>The fault that ended the last session; null where it ended otherwise.</summary>
    public string? Fault { get; init; }

    /// <summary>The command that goes on with it; null where no log tells.</summary>
    public string? Command { get; init; }

    /// <summary>Reads a run's state; changes nothing in its directory.</summary>
    /// <param name="store">The run, open for reading.</param>
    /// <returns>Null where the directory belongs to no recipe's run.</returns>
    public static RunState? Of(RunStore store) =>
        store.Identity.Values.ContainsKey("iterations") ? Of(store, RunResults.Of(store)) : null;

    /// <summary>Reads a run's state where its results have been read already.</summary>
    /// <param name="store">The run, open for reading.</param>
    /// <param name="results">Its results.</param>
    /// <returns>Null where the directory belongs to no recipe's run.</returns>
    public static RunState? Of(RunStore store, RunResults results)
    {
        if (!store.Identity.Values.TryGetValue("iterations", out string? iterations))
        {
            return null;
        }

        bool ended = store.Retrying is null && (results.StoppedByDrift is not null
            || (int.TryParse(iterations, CultureInfo.InvariantCulture, out int count)
                && results.Rows.Any(row => row.Name == RowName.Last(count))));
        IReadOnlyList<string> stages = store.Stages();
        RunState state = Read(new RunState(RunProgress.Interrupted, results, stages.LastOrDefault()), store.Directory);
        RunProgress progress =
            ended ? RunProgress.Ended
            : RunStore.IsAtWork(store.Directory) ? RunProgress.AtWork
            : state.Fault is not null ? RunProgress.Failed
            : RunProgress.Interrupted;
        bool open = !ended && state.Stage is { } begun && (!stages.Contains(begun) || begun == store.Retrying);
        return state with
        {
            Progress = progress,
            Stage = open ? state.Stage : store.Retrying,
            StageItems = open ? state.StageItems : null,
            Fault = progress == RunProgress.Failed ? state.Fault : null,
        };
    }

    /// <summary>The line by which a session's log names its command.</summary>
    /// <param name="command">The command.</param>
    public static string CommandLine(string command) => $"command: {command}";

    private static RunState Read(RunState state, string directory)
    {
        foreach (string line in Tail(Path.Combine(directory, RunLog.FileName)))
        {
            if (Event().Match(line) is not { Success: true } found)
            {
                continue;
            }

            string level = found.Groups[1].Value;
            string text = found.Groups[2].Value;
            if (text.StartsWith(CommandLine(""), StringComparison.Ordinal))
            {
                // A session begins: what the one before came to is past.
                state = state with { Command = text[CommandLine("").Length..], Fault = null, Stage = null };
            }
            else if (level == "info" && Begins().Match(text) is { Success: true } begins)
            {
                state = state with
                {
                    Stage = begins.Groups[1].Value,
                    StageItems = int.TryParse(begins.Groups[2].Value, CultureInfo.InvariantCulture, out int items)
                        ? items
                        : null,
                };
            }
            else if (level == "error" && text != RunLog.Interrupted && !Lost().IsMatch(text))
            {
                state = state with { Fault = text };
            }
        }

        return state;
    }

    private static IEnumerable<string> Tail(string log)
    {
        byte[] bytes;
        try
        {
            using FileStream stream = new(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            stream.Seek(-Math.Min(stream.Length, TailBytes), SeekOrigin.End);
            bytes = new byte[TailBytes];
            int read = stream.ReadAtLeast(bytes, TailBytes, throwOnEndOfStream: false);
            bytes = bytes[..read];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return [];
        }

        return Encoding.UTF8.GetString(bytes).Split('\n');
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\S+Z (info|warning|error) +(.*)$")]
    private static partial Regex Event();

    [GeneratedRegex(@"^(\S+) begins(?:, (\d+) items)?$")]
    private static partial Regex Begins();

    [GeneratedRegex(@"^\S+: .* was lost: ")]
    private static partial Regex Lost();
}
