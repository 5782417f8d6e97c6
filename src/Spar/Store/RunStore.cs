using System.Globalization;
using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;
using Spar.Calls;
using Spar.Ground;

namespace Spar.Store;

/// <summary>
/// A run directory: <c>run.db</c> (SQLite in WAL mode) with every answered call and every stage's product,
/// <c>checkpoints/</c>, and <c>results.json</c>. Rows are committed in the order in which they came, in groups; a
/// process that is killed loses the last few, never the order, and whoever opens the directory again finds a run that
/// can go on. May be used from many threads.
/// </summary>
public sealed partial class RunStore : ICallMemo, IDisposable
{
    private const string TeacherKeys = "teacher/*";

    private readonly FileStream? _lock;
    private readonly SqliteConnection _reader;
    private readonly SqliteConnection? _writerConnection;
    private readonly GroupCommitWriter? _writer;
    private readonly Lock _reading = new();
    private readonly HashSet<ulong> _keysAtOpening = [];
    private readonly TimeProvider _time;
    private readonly long _opened;
    private readonly long _session;

    private RunStore(string directory, RunIdentity? identity, TimeProvider time)
    {
        Directory = directory;
        _time = time;
        _opened = time.GetTimestamp();
        string file = Path.Combine(directory, "run.db");
        if (identity is null)
        {
            _reader = RunDatabase.OpenReadable(file);
            if (RunDatabase.VersionOf(_reader, directory) is null)
            {
                throw new SparException(
                    $"There is no run in {directory}: its run.db was begun, and nothing is in it yet. Run the same command "
                    + "again.");
            }

            return;
        }

        System.IO.Directory.CreateDirectory(directory);
        _lock = RunLock.Take(directory);
        try
        {
            _writerConnection = RunDatabase.Open(file, SqliteOpenMode.ReadWriteCreate);
            MigratedFrom = RunDatabase.MakeReady(_writerConnection, directory);
            _reader = _writerConnection;
            RunDatabase.CheckIdentity(_reader, directory, identity);
            _session = _writerConnection.QuerySingle<long>(
                "INSERT INTO sessions (started, seconds) VALUES (@now, 0) RETURNING id",
                new { now = Now() }
            );
            foreach (string key in _writerConnection.Query<string>("SELECT key FROM calls", buffered: false))
            {
                _keysAtOpening.Add(StableHash.Of(key));
            }

            _reader = RunDatabase.Open(file, SqliteOpenMode.ReadWrite);
            _writer = new GroupCommitWriter(
                _writerConnection,
                fault => StoreFaults.Explain(directory, fault),
                CountTime
            );
        }
        catch
        {
            _reader?.Dispose();
            _writerConnection?.Dispose();
            _lock.Dispose();
            throw;
        }
    }

    /// <summary>The run directory.</summary>
    public string Directory { get; }

    /// <summary>
    /// The older version of the store that was brought to this program's when it was opened; a copy is beside it. Null
    /// where it needed none.
    /// </summary>
    public int? MigratedFrom { get; }

    /// <summary>Opens a run directory for a run: makes it if it is not there, goes on with it if it is.</summary>
    /// <param name="directory">The run directory.</param>
    /// <param name="identity">What decides the run's results.</param>
    /// <param name="time">The clock; the system's when null.</param>
    /// <exception cref="SparException">
    /// The directory belongs to another recipe (the message names the keys that differ), is in use by another process,
    /// or cannot be written.
    /// </exception>
    public static RunStore Open(string directory, RunIdentity identity, TimeProvider? time = null) =>
        StoreFaults.Guard(directory, () => new RunStore(directory, identity, time ?? TimeProvider.System));

    /// <summary>Opens a run directory for reading, also while a run is at work in it.</summary>
    /// <param name="directory">The run directory.</param>
    /// <exception cref="SparException">There is no run in it, or it cannot be read.</exception>
    public static RunStore OpenForReading(string directory)
    {
        FileInfo file = new(Path.Combine(directory, "run.db"));
        string? problem =
            File.Exists(directory) ? "it is a file"
            : !System.IO.Directory.Exists(directory) ? "there is no such directory"
            : !file.Exists ? "it holds no run.db"
            : file.Length == 0 ? "its run.db is empty"
            : null;
        return problem is null
            ? StoreFaults.Guard(directory, () => new RunStore(directory, null, TimeProvider.System))
            : throw new SparException(
                $"There is no run in {directory}: {problem}. Name the directory that a run was written to."
            );
    }

    /// <summary>Whether a process is at work in a run directory now.</summary>
    /// <param name="directory">The run directory.</param>
    public static bool IsAtWork(string directory) => RunLock.IsTaken(directory);

    /// <summary>What decides the run's results.</summary>
    public RunIdentity Identity =>
        Read(connection =>
            RunIdentity.FromJson(connection.QuerySingle<string>("SELECT value FROM meta WHERE key = 'identity'"))
        );

    /// <inheritdoc/>
    public Answer? Find(string key, ulong promptHash)
    {
        if (!_keysAtOpening.Contains(StableHash.Of(key)))
        {
            return null;
        }

        CallRow? row = Read(connection =>
            connection.QuerySingleOrDefault<CallRow>(
                $"SELECT prompt_hash AS PromptHash, {StoredText.Columns}, input_tokens AS InputTokens, "
                    + "output_tokens AS OutputTokens, finish AS Finish, "
                    + "probability AS Probability, log_likelihoods AS LogLikelihoods FROM calls WHERE key = @key",
                new { key }
            )
        );
        return row is null || unchecked((ulong)row.PromptHash) != promptHash
            ? null
            : new Answer(
                StoredText.Read(row.Text, row.Blob),
                row.InputTokens,
                row.OutputTokens,
                row.Finish,
                row.Probability,
                row.LogLikelihoods is { } values ? JsonSerializer.Deserialize<double[]>(values) : null
            );
    }

