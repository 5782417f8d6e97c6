using Microsoft.Data.Sqlite;

namespace Spar.Store;

/// <summary>Puts what SQLite and the file system complain of into words that name the run directory and the remedy.</summary>
internal static class StoreFaults
{
    public static SparException Explain(string directory, Exception fault)
    {
        // Primary result codes: https://sqlite.org/rescode.html
        string remedy = fault switch
        {
            SqliteException { SqliteErrorCode: 13 } => "the disk is full. Free some space and run the same command again",
            SqliteException { SqliteErrorCode: 8 } => "it is read-only. Make it writable or name another run directory",
            SqliteException { SqliteErrorCode: 11 or 26 } =>
                "its run.db is damaged or no run store. Restore it from a copy or name another run directory",
            SqliteException { SqliteErrorCode: 14 } or UnauthorizedAccessException =>
                "it cannot be opened for writing. Check its permissions or name another run directory",
            _ => "reading or writing failed. Check the disk, then run the same command again",
        };
        return new SparException($"The run directory {directory} cannot be used: {remedy}. What was kept before is safe. ({fault.Message})", fault);
    }

    public static T Guard<T>(string directory, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception fault) when (fault is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw Explain(directory, fault);
        }
    }
}
