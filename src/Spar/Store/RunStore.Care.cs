using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;
using Spar.Ground;

namespace Spar.Store;

/// <content>What keeps a store in order: what it holds, whether it is whole, and how parts of it are forgotten.</content>
public sealed partial class RunStore
{
    private const int PageOfCalls = 4096;

    /// <summary>The file in the run directory.</summary>
    internal const string FileName = "run.db";

    /// <summary>What SQLite's own check finds wrong with the file, a line each; none where it is whole.</summary>
    internal IReadOnlyList<string> Damage() =>
        Read(connection => connection.Query<string>("PRAGMA integrity_check(20)").Where(line => line != "ok").ToArray());

    /// <summary>Bytes of the file that hold nothing any more.</summary>
    internal long FreeBytes() => Read(connection =>
        connection.ExecuteScalar<long>("PRAGMA freelist_count") * connection.ExecuteScalar<long>("PRAGMA page_size"));

    /// <summary>Stages that have items, whether they have ended or not.</summary>
    internal IReadOnlyList<string> StagesWithItems() => Read(connection =>
        connection.Query<string>("SELECT DISTINCT stage FROM items ORDER BY stage").ToArray());

    /// <summary>Reads a product as a type that is known at run time only.</summary>
    /// <param name="stage">The stage's name; it has a product.</param>
    /// <param name="type">The product's type.</param>
    /// <exception cref="SparException">It is damaged.</exception>
    internal object ReadProduct(string stage, Type type) => KeptJson.Read(
        Directory,
        Read(connection =>
            connection.QuerySingle<string>("SELECT json FROM products WHERE stage = @stage", new { stage })),
        type);

    /// <summary>
    /// Every kept call's key, and what is wrong with its row; null where it can be read. In the order in which they were
    /// kept, a page at a time.
    /// </summary>
    internal IEnumerable<(string Key, string? Fault)> CheckCalls()
    {
        for (long from = -1; ;)
        {
            (long Row, string Key, string? Fault)[] page = Read(connection => connection
                .Query<(long, string, string, string, long, long, string?)>(
                    $"SELECT rowid, key, {StoredText.Columns}, input_tokens, output_tokens, {Later("log_likelihoods")} FROM calls "
                        + "WHERE rowid > @from ORDER BY rowid LIMIT @PageOfCalls",
                    new { from, PageOfCalls })
                .Select(row => (row.Item1, row.Item2, FaultOf(row.Item4, row.Item5, row.Item6, row.Item7)))
                .ToArray());
            foreach ((long row, string key, string? fault) in page)
            {
                from = row;
                yield return (key, fault);
            }

            if (page.Length < PageOfCalls)
            {
                yield break;
            }
        }
    }

    /// <summary>Changes what a stage made, and leaves its place and its time as they are.</summary>
    /// <typeparam name="T">The product's type.</typeparam>
    /// <param name="stage">The stage's name; it has a product.</param>
    /// <param name="product">What it made; holds no times.</param>
    internal void ChangeProduct<T>(string stage, T product)
        where T : class
    {
        string json = JsonSerializer.Serialize(product, JsonSettings.Compact);
        Write(connection =>
            connection.Execute("UPDATE products SET json = @json WHERE stage = @stage", new { stage, json }));
        Flush();
    }

    /// <summary>
    /// Forgets stages with all that was made for them (products, items, times and calls), all at once or not at all.
    /// </summary>
    /// <param name="stages">Whether a stage is forgotten.</param>
    /// <param name="ownerOf">The stage that a call was made for; null for none.</param>
    internal void Forget(Func<string, bool> stages, Func<string, string?> ownerOf)
    {
        Write(connection => Forget(connection, stages, ownerOf));
        Flush();
    }

    /// <summary>
    /// The stage whose failed calls are being made again; null where none is. Until that has come to its end, the stage's
    /// items may be newer than what was made of them.
    /// </summary>
    public string? Retrying
    {
        get => Read(connection =>
            connection.QuerySingleOrDefault<string>("SELECT value FROM meta WHERE key = 'retrying'"));
        internal set
        {
            Write(connection => connection.Execute(
                value is null ? "DELETE FROM meta WHERE key = 'retrying'"
                    : "INSERT OR REPLACE INTO meta (key, value) VALUES ('retrying', @value)",
                new { value }));
            Flush();
        }
    }

    /// <summary>
    /// Replaces what a stage made, and forgets stages that were made with the old one, all at once or not at all.
    /// </summary>
    /// <typeparam name="T">The product's type.</typeparam>
    /// <param name="stage">The stage's name.</param>
    /// <param name="product">What it has made now; holds no times.</param>
    /// <param name="timing">How that went.</param>
    /// <param name="resting">The stages that are forgotten, with their calls.</param>
    /// <param name="ownerOf">The stage that a call was made for; null for none.</param>
    internal void Redo<T>(
        string stage, T product, StageTiming timing, IReadOnlyCollection<string> resting, Func<string, string?> ownerOf)
        where T : class
    {
        string json = JsonSerializer.Serialize(product, JsonSettings.Compact);
        Write(connection =>
        {
            connection.Execute("UPDATE products SET json = @json WHERE stage = @stage", new { stage, json });
            connection.Execute(
                "UPDATE stage_log SET started = @Started, seconds = seconds + @Seconds, calls = calls + @Calls, "
                    + "output_tokens = output_tokens + @OutputTokens WHERE stage = @Stage",
                timing);
            if (resting.Count > 0)
            {
                Forget(connection, resting.Contains, ownerOf);
            }

            connection.Execute("DELETE FROM meta WHERE key = 'retrying'");
        });
        Flush();
    }

