using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Spar.Ground;
using Spar.Seams;

namespace Spar.Runtime.Fleet;

/// <summary>Runs the command by which a recipe brings a checkpoint to servers.</summary>
internal static class ServingCommand
{
    private const int TailLines = 8;

    /// <summary>The command with its placeholders filled in, each as one word of the shell.</summary>
    /// <param name="command">As the recipe has it.</param>
    /// <param name="role">The part.</param>
    /// <param name="brought">The checkpoint.</param>
    public static string Fill(string command, ModelRole role, BroughtCheckpoint brought) => command
        .Replace("{checkpoint}", Quote(brought.Checkpoint), StringComparison.Ordinal)
        .Replace("{stage}", Quote(brought.Stage), StringComparison.Ordinal)
        .Replace("{role}", Quote(role.ToString().ToLowerInvariant()), StringComparison.Ordinal)
        .Replace("{name}", Quote(brought.Name), StringComparison.Ordinal);

    /// <summary>
    /// Runs a command to its end. What it writes goes to a file, so that servers which it leaves behind hold nothing of
    /// this process.
    /// </summary>
    /// <param name="command">The command.</param>
    /// <param name="log">The file; what was there is replaced.</param>
    /// <param name="cancellationToken">Gives up, and ends the command.</param>
    /// <exception cref="SparException">It cannot be run, or ended with a fault; the message has its last lines.</exception>
    public static async Task RunAsync(string command, string log, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        ProcessStartInfo start = new("/bin/sh") { UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"exec > {Quote(log)} 2>&1 < /dev/null\n{command}");
        try
        {
            using Process process = Process.Start(start)
                ?? throw new SparException($"The command could not be started: {command}");
            try
            {
                await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }

            if (process.ExitCode != 0)
            {
                string tail = string.Join("\n  ", File.ReadLines(log).TakeLast(TailLines).Select(HarmlessText.Name));
                throw new SparException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"The command that brings a checkpoint to servers ended with code {process.ExitCode}: {command}\n  {tail}\n"
                        + $"All that it said is in {log}. Mend it, and run the same command again."));
            }
        }
        catch (Exception fault) when (fault is Win32Exception or IOException or UnauthorizedAccessException)
        {
            throw new SparException(
                $"The command that brings a checkpoint to servers cannot be run ({fault.Message.TrimEnd('.')}): {command}. "
                    + "It needs /bin/sh, and a run directory that can be written.", fault);
        }
    }

    private static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
