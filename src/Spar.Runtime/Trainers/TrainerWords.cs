using System.Text.RegularExpressions;
using Spar.Ground;

namespace Spar.Runtime.Trainers;

/// <summary>Reads out of what a trainer printed why it ended.</summary>
internal static partial class TrainerWords
{
    /// <summary>Exit status of a shell where there is no such command (POSIX).</summary>
    private const int NoSuchCommand = 127;

    // 128 + SIGKILL, which is what a machine without memory sends.
    private const int Killed = 137;

    /// <summary>The line that says that memory ran out; null where none does.</summary>
    /// <param name="printed">What the trainer printed.</param>
    public static string? OutOfMemory(string printed) => Last(printed, Memory());

    /// <summary>Whether the exit status alone says that the machine's memory ran out.</summary>
    /// <param name="exitCode">The exit status.</param>
    public static bool WasKilled(int? exitCode) => exitCode == Killed;

    /// <summary>The line that says that a program is not there; null where all are.</summary>
    /// <param name="printed">What the trainer printed.</param>
    /// <param name="exitCode">The exit status.</param>
    public static string? CommandMissing(string printed, int? exitCode) =>
        exitCode == NoSuchCommand ? Last(printed, NotFound()) ?? "command not found"
            : Last(printed, NoModule());

    /// <summary>
    /// The last words of a Python traceback: the line of its exception, of the last one where one led to another; null
    /// where there is no traceback.
    /// </summary>
    /// <param name="printed">What the trainer printed.</param>
    public static string? Traceback(string printed)
    {
        string[] lines = printed.Split('\n');
        string? fault = null;
        for (int i = 0; i < lines.Length; i++)
        {
            // torchrun puts the rank before each line.
            if (!lines[i].Contains("Traceback (most recent call last):", StringComparison.Ordinal))
            {
                continue;
            }

            string before = lines[i][..lines[i].IndexOf("Traceback", StringComparison.Ordinal)];
            string? own = lines.Skip(i + 1)
                .Select(line => line.StartsWith(before, StringComparison.Ordinal) ? line[before.Length..] : line)
                .FirstOrDefault(line => Exception().IsMatch(line));

            // What torchrun says at the end is only that a process has failed.
            fault = own is null || (fault is not null && own.Contains("ChildFailedError", StringComparison.Ordinal))
                ? fault
                : own;
        }

        return fault is null ? null : HarmlessText.Name(fault.Trim());
    }

    /// <summary>The last line that says anything.</summary>
    /// <param name="printed">What the trainer printed.</param>
    public static string LastLine(string printed) => HarmlessText.Name(
        printed.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault()
        ?? "nothing");

    private static string? Last(string printed, Regex sign) =>
        printed.Split('\n').LastOrDefault(line => sign.IsMatch(line)) is { } line
            ? HarmlessText.Name(line.Trim())
            : null;

    [GeneratedRegex("OutOfMemoryError|CUDA out of memory|HIP out of memory|DefaultCPUAllocator: (can't|not enough)"
        + "|^MemoryError|oom[-_]kill|CUBLAS_STATUS_ALLOC_FAILED|Cannot allocate memory")]
    private static partial Regex Memory();

    [GeneratedRegex("command not found|No such file or directory|: not found")]
    private static partial Regex NotFound();

    [GeneratedRegex("No module named '?(trl|datasets|transformers|torch|peft|llamafactory|deepspeed)\\b"
        + "|FileNotFoundError: .*'torchrun'")]
    private static partial Regex NoModule();

    [GeneratedRegex(@"^[A-Za-z_][\w.]*(Error|Exception|Interrupt|Exit|Warning|Failure)?(:|$)")]
    private static partial Regex Exception();
}