    /// <summary>Gives the space of what was forgotten back to the disk.</summary>
    internal void Compact()
    {
        Flush();
        Read(connection => connection.Execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);"));
    }

    /// <summary>Copies what a stage made out of another run; what is here already stays.</summary>
    /// <param name="source">The other run.</param>
    /// <param name="stage">A stage that has ended there.</param>
    /// <param name="history">Whether its items and its time are copied too; else it has neither.</param>
    /// <param name="items">Whether its items are copied in any case, as they are part of what it made.</param>
    /// <param name="product">What is kept in the place of what it made there; null for that.</param>
    internal void CopyStage(RunStore source, string stage, bool history, bool items = false, object? product = null)
    {
        string json = product is not null ? JsonSerializer.Serialize(product, JsonSettings.Compact)
            : source.Read(connection =>
                connection.QuerySingle<string>("SELECT json FROM products WHERE stage = @stage", new { stage }));
        StageTiming timing = (history ? source.Timings().FirstOrDefault(one => one.Stage == stage) : null)
            ?? new StageTiming(stage, "", 0, 0, 0);
        for (int from = -1; history || items;)
        {
            (int Item, string Json)[] page = source.Read(connection => connection
                .Query<(int, string)>(
                    "SELECT item, json FROM items WHERE stage = @stage AND item > @from ORDER BY item LIMIT 256",
                    new { stage, from })
                .ToArray());
            foreach ((int item, string record) in page)
            {
                from = item;
                Write(connection => connection.Execute(
                    "INSERT OR REPLACE INTO items (stage, item, json) VALUES (@stage, @item, @record)",
                    new { stage, item, record }));
            }

            if (page.Length == 0)
            {
                break;
            }
        }

        Write(connection =>
        {
            connection.Execute("INSERT OR IGNORE INTO products (stage, json) VALUES (@stage, @json)", new { stage, json });
            connection.Execute(
                "INSERT INTO stage_log (stage, started, seconds, calls, output_tokens) VALUES (@Stage, @Started, "
                    + "@Seconds, @Calls, @OutputTokens)",
                timing);
        });
        Flush();
    }

    /// <summary>Copies kept answers out of another run; those that are here already stay.</summary>
    /// <param name="source">The other run.</param>
    /// <param name="keys">Whether the answer to a call is copied, by its key.</param>
    /// <returns>How many are copied.</returns>
    internal long CopyCalls(RunStore source, Func<string, bool> keys)
    {
        long copied = 0;
        foreach (RawCall call in RawCalls(source).Where(call => keys(call.Key)))
        {
            copied++;
            _keysAtOpening.Add(StableHash.Of(call.Key));
            Insert(call);
        }

        Flush();
        return copied;
    }

    // A store's kept answers as they stand there, page by page.
    private static IEnumerable<RawCall> RawCalls(RunStore source)
    {
        long from = -1;
        RawCall[] page;
        do
        {
            page = source.Read(connection => connection
                .Query<RawCall>(
                    $"SELECT rowid AS Row, key AS Key, prompt_hash AS Hash, text AS Text, input_tokens AS Input, "
                        + "output_tokens AS Output, finish AS Finish, "
                        + $"{source.Later("probability")} AS Probability, {source.Later("log_likelihoods")} AS Likelihoods "
                        + "FROM calls WHERE rowid > @from ORDER BY rowid LIMIT @PageOfCalls",
                    new { from, PageOfCalls })
                .ToArray());
            foreach (RawCall call in page)
            {
                from = call.Row;
                yield return call;
            }
        }
        while (page.Length == PageOfCalls);
    }

    private void Insert(RawCall call) =>
        Write(connection => connection.Execute(
            "INSERT OR IGNORE INTO calls (key, prompt_hash, text, input_tokens, output_tokens, finish, probability, "
                + "log_likelihoods) VALUES (@Key, @Hash, @Text, @Input, @Output, @Finish, @Probability, @Likelihoods)",
            call));

    private static void Forget(
        SqliteConnection connection, Func<string, bool> stages, Func<string, string?> ownerOf)
    {
        connection.CreateFunction("forgotten", stages);
        connection.CreateFunction<string, bool>("forgotten_call", key => ownerOf(key) is { } owner && stages(owner));
        connection.Execute(
            "DELETE FROM products WHERE forgotten(stage); DELETE FROM items WHERE forgotten(stage); "
                + "DELETE FROM stage_log WHERE forgotten(stage); DELETE FROM calls WHERE forgotten_call(key);");
    }

    // A column that a store of an older version may lack.
    private string Later(string column) =>
        Read(connection => StoreSchema.Lacks(connection, column)) ? "NULL" : column;

    private static string? FaultOf(string blob, long input, long output, string? likelihoods)
    {
        if (input < 0 || output < 0)
        {
            return "its tokens are below 0";
        }

        if (blob.Length % 4 != 0)
        {
            return "its text is cut";
        }

        try
        {
            return likelihoods is null || JsonSerializer.Deserialize<double[]>(likelihoods) is not null
                ? null : "its likelihoods are null";
        }
        catch (JsonException)
        {
            return "its likelihoods cannot be read";
        }
    }

    // A row as it is, with a text or a blob in the place of the text. Properties, for Dapper finds no constructor by the
    // types of columns that have none.
    private sealed class RawCall
    {
        public long Row { get; init; }

        public string Key { get; init; } = "";

        public long Hash { get; init; }

        public object Text { get; init; } = "";

        public long Input { get; init; }

        public long Output { get; init; }

        public string? Finish { get; init; }

        public double? Probability { get; init; }

        public string? Likelihoods { get; init; }
    }
}
