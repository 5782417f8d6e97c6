using Dapper;
using Microsoft.Data.Sqlite;

namespace Spar.Store;

/// <summary>
/// The tables of run.db. A change of them is a new version with its migration here; a store is brought to this version
/// when a run goes on in it, with a copy of the old one beside it, and read as it is by all else.
/// </summary>
internal static class StoreSchema
{
    /// <summary>The version that this program writes; it reads every one from 1 on.</summary>
    public const int Version = 3;

    public const string Create = """
        CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        -- One row a finished call. prompt_hash is that of prompt and sampling.
        CREATE TABLE IF NOT EXISTS calls (
            key TEXT PRIMARY KEY, prompt_hash INTEGER NOT NULL, text TEXT NOT NULL,
            input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, finish TEXT, probability REAL,
            log_likelihoods TEXT);
        -- What a stage made: one row a stage, and for stages that work item by item one row an item.
        CREATE TABLE IF NOT EXISTS products (stage TEXT PRIMARY KEY, json TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS items (stage TEXT NOT NULL, item INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (stage, item));
        -- Times are for people; nothing is computed from them.
        CREATE TABLE IF NOT EXISTS stage_log (
            id INTEGER PRIMARY KEY, stage TEXT NOT NULL, started TEXT NOT NULL, seconds REAL NOT NULL,
            calls INTEGER NOT NULL, output_tokens INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS sessions (id INTEGER PRIMARY KEY, started TEXT NOT NULL, seconds REAL NOT NULL);
        """ + EndpointLog;

    // What servers did in a session; for people too.
    private const string EndpointLog = """

        CREATE TABLE IF NOT EXISTS endpoint_log (
            session INTEGER NOT NULL, endpoint TEXT NOT NULL, model TEXT NOT NULL, json TEXT NOT NULL,
            PRIMARY KEY (session, endpoint, model)) WITHOUT ROWID;
        """;

    /// <summary>Columns of calls that stores of version 1 may lack.</summary>
    public static IReadOnlyList<(string Name, string Type)> LaterColumns { get; } =
        [("probability", "REAL"), ("log_likelihoods", "TEXT")];

    /// <summary>
    /// Brings a store of an older version to this one; the caller has a transaction open, and a copy.
    /// </summary>
    /// <param name="connection">The store.</param>
    /// <param name="version">Its version, below this one.</param>
    public static void Migrate(SqliteConnection connection, int version)
    {
        // 2: answers have a probability and likelihoods in every store, and a run may have a stage whose failed calls are
        // being made again, which programs before it would not notice.
        if (version < 2)
        {
            foreach ((string name, string type) in LaterColumns.Where(column => Lacks(connection, column.Name)))
            {
                connection.Execute($"ALTER TABLE calls ADD COLUMN {name} {type}");
            }
        }

        // 3: the rows of training data are items, which programs before it would not find. Products that have their rows
        // themselves stay as they are, and are read so.
        if (version < 3)
        {
            connection.Execute(EndpointLog);
        }
    }

    /// <summary>Whether the calls of a store lack a column.</summary>
    /// <param name="connection">The store.</param>
    /// <param name="column">The column's name.</param>
    public static bool Lacks(SqliteConnection connection, string column) => connection.ExecuteScalar<bool>(
        "SELECT count(*) = 0 FROM pragma_table_info('calls') WHERE name = @column", new { column });
}

/// <summary>One execution of a stage; a stage that was interrupted has a row for its last execution only.</summary>
/// <param name="Stage">The stage's name.</param>
/// <param name="Started">When, ISO 8601.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Calls">Model calls made in it, kept answers not counted.</param>
/// <param name="OutputTokens">Tokens generated in it.</param>
public sealed record StageTiming(string Stage, string Started, double Seconds, long Calls, long OutputTokens);

/// <summary>What a run took, over all its sessions.</summary>
/// <param name="WallSeconds">Time in which the run was at work.</param>
/// <param name="ModelCalls">
/// Answered calls of models, evaluation included; those of a program that teaches are not counted.
/// </param>
/// <param name="GeneratedTokens">Tokens that those generated.</param>
public sealed record RunTotals(double WallSeconds, long ModelCalls, long GeneratedTokens);

/// <summary>Answered calls that were made for one part.</summary>
/// <param name="Role">The part.</param>
/// <param name="Calls">Calls.</param>
/// <param name="InputTokens">Tokens that the models read, as far as they say.</param>
/// <param name="OutputTokens">Tokens that they generated.</param>
public sealed record RoleCalls(string Role, long Calls, long InputTokens, long OutputTokens);
