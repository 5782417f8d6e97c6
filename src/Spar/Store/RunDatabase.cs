using System.Globalization;
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
    private static void RefuseForeign(SqliteConnection connection, string directory)
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

    /// <summary>Makes the tables of a new store, or brings those of an older version to this one.</summary>
    /// <param name="connection">The database, which no other process writes to.</param>
    /// <param name="directory">The run directory.</param>
    /// <returns>The version that it had, where that was an older one; else null.</returns>
    /// <exception cref="SparException">It is no run's, or a later version wrote it.</exception>
    public static int? MakeReady(SqliteConnection connection, string directory)
    {
        RefuseForeign(connection, directory);
        connection.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
        int? version = connection.ExecuteScalar<bool>("SELECT count(*) FROM sqlite_master WHERE name = 'meta'")
            ? VersionOf(connection, directory) : null;
        if (version is int older and < StoreSchema.Version)
        {
            KeepCopy(connection, directory, older);
            using SqliteTransaction migration = connection.BeginTransaction();
            StoreSchema.Migrate(connection, older);
            connection.Execute(
                "UPDATE meta SET value = @value WHERE key = 'schema'", new { value = Word(StoreSchema.Version) });
            migration.Commit();
            return older;
        }

        using SqliteTransaction beginning = connection.BeginTransaction();
        connection.Execute(StoreSchema.Create);

        // Tables that an older version made before it came to note its number.
        StoreSchema.Migrate(connection, 1);
        connection.Execute(
            "INSERT OR IGNORE INTO meta (key, value) VALUES ('schema', @value)",
            new { value = Word(StoreSchema.Version) });
        beginning.Commit();
        return null;
    }

    /// <summary>The version of a store that has its tables; null where it was not noted yet.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="directory">The run directory.</param>
    /// <exception cref="SparException">A later version wrote it.</exception>
    public static int? VersionOf(SqliteConnection connection, string directory)
    {
        string? version = connection.QuerySingleOrDefault<string>("SELECT value FROM meta WHERE key = 'schema'");
        return version is null ? null
            : int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && number is > 0 and <= StoreSchema.Version ? number
            : throw new SparException(
                $"The run directory {directory} was written by a later version of the program (run.db has schema "
                    + $"{version}, this program knows those up to {Word(StoreSchema.Version)}). Use that version, or name "
                    + "another run directory."
            );
    }

    // Whole or not at all: a copy that was cut short has another name.
    private static void KeepCopy(SqliteConnection connection, string directory, int version)
    {
        string copy = Path.Combine(directory, $"{RunStore.FileName}.schema-{Word(version)}");
        string partial = $"{copy}.partial";
        File.Delete(partial);
        connection.Execute("VACUUM INTO @partial", new { partial });
        File.Move(partial, copy, overwrite: true);
    }

    private static string Word(int version) => version.ToString(CultureInfo.InvariantCulture);

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
            throw IdentityDifference.Refusal(directory, differences);
        }

        // A run of an earlier version, one whose model has moved, or one that gets more iterations, is from here on known
        // as the recipe names it now.
        if (identity.ToJson() is var json && json != known)
        {
            connection.Execute("UPDATE meta SET value = @json WHERE key = 'identity'", new { json });
        }
    }
}