    /// <inheritdoc/>
    public void Keep(string key, ulong promptHash, Answer answer) =>
        Write(connection =>
        {
            // Dapper caches the command's plan by its text; the row is a few microseconds.
            connection.Execute(
                "INSERT OR REPLACE INTO calls (key, prompt_hash, text, input_tokens, output_tokens, finish, "
                    + "probability, log_likelihoods) "
                    + "VALUES (@key, @hash, @text, @input, @output, @finish, @probability, @likelihoods)",
                new
                {
                    key,
                    hash = unchecked((long)promptHash),
                    text = StoredText.Value(answer.Text),
                    input = answer.InputTokens ?? 0,
                    output = answer.OutputTokens ?? 0,
                    finish = answer.Finish,
                    probability = answer.Probability,
                    likelihoods = answer.LogLikelihoods is { } values ? JsonSerializer.Serialize(values) : null,
                }
            );
        });

    /// <summary>What a stage made; null when it has not ended yet.</summary>
    /// <typeparam name="T">The product's type.</typeparam>
    /// <param name="stage">The stage's name.</param>
    public T? FindProduct<T>(string stage)
        where T : class
    {
        string? json = Read(connection =>
            connection.QuerySingleOrDefault<string>("SELECT json FROM products WHERE stage = @stage", new { stage })
        );
        return json is null ? null : KeptJson.Read<T>(Directory, json);
    }

    /// <summary>Keeps what a stage made, and returns when it and everything before it is on the disk.</summary>
    /// <typeparam name="T">The product's type.</typeparam>
    /// <param name="stage">The stage's name.</param>
    /// <param name="product">What it made; holds no times.</param>
    /// <param name="timing">How the stage went.</param>
    public void KeepProduct<T>(string stage, T product, StageTiming timing)
        where T : class
    {
        string json = JsonSerializer.Serialize(product, JsonSettings.Compact);
        Write(connection =>
        {
            connection.Execute(
                "INSERT OR REPLACE INTO products (stage, json) VALUES (@stage, @json)",
                new { stage, json }
            );
            connection.Execute("DELETE FROM stage_log WHERE stage = @Stage", timing);
            connection.Execute(
                "INSERT INTO stage_log (stage, started, seconds, calls, output_tokens) VALUES (@Stage, @Started, "
                    + "@Seconds, @Calls, @OutputTokens)",
                timing
            );
        });
        Flush();
    }

    /// <summary>Forgets what a stage made.</summary>
    /// <param name="stage">The stage's name.</param>
    public void DropProduct(string stage)
    {
        Write(connection => connection.Execute("DELETE FROM products WHERE stage = @stage", new { stage }));
        Flush();
    }

    /// <summary>Names of the stages that have ended.</summary>
    public IReadOnlyList<string> Stages() =>
        Read(connection => connection.Query<string>("SELECT stage FROM products ORDER BY rowid").ToArray());

    /// <summary>How long each stage took, in the order in which they ended.</summary>
    public IReadOnlyList<StageTiming> Timings() =>
        Read(connection =>
            connection
                .Query<StageTiming>(
                    "SELECT stage AS Stage, started AS Started, seconds AS Seconds, calls AS Calls, output_tokens "
                        + "AS OutputTokens FROM stage_log ORDER BY id"
                )
                .ToArray()
        );

    /// <summary>Returns when everything kept so far is on the disk.</summary>
    /// <exception cref="SparException">A write failed.</exception>
    public void Flush() => _writer?.Flush();

    /// <summary>Commits what waits and closes the directory.</summary>
    public void Dispose()
    {
        _writer?.Dispose();
        CloseFiles();
    }

    /// <summary>Closes without committing what waits, as a killed process would leave it. For tests.</summary>
    internal void Abandon()
    {
        _writer?.Abandon();
        CloseFiles();
    }

    /// <summary>Runs a statement on the reading connection. For tests.</summary>
    internal IReadOnlyList<string> Dump(string sql) => Read(connection => connection.Query<string>(sql).ToArray());

    /// <summary>Caps the file's size, which makes later writes fail as a full disk would. For tests.</summary>
    internal void LimitPages(int pages) =>
        Write(connection =>
            connection.Execute($"PRAGMA max_page_count = {pages.ToString(CultureInfo.InvariantCulture)}")
        );

    private void Write(Action<SqliteConnection> row) =>
        (_writer ?? throw new InvalidOperationException("The run directory was opened for reading.")).Write(row);

    private T Read<T>(Func<SqliteConnection, T> query)
    {
        lock (_reading)
        {
            return StoreFaults.Guard(Directory, () => query(_reader));
        }
    }

    private void CountTime(SqliteConnection connection)
    {
        connection.Execute(
            "UPDATE sessions SET seconds = @seconds WHERE id = @_session",
            new { seconds = _time.GetElapsedTime(_opened).TotalSeconds, _session }
        );
        CountEndpoints(connection);
    }

    private string Now() => _time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    private void CloseFiles()
    {
        _reader.Dispose();
        _writerConnection?.Dispose();
        _lock?.Dispose();
    }

    private sealed record CallRow(
        long PromptHash,
        string Text,
        string Blob,
        long InputTokens,
        long OutputTokens,
        string? Finish,
        double? Probability,
        string? LogLikelihoods
    );
}
