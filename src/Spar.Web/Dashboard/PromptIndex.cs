using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;
using Spar.Ground;
using Spar.Judging;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Web.Dashboard;

/// <summary>
/// What a run's prompts are found by: iteration, outcome, verdicts, and the words of prompts and responses (SQLite's
/// FTS5). It is kept in a file of its own, <see cref="FileName"/> in the run directory, or, where that cannot be written,
/// among the temporary files; the run's own store is only read. It may be deleted at any time.
/// </summary>
public sealed class PromptIndex : IDisposable
{
    /// <summary>The file's name in the run directory.</summary>
    public const string FileName = "dashboard.db";

    private const string PlayStages = "play-";
    private const long Version = 2;
    private const int BatchRows = 100;

    private const string Create = """
        CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS prompts (
            id INTEGER PRIMARY KEY, iteration INTEGER NOT NULL, item INTEGER NOT NULL, prompt_id TEXT NOT NULL,
            outcome TEXT NOT NULL, verdicts TEXT NOT NULL, responses INTEGER NOT NULL, passed INTEGER NOT NULL,
            nodes INTEGER NOT NULL, best REAL, head TEXT NOT NULL);
        CREATE UNIQUE INDEX IF NOT EXISTS by_place ON prompts (iteration, item);
        CREATE INDEX IF NOT EXISTS by_outcome ON prompts (outcome, iteration, item);
        CREATE INDEX IF NOT EXISTS by_verdicts ON prompts (verdicts, iteration, item);
        CREATE INDEX IF NOT EXISTS by_prompt ON prompts (prompt_id);
        CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
            prompt, responses, content='', contentless_delete=1, tokenize='porter unicode61');
        """;

    private readonly RunStore _store;
    private readonly Gate _gate;
    private readonly string _file;
    private readonly bool _temporary;
    private readonly SqliteConnection _writer;
    private readonly SqliteConnection _reader;
    private readonly Lock _reading = new();

