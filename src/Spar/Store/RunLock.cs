namespace Spar.Store;

/// <summary>The file by which one process at a time works in a run directory.</summary>
internal static class RunLock
{
    /// <summary>Takes it until the stream is disposed.</summary>
    /// <exception cref="SparException">Another process has it.</exception>
    public static FileStream Take(string directory)
    {
        try
        {
            return new FileStream(
                Path.Combine(directory, "run.lock"),
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None
            );
        }
        catch (IOException fault) when (IsSharing(fault))
        {
            throw new SparException(
                $"The run directory {directory} is in use by another process. Wait for it to end, or name another "
                    + "directory.",
                fault
            );
        }
    }

    // EWOULDBLOCK of Linux and of macOS, and the sharing violation of Windows.
    private static bool IsSharing(IOException fault) => fault.HResult is 11 or 35 or unchecked((int)0x80070020);

    /// <summary>Whether a process has it now.</summary>
    public static bool IsTaken(string directory)
    {
        string file = Path.Combine(directory, "run.lock");
        try
        {
            using FileStream? free = File.Exists(file)
                ? new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.None)
                : null;
            return false;
        }
        catch (IOException fault)
        {
            return IsSharing(fault);
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }
}
