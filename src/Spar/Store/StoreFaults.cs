using System.Data;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Spar.Store;

/// <summary>
/// Puts what SQLite and the file system complain of into words that name the run directory and the remedy.
/// </summary>
internal static class StoreFaults
{
    // ENOSPC and EROFS of Linux and macOS, ERROR_DISK_FULL of Windows.
    private const int NoSpace = 28;
    private const int ReadOnlyFileSystem = 30;
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    public static SparException Explain(string directory, Exception fault)
    {
        // Primary result codes: https://sqlite.org/rescode.html
        string remedy = fault switch
        {
            _ when File.Exists(directory) => "it is a file. Name a directory",
            DirectoryNotFoundException => "a part of its path is a file or is not there. Name another run directory",
            SqliteException { SqliteErrorCode: 13 } or IOException { HResult: NoSpace or WindowsDiskFull } =>
                "the disk is full. Free some space and run the same command again; what was kept before is safe",
            SqliteException { SqliteErrorCode: 8 } or IOException { HResult: ReadOnlyFileSystem } => "it is read-only. Make it writable or name another run directory",
            SqliteException { SqliteErrorCode: 5 or 6 } =>
                "its run.db is locked by another program. Wait for it to end, then run the same command again",
            SqliteException { SqliteErrorCode: 14 } or UnauthorizedAccessException =>
                "it cannot be opened for writing. Mend its permissions or name another run directory",
            _ when IsDamage(fault) =>
                "its run.db is damaged or no run's store. Restore it from a copy or name another run directory",
            _ =>
                "reading or writing failed. Check the disk, then run the same command again; what was kept before "
                    + "is safe",
        };
        return new SparException(
            $"The run directory {directory} cannot be used: {remedy}. ({FirstLine(fault.Message)})",
            fault
        );
    }

    public static T Guard<T>(string directory, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception fault)
            when (fault is SqliteException or IOException or UnauthorizedAccessException || IsDamage(fault))
        {
            throw Explain(directory, fault);
        }
    }

    // What reading rows and their JSON throws when the file's bytes are not those that were written: SQLite notices
    // only what breaks its own structure.
    private static bool IsDamage(Exception fault) =>
        fault
            is SqliteException { SqliteErrorCode: 1 or 11 or 26 }
                or JsonException
                or DataException
                or FormatException
                or InvalidCastException
                or OverflowException
                or KeyNotFoundException
                or InvalidOperationException
                or ArgumentException
                or NotSupportedException;

    private static string FirstLine(string message) => message.Split('\n', 2)[0].TrimEnd('.', '\r');
}