    /// <summary>Opens the index of a run, or begins it.</summary>
    /// <param name="store">The run, on a connection that only the index uses.</param>
    /// <param name="gate">The run's.</param>
    /// <exception cref="UserFaultException">Neither place can be written.</exception>
    public PromptIndex(RunStore store, Gate gate)
    {
        (_store, _gate) = (store, gate);
        string born = string.Create(
            CultureInfo.InvariantCulture,
            $"{StableHash.Of(string.Join('\n', store.Identity.Values.Select(pair => $"{pair.Key}={pair.Value}"))):x16} {store.Begun()}");
        string beside = Path.Combine(store.Directory, FileName);
        SqliteConnection? writer = TryOpen(beside, born);
        (_file, _temporary) = writer is null ? (Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), true) : (beside, false);
        _writer = writer ?? TryOpen(_file, born) ?? throw new UserFaultException(
            $"The index of prompts can be kept neither in {beside} nor among the temporary files.",
            "Make one of the two writable, or free some space.");
        _reader = Connect(_file);
        UpTo = long.Parse(Fact("row") ?? "0", CultureInfo.InvariantCulture);
        Prompts = _writer.ExecuteScalar<long>("SELECT count(*) FROM prompts");
    }

    /// <summary>The row of the store's items up to which they are indexed.</summary>
    public long UpTo { get; private set; }

    /// <summary>Prompts in the index.</summary>
    public long Prompts { get; private set; }

    /// <summary>Indexes the next items; false where there were none.</summary>
    public bool Advance()
    {
        using SqliteTransaction transaction = _writer.BeginTransaction(deferred: false);
        long from = long.Parse(Fact("row") ?? "0", CultureInfo.InvariantCulture);
        (IReadOnlyList<(string Stage, int Item, PlayRecord Record)> items, long upTo) =
            _store.ItemsSince<PlayRecord>(PlayStages, from, BatchRows);
        foreach ((string stage, int item, PlayRecord record) in items)
        {
            if (int.TryParse(stage.AsSpan(PlayStages.Length), CultureInfo.InvariantCulture, out int iteration))
            {
                Put(iteration, item, record);
            }
        }

        if (upTo > from)
        {
            _writer.Execute(
                "INSERT OR REPLACE INTO facts (key, value) VALUES ('row', @row)",
                new { row = upTo.ToString(CultureInfo.InvariantCulture) });
        }

        transaction.Commit();
        UpTo = upTo;
        Prompts = _writer.ExecuteScalar<long>("SELECT count(*) FROM prompts");
        return upTo > from;
    }

    /// <summary>A page of prompts.</summary>
    /// <param name="query">Which ones.</param>
    public IReadOnlyList<IndexedPrompt> Find(PromptQuery query)
    {
        const string Columns = "p.id AS Id, p.iteration AS Iteration, p.item AS Item, p.prompt_id AS PromptId, p.outcome AS Outcome, "
            + "p.verdicts AS Verdicts, p.responses AS Responses, p.passed AS Passed, p.nodes AS Nodes, p.best AS Best, p.head AS Head";
        List<string> where = [];
        if (query.Iteration is not null)
        {
            where.Add("p.iteration = @Iteration");
        }

        if (query.Outcome is not null)
        {
            where.Add("p.outcome = @Outcome");
        }

        if (query.Verdicts is not null)
        {
            where.Add("p.verdicts = @Verdicts");
        }

        string? words = query.Match;
        where.Add(words is null ? "(p.iteration, p.item) > (@AfterIteration, @AfterItem)" : "w.rowid > @AfterId AND words MATCH @words");
        string from = words is null ? "prompts p" : "words w JOIN prompts p ON p.id = w.rowid";
        string order = words is null ? "p.iteration, p.item" : "w.rowid";
        string sql = $"SELECT {Columns} FROM {from} WHERE {string.Join(" AND ", where)} ORDER BY {order} LIMIT @Count";
        lock (_reading)
        {
            return [.. _reader.Query<IndexedPrompt>(sql, new
            {
                query.Iteration, query.Outcome, query.Verdicts, query.AfterIteration, query.AfterItem, query.AfterId, query.Count, words,
            })];
        }
    }

    /// <summary>Where a prompt was played; null where it was not.</summary>
    /// <param name="iteration">The iteration.</param>
    /// <param name="promptId">The prompt.</param>
    public int? ItemOf(int iteration, string promptId)
    {
        lock (_reading)
        {
            return _reader.QueryFirstOrDefault<int?>(
                "SELECT item FROM prompts WHERE prompt_id = @promptId AND iteration = @iteration", new { promptId, iteration });
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reader.Dispose();
        _writer.Dispose();
        if (_temporary)
        {
            Delete(_file);
        }
    }

    private void Put(int iteration, int item, PlayRecord record)
    {
        foreach (long old in _writer.Query<long>(
            "DELETE FROM prompts WHERE iteration = @iteration AND item = @item RETURNING id", new { iteration, item }).ToArray())
        {
            _writer.Execute("DELETE FROM words WHERE rowid = @old", new { old });
        }

        int passed = record.Responses.Count(response => _gate.VerdictOn(response.Valuation?.Value) == Verdict.Yes);
        int judged = record.Responses.Count(response => response.Valuation is not null);
        long id = _writer.QuerySingle<long>(
            "INSERT INTO prompts (iteration, item, prompt_id, outcome, verdicts, responses, passed, nodes, best, head) VALUES "
                + "(@iteration, @item, @PromptId, @outcome, @verdicts, @responses, @passed, @nodes, @best, @head) RETURNING id",
            new
            {
                iteration,
                item,
                record.PromptId,
                outcome = PromptOutcome.Of(record),
                verdicts = judged == 0 ? "none judged" : passed == 0 ? "none passed" : passed == judged ? "all passed" : "some passed",
                responses = record.Responses.Count,
                passed,
                nodes = record.Tree?.Nodes.Count ?? 0,
                best = record.Tree?.Nodes.Skip(1).Max(node => node.Valuation?.Value)
                    ?? record.Responses.Max(response => response.Valuation?.Value),
                head = Head(record.Prompt),
            });
        _writer.Execute(
            "INSERT INTO words (rowid, prompt, responses) VALUES (@id, @prompt, @responses)",
            new
            {
                id,
                prompt = record.Instruction,
                responses = string.Join('\n', record.Responses.Select(response => response.Text)
                    .Concat(record.Tree?.Nodes.Skip(1).Select(node => node.Response) ?? []).OfType<string>().Distinct()),
            });
    }

    private static string Head(string text) => text.Length <= 300 ? text : text[..(char.IsHighSurrogate(text[299]) ? 299 : 300)] + "…";

    private string? Fact(string key) =>
        _writer.QuerySingleOrDefault<string>("SELECT value FROM facts WHERE key = @key", new { key });

    private static SqliteConnection Connect(string file)
    {
        SqliteConnection connection = new(new SqliteConnectionStringBuilder
        {
            DataSource = file,
            Mode = SqliteOpenMode.ReadWriteCreate,
            Pooling = false,
            DefaultTimeout = 30,
        }.ToString());
        connection.Open();
        return connection;
    }

    // What cannot be read, is of another version or another run's is begun anew; null where nothing can be written.
    private static SqliteConnection? TryOpen(string file, string born)
    {
        for (int attempt = 0; attempt < 2; attempt++)
        {
            SqliteConnection? connection = null;
            try
            {
                connection = Connect(file);
                connection.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;");
                long version = connection.ExecuteScalar<long>("PRAGMA user_version");
                if (version is 0 or Version)
                {
                    connection.Execute(Create);
                    string? known = connection.QuerySingleOrDefault<string>("SELECT value FROM facts WHERE key = 'run'");
                    if (known is null || known == born)
                    {
                        connection.Execute(
                            $"PRAGMA user_version = {Version.ToString(CultureInfo.InvariantCulture)}; "
                                + "INSERT OR IGNORE INTO facts (key, value) VALUES ('run', @born)",
                            new { born });
                        return connection;
                    }
                }
            }
            catch (Exception fault) when (fault is SqliteException or IOException or UnauthorizedAccessException)
            {
                // Tried once more with a new file.
            }

            connection?.Dispose();
            Delete(file);
        }

        return null;
    }

    private static void Delete(string file)
    {
        foreach (string end in (string[])["", "-wal", "-shm"])
        {
            try
            {
                File.Delete(file + end);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // Then it stays, and opening says what is wrong.
            }
        }
    }
}
