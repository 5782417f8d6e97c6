using Dapper;
using Microsoft.Data.Sqlite;

namespace Spar.Store;

/// <summary>Opens run.db, for a run or to read it.</summary>
internal static class RunDatabase
{
    /// <summary>Opens a database file.</summary>
    public static SqliteConnection Open(string file, SqliteOpenMode mode)
    {
        SqliteConnection connection = new(
            new SqliteConnectionStringBuilder
            {
                DataSource = file,
                Mode = mode,
                Pooling = false,
                DefaultTimeout = 30,
            }.ToString()
        );
        connection.Open();
        connection.Execute("PRAGMA cache_size = -32768;");
        return connection;
    }

    /// <summary>
    /// Opens a store to read it. In a directory that cannot be written SQLite cannot make the files that a log of
    /// writes needs; where there is no such log, the file is whole and can be read as one that nobody changes.
    /// </summary>
    public static SqliteConnection OpenReadable(string file)
    {
        SqliteConnection? connection = null;
        try
        {
            connection = Open(file, SqliteOpenMode.ReadWrite);
            connection.Execute("PRAGMA query_only = 1");
            connection.ExecuteScalar<long>("SELECT count(*) FROM sqlite_master");
            return connection;
        }
        catch (SqliteException fault)
            when (fault.SqliteErrorCode is 8 or 14
                && !(File.Exists(file + "-wal") && new FileInfo(file + "-wal").Length > 0)
            )
        {
            connection?.Dispose();
            string uri = string.Join(
                '/',
                Path.GetFullPath(file).Split(Path.DirectorySeparatorChar).Select(Uri.EscapeDataString)
            );
            return Open($"file:{uri}?immutable=1", SqliteOpenMode.ReadOnly);
        }
        catch
        {
            connection?.Dispose();
            throw;
        }
    }

    /// <summary>Another program's database must not get a run's tables.</summary>
    /// <exception cref="SparException">It has tables, and none is a run's.</exception>
    public static void RefuseForeign(SqliteConnection connection, string directory)
    {
        (long tables, long own) = connection.QuerySingle<(long, long)>(
            "SELECT count(*), coalesce(sum(name = 'meta'), 0) FROM sqlite_master WHERE type = 'table'"
        );
        if (tables > 0 && own == 0)
        {
            throw new SparException(
                $"The run directory {directory} holds a run.db that is no run's store, but another program's "
                    + "database. Name another directory."
            );
        }
    }

    /// <summary>Checks that this program can read a database, or notes its version in a new one.</summary>
    /// <exception cref="SparException">Another version wrote it.</exception>
    public static void CheckVersion(SqliteConnection connection, string directory, bool begins)
    {
        string? version = connection.QuerySingleOrDefault<string>("SELECT value FROM meta WHERE key = 'schema'");
        if (version is null && begins)
        {
            connection.Execute("INSERT INTO meta (key, value) VALUES ('schema', @Version)", new { StoreSchema.Version });
        }
        else if (version != StoreSchema.Version)
        {
            throw new SparException(
                $"The run directory {directory} was written by another version of the program (run.db has schema {version ?? "none"}, this program "
                    + $"reads {StoreSchema.Version}). Use that version, or name another run directory."
            );
        }
    }

    /// <summary>Checks that a database is this recipe's, or notes the recipe in a new one.</summary>
    /// <exception cref="SparException">It belongs to another recipe; the message names what differs.</exception>
    public static void CheckIdentity(SqliteConnection connection, string directory, RunIdentity identity)
    {
        string? known = connection.QuerySingleOrDefault<string>("SELECT value FROM meta WHERE key = 'identity'");
        if (known is null)
        {
            connection.Execute(
                "INSERT INTO meta (key, value) VALUES ('identity', @json)",
                new { json = identity.ToJson() }
            );
            return;
        }

        RunIdentity there = RunIdentity.FromJson(known);
        IReadOnlyList<IdentityDifference> differences = there.DifferencesFrom(identity);
        if (differences.Count > 0 && !there.IsExtendedBy(identity))
        {
            throw new SparException(
                $"The run directory {directory} belongs to another recipe: {string.Join("; ", differences)}. "
                    + "Name another run directory, or set the recipe back to go on with this run."
            );
        }

        // A run of an earlier version, one whose model has moved, or one that gets more iterations, is from here on known
        // as the recipe names it now.
        if (identity.ToJson() is var json && json != known)
        {
            connection.Execute("UPDATE meta SET value = @json WHERE key = 'identity'", new { json });
        }
    }
}
