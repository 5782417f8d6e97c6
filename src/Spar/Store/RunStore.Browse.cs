using Dapper;

namespace Spar.Store;

/// <content>
/// Looking around in a run: pages by key, single rows, and what is new since the last look. Nothing here reads a whole
/// table, so that it stays quick with millions of calls.
/// </content>
public sealed partial class RunStore
{
    // Beyond every character that follows a prefix: BINARY collation compares the bytes of UTF-8.
    private const string Last = "\U0010FFFF";

    private string? _callColumns;

    /// <summary>Calls whose keys begin with a prefix, in the order of their keys.</summary>
    /// <param name="prefix">What the keys begin with; empty for all.</param>
    /// <param name="after">The last key of the page before; empty for the first page.</param>
    /// <param name="count">Most calls to read, at least 1.</param>
    public IReadOnlyList<KeptCall> Calls(string prefix, string after, int count) =>
        Read(connection => connection
            .Query<BrowsedRow>(
                $"SELECT {CallColumns()} FROM calls WHERE key >= @prefix AND key < @end AND key > @after "
                    + "ORDER BY key LIMIT @count",
                new { prefix, end = prefix + Last, after, count })
            .Select(row => row.ToCall())
            .ToArray());

    /// <summary>One call; null where there is none of this key.</summary>
    /// <param name="key">Its key.</param>
    public KeptCall? FindCall(string key) =>
        Read(connection => connection
            .QuerySingleOrDefault<BrowsedRow>($"SELECT {CallColumns()} FROM calls WHERE key = @key", new { key })
            ?.ToCall());

    /// <summary>
    /// What follows a prefix in the keys of calls, up to the next slash (included, where there is one), as a folder's
    /// entries; each costs one look into the index.
    /// </summary>
    /// <param name="prefix">Empty, or the beginning of keys up to a slash.</param>
    /// <param name="after">The last entry of the page before; empty for the first page.</param>
    /// <param name="count">Most entries to read, at least 1.</param>
    public IReadOnlyList<string> CallFolders(string prefix, string after, int count)
    {
        List<string> entries = [];
        string from = after.Length == 0 ? prefix : prefix + after + (after.EndsWith('/') ? Last : "\u0001");
        while (entries.Count < count)
        {
            string? key = Read(connection => connection.QuerySingleOrDefault<string>(
                "SELECT key FROM calls WHERE key >= @from AND key < @end ORDER BY key LIMIT 1",
                new { from, end = prefix + Last }));
            if (key is null)
            {
                break;
            }

            int slash = key.IndexOf('/', prefix.Length);
            string entry = slash < 0 ? key[prefix.Length..] : key[prefix.Length..(slash + 1)];
            entries.Add(entry);
            from = prefix + entry + (slash < 0 ? "\u0001" : Last);
        }

        return entries;
    }

    /// <summary>One item of a stage; null where there is none.</summary>
    /// <typeparam name="T">The record's type.</typeparam>
    /// <param name="stage">The stage's name.</param>
    /// <param name="item">The item's number in the stage.</param>
    public T? FindItem<T>(string stage, int item)
        where T : class
    {
        string? json = Read(connection => connection.QuerySingleOrDefault<string>(
            "SELECT json FROM items WHERE stage = @stage AND item = @item", new { stage, item }));
        return json is null ? null : KeptJson.Read<T>(Directory, json);
    }

