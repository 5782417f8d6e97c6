using System.ComponentModel;
using System.Diagnostics;

namespace Spar.Runtime.Launchers;

/// <summary>What a command left.</summary>
/// <param name="ExitCode">Its exit status.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Errors">What it printed as errors.</param>
internal sealed record CommandResult(int ExitCode, string Output, string Errors)
{
    /// <summary>Errors, or output where there are none, as one line.</summary>
    public string Words =>
        string.Join(' ', (Errors.Trim().Length > 0 ? Errors : Output).Split('\n', StringSplitOptions.TrimEntries)).Trim();
}

/// <summary>Runs short commands of the system, such as squeue.</summary>
internal static class OutsideCommand
{
    /// <summary>Runs a command to its end.</summary>
    /// <param name="name">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="cancellationToken">Gives up waiting; the command is not ended.</param>
    /// <returns>Null where there is no such program.</returns>
    public static async Task<CommandResult?> RunAsync(
        string name, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        using Process process = new()
        {
            StartInfo = new ProcessStartInfo(name, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true,
            },
        };
        try
        {
            process.Start();
        }
        catch (Win32Exception)
        {
            return null;
        }

        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        return new CommandResult(
            process.ExitCode, await output.ConfigureAwait(false), await errors.ConfigureAwait(false));
    }

    /// <summary>Whether a program can be found, as a path or by the PATH.</summary>
    /// <param name="name">Its name.</param>
    public static bool Exists(string name) => name.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal)
        ? File.Exists(name)
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, name)));
}