    /// <summary>Items that were kept, or kept anew, since an earlier look, in the order in which they were.</summary>
    /// <typeparam name="T">The record's type.</typeparam>
    /// <param name="stages">The beginning of the stages' names, up to their number.</param>
    /// <param name="after">The row up to which the earlier look came; 0 for the first.</param>
    /// <param name="count">Most rows to look at, at least 1.</param>
    /// <returns>The items, and the row up to which this look came.</returns>
    public (IReadOnlyList<(string Stage, int Item, T Record)> Items, long UpTo) ItemsSince<T>(
        string stages, long after, int count)
    {
        (long Row, string Stage, int Item, string Json)[] rows = Read(connection => connection
            .Query<(long, string, int, string)>(
                "SELECT rowid, stage, item, CASE WHEN substr(stage, 1, length(@stages)) = @stages THEN json ELSE '' END "
                    + "FROM items WHERE rowid > @after ORDER BY rowid LIMIT @count",
                new { stages, after, count })
            .ToArray());
        return (
            [
                .. rows.Where(row => row.Json.Length > 0)
                    .Select(row => (row.Stage, row.Item, KeptJson.Read<T>(Directory, row.Json))),
            ],
            rows.Length == 0 ? after : rows[^1].Row);
    }

    /// <summary>How far the run's tables have grown; two equal marks mean that nothing was kept between them.</summary>
    public StoreMark Mark() => Read(connection => connection.QuerySingle<StoreMark>(
        """
        SELECT coalesce((SELECT max(rowid) FROM calls), 0) AS Calls, coalesce((SELECT max(rowid) FROM items), 0) AS Items,
            coalesce((SELECT max(rowid) FROM products), 0) AS Products,
            coalesce((SELECT max(id) FROM stage_log), 0) AS Timings
        """));

    /// <summary>When the run began, ISO 8601; empty where nobody was at work in it yet.</summary>
    public string Begun() => Read(connection =>
        connection.QueryFirstOrDefault<string>("SELECT started FROM sessions ORDER BY id LIMIT 1")) ?? "";

    /// <summary>Items that a stage has finished so far.</summary>
    /// <param name="stage">The stage's name.</param>
    public int CountItems(string stage) => Read(connection =>
        connection.ExecuteScalar<int>("SELECT count(*) FROM items WHERE stage = @stage", new { stage }));

    /// <summary>Time in which the run was at work, in seconds, over all its sessions.</summary>
    public double WallSeconds() =>
        Read(connection => connection.ExecuteScalar<double>("SELECT coalesce(sum(seconds), 0) FROM sessions"));

    // A store from before some columns was not changed by whoever only reads it.
    private string CallColumns() => _callColumns ??= string.Join(
        ", ",
        "key AS Key",
        StoredText.Columns,
        "input_tokens AS InputTokens",
        "output_tokens AS OutputTokens",
        "finish AS Finish",
        $"{(StoreSchema.Lacks(_reader, "probability") ? "NULL" : "probability")} AS Probability");

    // No record: of no rows, SQLite does not know the types that a constructor would be chosen by.
    private sealed class BrowsedRow
    {
        public string Key { get; init; } = "";

        public string Text { get; init; } = "";

        public string Blob { get; init; } = "";

        public long InputTokens { get; init; }

        public long OutputTokens { get; init; }

        public string? Finish { get; init; }

        public double? Probability { get; init; }

        public KeptCall ToCall() =>
            new(Key, StoredText.Read(Text, Blob), InputTokens, OutputTokens, Finish, Probability);
    }
}

/// <summary>A call as it is kept.</summary>
/// <param name="Key">Its name in the run.</param>
/// <param name="Text">What was answered.</param>
/// <param name="InputTokens">Tokens that the model read; 0 where it did not say.</param>
/// <param name="OutputTokens">Tokens that it generated.</param>
/// <param name="Finish">Why it ended, such as stop or length; null where it is not known.</param>
/// <param name="Probability">The weight of yes against no, 0..1; null where none was asked for.</param>
public sealed record KeptCall(
    string Key, string Text, long InputTokens, long OutputTokens, string? Finish, double? Probability);

/// <summary>The last rows of a run's tables.</summary>
/// <param name="Calls">Of calls: at least as many as there are.</param>
/// <param name="Items">Of items.</param>
/// <param name="Products">Of stages' products.</param>
/// <param name="Timings">Of ended stages.</param>
public sealed record StoreMark(long Calls, long Items, long Products, long Timings);
